"""Where a hint would help most: the drop in expected squared error that knowing one place's colour brings.

The distribution head says how unsure the network is of every cell, and kriging says which cells err alike. With
variance v and correlation r, a hint at x takes v(x) v(y) r(x, y)² / (v(x) + noise) off the expected error at y
(Rasmussen and Williams 2006, eq. 2.24); the sum over y is what the hint is worth (Krause 2008, section 2, has the
criterion for placing sensors).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.ab_bins import bin_centres
from .nets.two_tower import Colors, TwoTower

# ab² that even the right colour leaves over its region.
_NOISE = 25.0
# Pictures with more cells of 8 pixels than this are seen at half the size.
_MOST_CELLS = 3000


def hint_worth(network: TwoTower, colors: Colors, height: int, width: int) -> Tensor:
    """The worth of a hint in each cell of 8 pixels, float32 (ceil(height/8), ceil(width/8)), mean ab² per pixel.

    colors: of one picture, height by width pixels without its padding.
    """
    rows, columns = -(-height // 8), -(-width // 8)
    variance = _bin_variance(colors.bin_logits)[..., :rows, :columns]
    coordinates, _ = network.kriging.coordinates(F.avg_pool2d(colors.features.float(), 2))
    coordinates = coordinates[..., :rows, :columns]
    while variance.shape[-2] * variance.shape[-1] > _MOST_CELLS:
        variance = F.avg_pool2d(variance, 2, ceil_mode=True)
        coordinates = F.avg_pool2d(coordinates, 2, ceil_mode=True)
    tokens = coordinates.flatten(2).transpose(1, 2)
    cells = tokens, torch.zeros_like(tokens[..., :1])
    near, far = network.kriging.kernels(cells, cells)
    correlation = (near + far)[0]
    cell_variance = variance.flatten()
    worth = correlation.square() @ cell_variance * cell_variance / (cell_variance + _NOISE) / len(cell_variance)
    planes = worth.view(1, 1, *variance.shape[-2:])
    return F.interpolate(planes, size=(rows, columns), mode="bilinear", align_corners=False)[0, 0].cpu()


def _bin_variance(logits: Tensor) -> Tensor:
    """(1, 1, h, w): the variance of ab, both axes together, under the distribution (1, Q, h, w)."""
    centres = bin_centres().to(logits.device)
    probability = logits.float().softmax(1)
    mean = torch.einsum("bqyx,qc->bcyx", probability, centres)
    square = torch.einsum("bqyx,q->byx", probability, centres.square().sum(1))
    return (square - mean.square().sum(1)).clamp(min=0.0)[:, None]
