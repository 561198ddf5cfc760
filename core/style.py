"""A style picture's palette for a whole strip: one smooth map of colour, so that nothing can flicker.

The reference path's losses are minimised over the coefficients of a map from (L*, a, b) to a change of ab, on a few
frames of the strip at once. The map is then applied to every pixel of every frame: a frame depends on no other, a
killed render resumes, and it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .color import ab_from_srgb, lightness_from_srgb, recolor
from .nets.vgg import Encoder
from .reference_losses import ReferenceLosses, small_planes, small_shape

# How many frames, evenly over the strip, a map is made from.
STYLE_FRAMES = 4
_SIZE = 96
_STYLE_WEIGHT = 300.0
_STEPS = 60
_RATE = 1.0
# Chroma enters the map through tanh(ab / this), so that colours more vivid than any seen are not thrown further.
_AB_REACH = 30.0
_TERMS = 10


@dataclass(frozen=True)
class StyleMap:
    """coefficients: float32 (10, 2), the change of ab by each of the map's terms."""

    coefficients: np.ndarray

    def apply(self, rgb: np.ndarray, strength: float = 1.0) -> np.ndarray:
        """A coloured frame, uint8 or uint16 (H, W, 3), in the style; its lightness is kept. strength: 0..1."""
        ab, lightness = ab_from_srgb(rgb), lightness_from_srgb(rgb)
        planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(ab, -1, 0)))[None]
        change = _change(torch.from_numpy(lightness)[None, None], planes, torch.from_numpy(self.coefficients))
        return recolor(rgb, ab + strength * np.moveaxis(change[0].numpy(), 0, -1))


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
        planes = [small_planes(part, small_shape(*light.shape, _SIZE)) for part in (light, answer)]
        frames.append((*planes, losses.of_frame(planes[0], planes[1])))
    coefficients = torch.zeros(_TERMS, 2, requires_grad=True)
    optimizer = torch.optim.Adam([coefficients], lr=_RATE, betas=(0.9, 0.99))
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1.0 - step / _STEPS)
        optimizer.zero_grad(set_to_none=True)
        for light, answer, loss in frames:
            (loss(answer + _change(light, answer, coefficients)) / len(frames)).backward()
        optimizer.step()
    return StyleMap(coefficients.detach().numpy())


def _change(lightness: Tensor, ab: Tensor, coefficients: Tensor) -> Tensor:
    """The change of ab (1, 2, h, w): a quadratic in lightness and bounded chroma."""
    light = lightness / 50.0 - 1.0
    a, b = torch.tanh(ab / _AB_REACH).split(1, 1)
    terms = torch.cat(
        (torch.ones_like(light), light, light * light, a, b, light * a, light * b, a * a, a * b, b * b), 1
    )
    return torch.einsum("ntyx,tc->ncyx", terms, coefficients)
