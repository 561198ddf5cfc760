"""Chroma brought to a picture's full size along the picture's own edges."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .row_blocks import row_blocks

# L* by which a small cell may differ from a pixel before its chroma counts less: e^-0.5 at this difference.
_SIGMA_LIGHTNESS = 14.0
# Weight that a cell keeps however different: where all four differ, the answer is the bilinear one.
_LEAST_WEIGHT = 1e-3


def upsample_chroma(ab: np.ndarray, lightness: np.ndarray) -> np.ndarray:
    """Joint bilinear upsampling (after Kopf 2007, eq. 2, with a tent for the spatial kernel).

    ab: float32 (h, w, 2). lightness: float32 (H, W), L* 0..100, of the full-size picture. Returns float32
    (H, W, 2). On flat ground it is bilinear interpolation; at an edge the cells on the pixel's own side lead.
    """
    if ab.shape[:2] == lightness.shape:
        return ab
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(ab, -1, 0)))
    full = torch.from_numpy(np.ascontiguousarray(lightness))
    up = upsample_planes(planes, full)
    return np.moveaxis(up.numpy(), 0, -1)


def upsample_planes(planes: Tensor, lightness: Tensor) -> Tensor:
    """The same for float32 tensors: planes (C, h, w) and lightness (H, W) → (C, H, W)."""
    height, width = lightness.shape
    small = F.interpolate(lightness[None, None], size=planes.shape[-2:], mode="area")[0]
    guided = torch.cat((planes, small))
    rows, columns = _taps(planes.shape[-2], height), _taps(planes.shape[-1], width)
    # Columns first, while rows are few; then a row is copied in one piece. 1080p takes 33 ms of a core, not 59.
    wide = [(guided.index_select(2, index), weight) for index, weight in columns]
    upsampled = torch.empty(len(planes), height, width)
    # At once it takes two and a half times as long.
    for block in row_blocks(height):
        own = lightness[block]
        summed, total = torch.zeros(len(planes), *own.shape), torch.zeros_like(own)
        for row_index, row_weight in rows:
            for cells, column_weight in wide:
                cell = cells.index_select(1, row_index[block])
                difference = (cell[-1] - own).square_().mul_(-0.5 / _SIGMA_LIGHTNESS**2).exp_()
                weight = difference.add_(_LEAST_WEIGHT).mul_(row_weight[block, None]).mul_(column_weight[None])
                summed += cell[:-1].mul_(weight)
                total += weight
        torch.div(summed, total, out=upsampled[:, block])
    return upsampled


def _taps(cells: int, pixels: int) -> list[tuple[Tensor, Tensor]]:
    """The two cells nearest to each pixel along one axis, with bilinear weights (never 0, which would be 0/0)."""
    position = (torch.arange(pixels) + 0.5) * (cells / pixels) - 0.5
    first = position.floor()
    fraction = (position - first).clamp(1e-3, 1.0 - 1e-3)
    first = first.long()
    return [(first.clamp(0, cells - 1), 1.0 - fraction), ((first + 1).clamp(0, cells - 1), fraction)]
