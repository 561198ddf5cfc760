"""The quantised ab plane of the distribution head (Zhang 2016, section 2.1): cells of 10 that sRGB can reach."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

BIN_SIZE = 10.0
_HALF_BINS = 11


@cache
def bin_centres() -> Tensor:
    """Centres float32 (Q, 2) of the bins, in ab; every one holds a colour of the sRGB cube."""
    return torch.from_numpy(_grid_centres()[_reachable()]).to(torch.float32)


@cache
def _bin_of_cell() -> Tensor:
    """The bin nearest to every cell of the grid (cells,), reachable or not."""
    distances = torch.cdist(torch.from_numpy(_grid_centres()).float(), bin_centres())
    return distances.argmin(1)


def nearest_bins(ab: Tensor) -> Tensor:
    """The bin int64 (B, h, w) of each ab (B, 2, h, w)."""
    cell = (ab / BIN_SIZE).round().clamp(-_HALF_BINS, _HALF_BINS).long() + _HALF_BINS
    return _bin_of_cell().to(ab.device)[cell[:, 0] * (2 * _HALF_BINS + 1) + cell[:, 1]]


def _grid_centres() -> np.ndarray:
    side = np.arange(-_HALF_BINS, _HALF_BINS + 1) * BIN_SIZE
    return np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)


def _reachable() -> np.ndarray:
    # Imported here: color.py is no network's business except for this table.
    from ..color import lab_from_srgb

    side = torch.linspace(0.0, 1.0, 33)
    cube = torch.stack(torch.meshgrid(side, side, side, indexing="ij")).reshape(3, 1, -1)
    ab = lab_from_srgb(cube)[1:, 0].T.numpy()
    cells = np.rint(ab / BIN_SIZE).astype(int) + _HALF_BINS
    reached = np.zeros((2 * _HALF_BINS + 1,) * 2, dtype=bool)
    reached[cells[:, 0], cells[:, 1]] = True
    return reached.reshape(-1)
