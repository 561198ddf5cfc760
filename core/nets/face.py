"""The face network: whether what a small window shows has a face in its middle.

It is asked of places that hints are on, at every size that a face may have there, and so need not search a picture.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from .weights_file import load_weights, shipped_weights

VARIANT = "face"
SHIPPED_FACE = shipped_weights(VARIANT)
# Pixels to a window's side, and how many times a face's width that is: hair, neck and shoulders tell of a face.
SIDE, SPAN = 40, 2.2
_WIDTHS = (24, 48, 64)
_DROPPED = 0.2
# L* below which a window's contrast says nothing.
_LEAST_CONTRAST = 3.0


class FaceNet(nn.Module):
    """lightness (B, 1, SIDE, SIDE), L* 0..100 → logits (B,) of a face SIDE / SPAN wide that the middle is on."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = _WIDTHS
        self.convolutions = nn.Sequential(
            *_step(1, fine, stride=2),
            *_step(fine, middle, stride=2),
            *_step(middle, middle),
            *_step(middle, coarse),
            *_step(coarse, coarse, stride=2),
            *_step(coarse, coarse),
        )
        self.to_logit = nn.Linear(coarse * (SIDE // 8) ** 2, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        contrast = lightness.std((2, 3), keepdim=True) + _LEAST_CONTRAST
        seen = self.convolutions((lightness - lightness.mean((2, 3), keepdim=True)) / contrast)
        return self.to_logit(F.dropout(seen.flatten(1), _DROPPED, self.training))[:, 0]


def _step(channels_in: int, channels: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(channels), nn.ReLU()


def load_face(path: Path = SHIPPED_FACE) -> FaceNet:
    """The face network with float32 weights from a file. Raises InputError ("bad-weights") if it does not fit."""
    network = FaceNet()
    load_weights(network, path, VARIANT)
    return network
