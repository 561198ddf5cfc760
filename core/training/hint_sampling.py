"""Hints as users give them, drawn from true chroma: none, dots and short strokes, few or many, in uneven places."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NO_HINTS_SHARE = 0.2
FEW_HINTS = 3
MOST_HINTS = 160
_STROKE_SHARE = 0.3
_CLUSTERED_SHARE = 0.25
_STROKE_POINTS = 6
# Of so many places the first hint stands, where it is chosen, where the colour differs most from the picture's median:
# users hint faces and flowers, not walls.
_CHOSEN_OF = 6


def sample_hints(
    ab: Tensor,
    generator: torch.Generator,
    *,
    few_share: float = 0.2,
    chosen_share: float = 0.0,
    chosen_by: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Hints for a batch of true chroma ab (B, 2, H, W): hint_ab (B, 2, H, W) and mask (B, 1, H, W) of 0 and 1.

    A share of the pictures gets none, few_share of the others 1 to FEW_HINTS, where users begin, and the rest 1 to
    MOST_HINTS, few as likely as many (log-uniform). A dot carries the mean chroma under it; a stroke carries its first
    point's all along. All pictures of one batch have dots of one odd size, scaled so that it is 3 to 9 pixels at 256.
    chosen_share: of the pictures, those whose first hint is chosen, as users choose. chosen_by: the chroma by which it
    is; ab if None.
    """
    batch, _, height, width = ab.shape
    size = 1 + 2 * max(1, round(int(torch.randint(1, 5, (), generator=generator)) * height / 256))
    counts = _hint_counts(batch, few_share, generator)
    rows, columns = _places(batch, height, width, size, generator)
    means = _dot_means(ab, size)
    _choose_first(rows, columns, means if chosen_by is None else _dot_means(chosen_by, size), chosen_share, generator)

    points, values = torch.zeros(batch, 1, height, width), torch.zeros(batch, 2, height, width)
    picture = torch.arange(batch).repeat_interleave(counts)
    order = torch.cat([torch.arange(count) for count in counts.tolist()])
    y, x = rows[picture, order], columns[picture, order]
    chroma = means[picture, :, y, x]
    for step_y, step_x in _stroke_steps(len(picture), size, generator):
        along_y, along_x = (y + step_y).clamp(0, height - 1), (x + step_x).clamp(0, width - 1)
        points[picture, 0, along_y, along_x] = 1.0
        values[picture, :, along_y, along_x] = chroma
    # Where dots overlap, their mean.
    covered = F.avg_pool2d(points, size, 1, size // 2, divisor_override=1)
    mask = (covered > 0.5).float()
    return F.avg_pool2d(values, size, 1, size // 2, divisor_override=1) / covered.clamp(min=1.0) * mask, mask


def _dot_means(ab: Tensor, size: int) -> Tensor:
    return F.avg_pool2d(ab, size, 1, size // 2, count_include_pad=False)


def _hint_counts(batch: int, few_share: float, generator: torch.Generator) -> Tensor:
    counts = (MOST_HINTS ** torch.rand(batch, generator=generator)).round().long()
    few = torch.randint(1, FEW_HINTS + 1, (batch,), generator=generator)
    counts = torch.where(torch.rand(batch, generator=generator) < few_share, few, counts)
    return torch.where(torch.rand(batch, generator=generator) < NO_HINTS_SHARE, torch.zeros_like(counts), counts)


def _places(batch: int, height: int, width: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows and columns (B, MOST_HINTS): even over the picture, or gathered around one place."""
    margin = size // 2
    spots = torch.rand(batch, MOST_HINTS, 2, generator=generator)
    centre = torch.rand(batch, 1, 2, generator=generator)
    gathered = (centre + 0.15 * torch.randn(batch, MOST_HINTS, 2, generator=generator)).clamp(0.0, 1.0)
    clustered = torch.rand(batch, 1, 1, generator=generator) < _CLUSTERED_SHARE
    spots = torch.where(clustered, gathered, spots)
    extent = torch.tensor([height - 1 - 2 * margin, width - 1 - 2 * margin])
    places = (spots * extent + margin + 0.5).long()
    return places[..., 0], places[..., 1]


def _choose_first(rows: Tensor, columns: Tensor, ab: Tensor, share: float, generator: torch.Generator) -> None:
    """In a share of the pictures, the first of their places (B, MOST_HINTS) is where ab (B, 2, H, W) differs most."""
    picture = torch.arange(len(ab))
    tried = ab[picture[:, None], :, rows[:, :_CHOSEN_OF], columns[:, :_CHOSEN_OF]]
    apart = (tried - ab.flatten(2).median(2).values[:, None]).norm(dim=2)
    chosen = torch.where(torch.rand(len(ab), generator=generator) < share, apart.argmax(1), 0)
    rows[:, 0], columns[:, 0] = rows[picture, chosen], columns[picture, chosen]


def _stroke_steps(count: int, size: int, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Offsets of a stroke's points from its first, for each hint; all zero for a dot."""
    angle = torch.rand(count, generator=generator) * 6.2832
    is_stroke = (torch.rand(count, generator=generator) < _STROKE_SHARE).float()
    reach = is_stroke * torch.rand(count, generator=generator) * size
    return [
        ((i * reach * angle.sin()).round().long(), (i * reach * angle.cos()).round().long())
        for i in range(_STROKE_POINTS)
    ]
