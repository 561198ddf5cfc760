"""The encoder as it is trained: batch-normalised, with a classifier on top; the norms are folded away at export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..nets.vgg import layer_places, layer_widths


class EncoderClassifier(nn.Module):
    """Class logits (B, classes) of pictures (B, 3, H, W) that are normalised as nets.vgg.Encoder does it."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.places = layer_places(depths)
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        width_in = 3
        for (name, _), width in zip(self.places, layer_widths(widths, depths), strict=True):
            self.convolutions[name] = nn.Conv2d(width_in, width, 3, padding=1, bias=False)
            self.norms[name] = nn.BatchNorm2d(width)
            width_in = width
        self.head = nn.Linear(width_in, classes)

    def forward(self, x: Tensor) -> Tensor:
        for name, convolution in self.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                x = F.avg_pool2d(x, 2)
            x = F.relu(self.norms[name](convolution(x)))
        return self.head(x.mean((2, 3)))


def folded(state: Mapping[str, Tensor], places: Sequence[tuple[str, int]], epsilon: float = 1e-5) -> dict[str, Tensor]:
    """An Encoder's state dict from a classifier's: each norm becomes part of the convolution before it."""
    weights = {}
    for name, _ in places:
        mean, variance, gain, shift = (
            state[f"norms.{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        scale = gain * torch.rsqrt(variance + epsilon)
        weights[f"convolutions.{name}.weight"] = state[f"convolutions.{name}.weight"] * scale[:, None, None, None]
        weights[f"convolutions.{name}.bias"] = shift - mean * scale
    return weights
