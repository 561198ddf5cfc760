"""A style picture's palette for a whole strip: one smooth map of colour, so that nothing can flicker.

The reference path's losses are minimised over the coefficients of the map, on a few frames of the strip at once. The
map is then applied to every pixel of every frame: a frame depends on no other, a killed render resumes, and it costs
next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .color import ab_from_srgb, lightness_from_srgb, recolor
from .color_map import change, change_of_picture, fit_map
from .nets.vgg import Encoder
from .reference_losses import ReferenceLosses, small_planes, small_shape

# How many frames, evenly over the strip, a map is made from.
STYLE_FRAMES = 3
_SIZE = 96
_STYLE_WEIGHT = 300.0
_STEPS = 40
_RATE = 1.0
# Of the squared ab by which colours all over the gamut are moved other than middle grey is. Hints and references bring
# colours that the frames had not when the map was made: without this a style turned an orange suit blue.
_ALIKE_WEIGHT = 0.01


@dataclass(frozen=True)
class StyleMap:
    """coefficients: float32 (TERMS, 2) of core.color_map."""

    coefficients: np.ndarray

    def apply(self, rgb: np.ndarray, footage: np.ndarray, strength: float = 1.0) -> np.ndarray:
        """A coloured frame in the style: rgb's chroma, mapped, on the footage's own lightness.

        rgb, footage: uint8 or uint16 (H, W, 3), the frame with and without colour. strength: 0..1.
        """
        ab, lightness = ab_from_srgb(rgb), lightness_from_srgb(footage)
        return recolor(footage, ab + strength * change_of_picture(lightness, ab, self.coefficients))


def fit_style(
    encoder: Encoder, style: np.ndarray, lightness: Sequence[np.ndarray], answers: Sequence[np.ndarray]
) -> StyleMap:
    """The map that gives a strip the style picture's palette. Deterministic on a CPU.

    style: uint8 (H, W, 3) sRGB. lightness: float32 (H, W) each, and answers: float32 (H, W, 2) each, of a few of the
    strip's frames and their colours without the style.
    """
    losses = ReferenceLosses(encoder, style, size=_SIZE, style_weight=_STYLE_WEIGHT, absolute_term=True)
    frames = []
    for light, answer in zip(lightness, answers, strict=True):
        shape = small_shape(answer.shape, _SIZE)
        small_light, small_answer = small_planes(light, shape), small_planes(answer, shape)
        frames.append((small_light, small_answer, losses.of_frame(small_light, small_answer)))

    any_lightness, any_ab = _lattice()

    def add_gradient(coefficients: Tensor) -> None:
        for planes, start, loss in frames:
            (loss(start + change(planes, start, coefficients)) / len(frames)).backward()
        moved = change(any_lightness, any_ab, coefficients) - coefficients[0].detach().view(1, 2, 1, 1)
        (_ALIKE_WEIGHT * moved.square().mean()).backward()

    return StyleMap(fit_map(add_gradient, steps=_STEPS, rate=_RATE))


def _lattice() -> tuple[Tensor, Tensor]:
    """Colours all over the gamut: lightness (1, 1, 5, 25) and ab (1, 2, 5, 25)."""
    lightness, a, b = torch.meshgrid(
        torch.linspace(10.0, 90.0, 5), torch.linspace(-60.0, 60.0, 5), torch.linspace(-60.0, 60.0, 5), indexing="ij"
    )
    return lightness.reshape(1, 1, 5, 25), torch.stack((a, b)).reshape(1, 2, 5, 25)
