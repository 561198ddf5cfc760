"""Colours as the transfer network brings them: shifted a little, wrong in places, missing in others."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TRANSFERRED_SHARE = 0.3
# Pixels at 256 by which colours miss their place at most.
_SLIP = 4.0


def sample_transferred(ab: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Transferred colours for true chroma ab (B, 2, H, W): (B, 2, H, W) and their confidence (B, 1, H, W), 0..1.

    A share of the pictures gets them, the others confidence 0. Holes (what was hidden on the keyframe) have
    confidence 0; in some regions the colour is another place's, and the confidence often, not always, low.
    """
    batch, _, height, width = ab.shape
    slip = _smooth(batch, 2, 6, height, width, generator) * torch.rand(batch, 1, 1, 1, generator=generator)
    moved = _displaced(ab, slip * _SLIP * height / 256)
    far = torch.randn(batch, 2, 1, 1, generator=generator) * 0.3 * height
    elsewhere = _displaced(ab, far.expand(-1, -1, height, width))

    wrong = (_smooth(batch, 1, 8, height, width, generator) > _threshold(batch, 0.7, 2.5, generator)).float()
    missing = _smooth(batch, 1, 8, height, width, generator) > _threshold(batch, -0.5, 2.5, generator)
    sureness = 0.4 + 0.6 * torch.rand(batch, 1, 1, 1, generator=generator)
    ripple = torch.sigmoid(3.0 + 1.5 * _smooth(batch, 1, 16, height, width, generator))
    doubt = 1.0 - wrong * (1.0 - torch.rand(batch, 1, 1, 1, generator=generator).square())
    given = torch.rand(batch, 1, 1, 1, generator=generator) < TRANSFERRED_SHARE
    return moved + wrong * (elsewhere - moved), sureness * ripple * doubt * (~missing & given)


def _smooth(batch: int, planes: int, cells: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Noise (batch, planes, height, width) of unit variance at its nodes, about `cells` of them to a side."""
    coarse = torch.randn(batch, planes, cells, cells, generator=generator)
    return F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)


def _threshold(batch: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(batch, 1, 1, 1, generator=generator)


def _displaced(ab: Tensor, offset: Tensor) -> Tensor:
    """ab seen `offset` (B, 2, H, W: y, x, pixels) away; beyond an edge the picture is mirrored."""
    height, width = ab.shape[-2:]
    y = torch.arange(height).view(1, height, 1) + offset[:, 0]
    x = torch.arange(width).view(1, 1, width) + offset[:, 1]
    grid = torch.stack((2.0 * (x + 0.5) / width - 1.0, 2.0 * (y + 0.5) / height - 1.0), -1)
    return F.grid_sample(ab, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
