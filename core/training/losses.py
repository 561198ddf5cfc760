"""The colorizer's loss. Chroma is in network units (ab / AB_SCALE)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..color import srgb_from_lab
from ..nets.ab_bins import nearest_bins
from ..nets.two_tower import AB_SCALE, Colors

_UNCORRECTED_SHARE = 0.25
_BINS_SHARE = 0.02
# Of half the logarithm of a picture's mean square in sRGB: what its PSNR is. 0.05 weighs as much as the RMS of an
# average picture.
_PSNR_SHARE = 0.05
# 42 dB: nearer than this is near enough.
_SRGB_FLOOR = 6e-5
# A picture already this close (in network units, about 1.6 of ab) no longer drives the others' gradients.
_RMS_FLOOR = 0.015


def colorizer_loss(colors: Colors, lightness: Tensor, ab: Tensor) -> Tensor:
    """Scalar: each picture's RMS chroma error and its PSNR, its distance in bins, and the RMS before the corrections.

    lightness: L* (B, 1, H, W). ab: the true chroma (B, 2, H, W). A picture's RMS, not the batch's mean square, is
    what PSNR averaged over pictures asks for: an easy picture counts as much as a hard one.
    """
    true_ab = ab / AB_SCALE
    half, quarter, eighth = (F.avg_pool2d(true_ab, size) for size in (2, 4, 8))
    corrected = _picture_rms(colors.ab, half)
    uncorrected = _picture_rms(colors.uncorrected, quarter)
    bins = F.cross_entropy(colors.bin_logits.float(), nearest_bins(eighth * AB_SCALE))
    likeness = _half_log_square(colors.ab.float() * AB_SCALE, half * AB_SCALE, F.avg_pool2d(lightness, 2))
    return corrected + _PSNR_SHARE * likeness + _UNCORRECTED_SHARE * uncorrected + _BINS_SHARE * bins


def gist_loss(predicted: Tensor, bin_logits: Tensor, lightness: Tensor, ab: Tensor) -> Tensor:
    """Scalar: each picture's RMS chroma error and its PSNR, and its distance in bins.

    predicted: (B, 2, H/4, W/4). bin_logits: (B, Q, H/8, W/8). lightness: L* (B, 1, H, W). ab: (B, 2, H, W).
    """
    quarter, eighth = (F.avg_pool2d(ab, size) for size in (4, 8))
    bins = F.cross_entropy(bin_logits.float(), nearest_bins(eighth))
    likeness = _half_log_square(predicted * AB_SCALE, quarter, F.avg_pool2d(lightness, 4))
    return _picture_rms(predicted, quarter / AB_SCALE) + _PSNR_SHARE * likeness + _BINS_SHARE * bins


def _half_log_square(predicted: Tensor, true_ab: Tensor, lightness: Tensor) -> Tensor:
    """Half the logarithm of each picture's mean square error in sRGB (0..1), both with this lightness; their mean."""
    shown, true = (srgb_from_lab(torch.cat((lightness, ab), 1)) for ab in (predicted, true_ab))
    return 0.5 * torch.log((shown - true).square().mean((1, 2, 3)) + _SRGB_FLOOR).mean()


def _picture_rms(predicted: Tensor, true_ab: Tensor) -> Tensor:
    square = (predicted.float() - true_ab).square().mean((1, 2, 3))
    return torch.sqrt(square + _RMS_FLOOR**2).mean()
