"""The losses of the reference path: what a frame shows is kept, what a reference's colours are like is taken over.

Content is ½‖F−P‖² + |F−P|₁, the second term being the original's addition; style is ½ Σ w_l E_l (Gatys 2015, eq. 1, 4
and 5). Both are of an encoder's features of the picture that lightness and chroma make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from .color import lab_from_srgb, srgb_from_lab
from .nets.vgg import Encoder

CONTENT_LAYER = "conv4_2"
# w_l by layer, each half of the one before: deep layers see the picture's things more than its colours, and things
# that differ cannot be made good by chroma. With equal weights an orange style left a grey picture grey.
STYLE_WEIGHTS = {"conv1_1": 16.0, "conv2_1": 8.0, "conv3_1": 4.0, "conv4_1": 2.0, "conv5_1": 1.0}
STYLE_LAYERS = tuple(STYLE_WEIGHTS)
# The encoder's deepest layer needs a cell: four poolings.
_LEAST_SIDE = 16


class ReferenceLosses:
    """A reference, encoded, and how far frames are from it. size: the short side, in pixels, at which both are seen."""

    def __init__(
        self, encoder: Encoder, reference: np.ndarray, *, size: int, style_weight: float, absolute_term: bool
    ) -> None:
        """reference: uint8 (H, W, 3) sRGB, in colour. style_weight: of the style, the content counting 1.
        absolute_term: whether the content has its |F−P|₁."""
        self._encoder, self.size = encoder, size
        self._style_weight, self._absolute_term = style_weight, absolute_term
        small = cv2.resize(reference, small_shape(reference.shape, size)[::-1], interpolation=cv2.INTER_AREA)
        rgb = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255.0
        self._lab = lab_from_srgb(rgb)
        with torch.no_grad():
            features = encoder(rgb, (*STYLE_LAYERS, CONTENT_LAYER))
        # Gatys 2015 scales filters to a mean activation of one; here whole layers, so that any encoder serves.
        self._scales = {name: 1.0 / float(value.mean().clamp(min=1e-6)) for name, value in features.items()}

    @torch.no_grad()
    def of_frame(self, lightness: Tensor, content_ab: Tensor) -> Callable[[Tensor], Tensor]:
        """The loss of a frame as a function of its chroma: ab (1, 2, h, w) → scalar.

        lightness: (1, 1, h, w), L* 0..100. content_ab: (1, 2, h, w), the chroma that the content is taken from.
        """
        content = self._features(lightness, content_ab, (CONTENT_LAYER,))[CONTENT_LAYER]
        grams = {name: gram(value) for name, value in self._style(lightness).items()}

        def loss(ab: Tensor) -> Tensor:
            features = self._features(lightness, ab, (*STYLE_LAYERS, CONTENT_LAYER))
            kept = content_loss(features[CONTENT_LAYER], content, absolute_term=self._absolute_term)
            return kept + self._style_weight * style_loss(features, grams)

        return loss

    def _style(self, lightness: Tensor) -> dict[str, Tensor]:
        """The reference's features, its lightness first brought to the frame's mean and spread.

        After Gatys 2016, "Preserving color in neural artistic style transfer", section 3.2: what lightness cannot
        match, chroma must not be bent to make good.
        """
        own = self._lab[:, :1]
        matched = (own - own.mean()) * (lightness.std() / own.std().clamp(min=1.0)) + lightness.mean()
        return self._features(matched.clamp(0.0, 100.0), self._lab[:, 1:], STYLE_LAYERS)

    def _features(self, lightness: Tensor, ab: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        features = self._encoder(srgb_from_lab(torch.cat((lightness, ab), 1)), layers)
        return {name: value * self._scales[name] for name, value in features.items()}


def content_loss(features: Tensor, target: Tensor, *, absolute_term: bool) -> Tensor:
    """½‖F−P‖² + |F−P|₁, means over features; without absolute_term the first alone (Gatys 2015, eq. 1)."""
    difference = features - target
    square = 0.5 * difference.square().mean()
    return square + difference.abs().mean() if absolute_term else square


def gram(features: Tensor) -> Tensor:
    """Correlations (N, N) of N features (1, N, h, w), per position (Gatys 2015, eq. 3, over M = h·w)."""
    flat = features[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def style_loss(features: dict[str, Tensor], grams: dict[str, Tensor]) -> Tensor:
    """½ Σ w_l E_l with E_l = ‖G−A‖² / 4N² of Gram matrices per position, and w_l of STYLE_WEIGHTS, made to sum to 1."""
    total = sum(STYLE_WEIGHTS[name] for name in grams)
    errors = [
        STYLE_WEIGHTS[name] / total * (gram(features[name]) - style).square().sum() / (4 * len(style) ** 2)
        for name, style in grams.items()
    ]
    return 0.5 * torch.stack(errors).sum()


def small_shape(shape: Sequence[int], size: int) -> tuple[int, int]:
    """(height, width) of a picture of shape (H, W, ...) reduced to the short side size; never larger than it is."""
    height, width = shape[:2]
    scale = min(1.0, size / min(height, width))
    return max(_LEAST_SIDE, round(height * scale)), max(_LEAST_SIDE, round(width * scale))


def small_planes(picture: np.ndarray, shape: tuple[int, int]) -> Tensor:
    """float32 (H, W) or (H, W, C), reduced to shape (h, w), as (1, C, h, w)."""
    small = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.atleast_3d(small), -1, 0)))[None]
