"""The colorizer's loss. Chroma is in network units (ab / AB_SCALE)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..nets.ab_bins import nearest_bins
from ..nets.two_tower import AB_SCALE, Colors

_UNCORRECTED_SHARE = 0.25
_BINS_SHARE = 0.02
# A picture already this close (in network units, about 1.6 of ab) no longer drives the others' gradients.
_RMS_FLOOR = 0.015


def colorizer_loss(colors: Colors, ab: Tensor) -> Tensor:
    """Scalar: each picture's RMS chroma error, its distance in bins, and the same before the correction.

    ab: the true chroma (B, 2, H, W). A picture's RMS, not the batch's mean square, is what PSNR averaged over
    pictures asks for: an easy picture counts as much as a hard one.
    """
    true_ab = ab / AB_SCALE
    half, quarter, eighth = (F.avg_pool2d(true_ab, size) for size in (2, 4, 8))
    corrected = _picture_rms(colors.ab, half)
    uncorrected = _picture_rms(colors.uncorrected, quarter)
    bins = F.cross_entropy(colors.bin_logits.float(), nearest_bins(eighth * AB_SCALE))
    return corrected + _UNCORRECTED_SHARE * uncorrected + _BINS_SHARE * bins


def _picture_rms(predicted: Tensor, true_ab: Tensor) -> Tensor:
    square = (predicted.float() - true_ab).square().mean((1, 2, 3))
    return torch.sqrt(square + _RMS_FLOOR**2).mean()
