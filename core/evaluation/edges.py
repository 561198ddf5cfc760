"""Whether colours stay crisp when the network sees a large picture small: chroma error at the picture's edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb
from ..colorizer import Colorizer
from .protocol import PATCH, SIDE, protocol_hints

# L* a pixel: steeper than this is an edge; and the pixels this close to one count with it.
_STEEP = 6.0
_NEAR = 3


@dataclass(frozen=True)
class EdgeScore:
    """Mean ab error at edges and over whole pictures. working_size: 0 stands for the picture's own."""

    working_size: int
    hints: int
    at_edges: float
    overall: float


def edge_mask(lightness: np.ndarray) -> np.ndarray:
    """bool (H, W): where L* (H, W) is steep, and the pixels beside."""
    dx, dy = cv2.Sobel(lightness, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(lightness, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep = (np.hypot(dx, dy) > _STEEP).astype(np.uint8)
    return cv2.dilate(steep, np.ones((2 * _NEAR + 1,) * 2, np.uint8)) > 0


def score_edges(pictures: Sequence[np.ndarray], variant: str, device: str, hints: int) -> list[EdgeScore]:
    """The same network at its usual working size and at each picture's own. pictures: uint8 (H, W, 3), larger than
    that. Hints are the protocol's, their patches as large in proportion."""
    usual = Colorizer.load(variant, device)
    scores = []
    for own_size in (False, True):
        rows = []
        for seed, picture in enumerate(pictures):
            lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
            short = min(lightness.shape)
            colorizer = Colorizer.load(variant, device, working_size=short) if own_size else usual
            patch = round(PATCH * short / SIDE)
            ab = colorizer.predict(lightness, *protocol_hints(true_ab, hints, seed, patch))
            error, edges = np.hypot(*np.moveaxis(ab - true_ab, -1, 0)), edge_mask(lightness)
            rows.append((error[edges].mean(), error.mean()))
        at_edges, overall = np.mean(rows, axis=0).tolist()
        scores.append(EdgeScore(0 if own_size else usual.working_size, hints, at_edges, overall))
    return scores
