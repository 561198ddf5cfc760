"""Where a picture looks like another: descriptors of lightness, and chroma gathered by their likeness.

The similarity sub-network of exemplar methods (He 2018, "Deep Exemplar-based Colorization"; Zhang 2019, "Deep
Exemplar-based Video Colorization"): every cell of a frame attends to every cell of every anchor, whatever their
distance in time, so what was seen once is not forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Conv, PlainBlock, stack

# Pixels to a side of a cell that has one descriptor.
CELL = 8
DESCRIPTOR_WIDTH = 64
# Channels and depths of the colorizer's lightness tower, which the descriptor starts from.
_WIDTHS, _DEPTHS = (48, 96, 192), (1, 2, 2)
_FOLD = 4


class Descriptor(nn.Module):
    """lightness (B, 1, H, W), L* 0..100, H and W multiples of 32 → descriptors (B, 64, H/8, W/8) of unit length.

    It is the colorizer's lightness tower, as it was learned there, seeing the picture at half size: a quarter of the
    time, twice the reach. Only the heads on it are learned here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lightness_in = Conv(_FOLD * _FOLD, _WIDTHS[0])
        self.lightness_blocks = nn.ModuleList(stack(PlainBlock, _WIDTHS[i], _DEPTHS[i]) for i in range(3))
        self.lightness_down = nn.ModuleList(Conv(_WIDTHS[i], _WIDTHS[i + 1], stride=2) for i in range(2))
        self.heads = nn.ModuleList(Conv(width, DESCRIPTOR_WIDTH, kernel=1) for width in _WIDTHS)

    def forward(self, lightness: Tensor) -> Tensor:
        return self.describe(self.levels(lightness))

    def levels(self, lightness: Tensor) -> list[Tensor]:
        """What the tower sees: (B, 48, H/8, W/8), (B, 96, H/16, W/16) and (B, 192, H/32, W/32)."""
        features = self.lightness_in(F.pixel_unshuffle(F.avg_pool2d(lightness, 2) / 50.0 - 1.0, _FOLD))
        levels = [self.lightness_blocks[0](features)]
        for level in range(2):
            features = self.lightness_down[level](F.relu(levels[-1]))
            levels.append(self.lightness_blocks[level + 1](features))
        return levels

    def tower(self) -> tuple[nn.Module, ...]:
        """The parts that are the colorizer's."""
        return self.lightness_in, self.lightness_blocks, self.lightness_down

    def describe(self, levels: Sequence[Tensor]) -> Tensor:
        """Descriptors of what the tower saw."""
        described = self.heads[0](F.relu(levels[0]))
        for head, level in zip(list(self.heads)[1:], levels[1:], strict=True):
            described = described + F.interpolate(head(F.relu(level)), size=described.shape[-2:], mode="bilinear")
        return F.normalize(described.float(), dim=1)


def alike_along(described: Tensor, anchor: Tensor, places: Tensor) -> Tensor:
    """How alike cells look to where routes lead from them: (B, K, h, w), -1..1.

    described (B, 64, h, w), of the frame; anchor (B, 64, h', w'); places (B, K, 2, h, w): x and y of each cell's target
    on the anchor, in cells.
    """
    height, width = anchor.shape[-2:]
    x, y = places.float().unbind(2)
    # Beyond the edge is the edge, by hand: grid_sample has no such padding on MPS before torch 2.13 (its issue 125098).
    x, y = (2.0 * x.clamp(0, width - 1) + 1.0) / width - 1.0, (2.0 * y.clamp(0, height - 1) + 1.0) / height - 1.0
    count, grid = x.shape[1], torch.stack((x, y), -1).flatten(1, 2)
    found = F.grid_sample(anchor, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return (found.unflatten(2, (count, -1)) * described.unsqueeze(2)).sum(1)


class Similarity(nn.Module):
    """Chroma of anchors' cells gathered to a frame's, by likeness of descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(3.0))

    def forward(self, query: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """query (B, 64, h, w); keys (B, 64, n) and values (B, C, n) of all anchors' cells.

        Returns the gathered values (B, C, h, w) and the likeness of the most similar cell (B, 1, h, w), -1..1.
        """
        batch, _, height, width = query.shape
        likeness = torch.matmul(query.flatten(2).transpose(1, 2), keys)
        share = torch.softmax(likeness.float() * self.log_temperature.exp(), -1)
        with torch.autocast(query.device.type, enabled=False):  # bfloat16 would round L* by a half
            gathered = torch.matmul(share, values.float().transpose(1, 2)).transpose(1, 2)
        return gathered.reshape(batch, -1, height, width), likeness.amax(-1).view(batch, 1, height, width)
