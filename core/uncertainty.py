"""Where a hint would help most: where the network's distribution over colours is widest, over a hint's reach."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.ab_bins import bin_centres

# Cells of 8 pixels on a side over which the variance is averaged: one odd cell is no place for a hint.
_REACH = 5


def expected_square_error(bin_logits: Tensor) -> Tensor:
    """The expected squared ab error of the mean prediction, float32 (h, w), averaged around each cell.

    bin_logits: (1, Q, h, w) over ab_bins.bin_centres(). It is the distribution's variance, both axes together.
    """
    centres = bin_centres().to(bin_logits.device)
    probability = bin_logits.float().softmax(1)
    mean = torch.einsum("bqyx,qc->bcyx", probability, centres)
    square = torch.einsum("bqyx,q->byx", probability, centres.square().sum(1))
    variance = (square - mean.square().sum(1)).clamp(min=0.0)[:, None]
    padded = F.pad(variance, (_REACH // 2,) * 4, mode="replicate")
    return F.avg_pool2d(padded, _REACH, 1)[0, 0].cpu()
