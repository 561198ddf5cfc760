"""Edge-aware spreading of sparse values by the domain transform (Gastal and Oliveira 2011).

Between neighbouring cells stands a step cost. Along a row or a column, two cells at a distance d (the sum of
the costs between them) see each other with the weight exp(-d). Rows and columns take turns. The paper's
recursive filter has this exponential kernel, too, and is a loop over cells; here each line is a scan by doublings
(Hillis and Steele 1986, "Data Parallel Algorithms"): after k of them each cell holds the sum of the 2^k before it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Each turn halves the reach (Gastal and Oliveira 2011, eq. 14), so that the lines' crossings do not show.
TURNS = 2


def step_costs(lightness: Tensor, sigma_cells: float, sigma_lightness: float) -> tuple[Tensor, Tensor]:
    """The domain transform's costs between neighbouring cells (eq. 11, divided by sigma_cells).

    lightness: (B, 1, h, w), L* in 0..100. Returns across (B, h, w - 1) and down (B, h - 1, w), in units of the
    kernel's reach: 1 / sigma_cells for a step on flat ground, plus 1 for each sigma_lightness of L*.
    """
    plane = lightness[:, 0]
    across = (plane[:, :, 1:] - plane[:, :, :-1]).abs() / sigma_lightness + 1.0 / sigma_cells
    down = (plane[:, 1:] - plane[:, :-1]).abs() / sigma_lightness + 1.0 / sigma_cells
    return across, down


def spread(values: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """The values (B, C, h, w), each cell's sum over all others weighted by exp(-distance).

    Not normalised: spread a mask beside the values and divide.
    """
    shares = (_shares(across, -1), -1), (_shares(down, -2), -2)
    for turn in range(TURNS):
        for line_shares, dim in shares:
            # exp(-d) squared is exp(-2d).
            values = _along_lines(values, [share.square() for share in line_shares] if turn else line_shares, dim)
    return values


def spread_hints(hint_ab: Tensor, weight: Tensor, across: Tensor, down: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised convolution of sparse chroma (Knutsson and Westin 1993).

    hint_ab: (B, 2, h, w). weight: (B, 1, h, w), the share of each cell that hints cover. Returns the spread ab
    (B, 2, h, w) and the weight that reached each cell (B, 1, h, w); without hints both are 0.
    """
    summed = spread(torch.cat((hint_ab * weight, weight), 1), across, down)
    reached = summed[:, 2:]
    return summed[:, :2] / (reached + 1e-8), reached


def _shares(costs: Tensor, dim: int) -> list[Tensor]:
    """exp(-distance) between the cells of each line that are 1, 2, 4, ... apart.

    costs: (B, h, w) but for one fewer along `dim`, -1 or -2; a share has as many fewer as its cells are apart.
    """
    position = F.pad(costs.cumsum(dim), (1, 0) if dim == -1 else (0, 0, 1, 0))
    count = position.shape[dim]
    return [
        torch.exp(position.narrow(dim, 0, rest) - position.narrow(dim, count - rest, rest))
        for rest in (count - apart for apart in _doublings(count))
    ]


def _along_lines(values: Tensor, shares: list[Tensor], dim: int) -> Tensor:
    """Each cell's sum over its line, (B, C, h, w), weighted by what `_shares` says of the distances."""
    count = values.shape[dim]
    ahead = back = values
    for apart, share in zip(_doublings(count), shares, strict=True):
        rest, share = count - apart, share.unsqueeze(1)
        further, nearer = ahead.clone(), back.clone()
        further.narrow(dim, apart, rest).addcmul_(ahead.narrow(dim, 0, rest), share)
        nearer.narrow(dim, 0, rest).addcmul_(back.narrow(dim, apart, rest), share)
        ahead, back = further, nearer
    return ahead + back - values


def _doublings(count: int) -> list[int]:
    """1, 2, 4, ... below count."""
    return [1 << power for power in range((count - 1).bit_length())]
