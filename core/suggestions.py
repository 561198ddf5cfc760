"""Distinct plausible colours from the distribution that the network gives at a point."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .color import ab_from_srgb, recolor, srgb_from_lab
from .frames.bit_depth import as_dtype
from .nets.ab_bins import BIN_SIZE, bin_centres

# Of two equally likely colours the more saturated one comes first: e^0.2 for every 10 of chroma.
_CHROMA_PULL = 0.02
# ab between suggestions: as far apart as can be for as many as are wanted, and never closer than the last.
_DISTANCES = (28.0, 22.0, 17.0, 13.0, 10.0, 7.0, 5.0)


class Suggestion(NamedTuple):
    """A colour for a point: its ab, "#rrggbb" at the point's lightness, and its share of the distribution."""

    ab: tuple[float, float]
    color: str
    probability: float


def distinct_colors(probability: Tensor, lightness: float, n: int) -> list[Suggestion]:
    """At most n colours, the most plausible first, no two closer than 5 of ab.

    probability: float32 (Q,) over ab_bins.bin_centres(), its sum 1. lightness: L*, 0..100; colours that it does not
    allow lose chroma until it does, so that near black and white fewer than n are distinct.
    """
    centres = _modes(probability)
    in_gamut, colors = _at_lightness(centres, lightness)
    score = probability.numpy() * np.exp(_CHROMA_PULL * np.hypot(*in_gamut.T))
    ranked = np.argsort(-score, kind="stable")
    for distance in _DISTANCES:
        chosen: list[int] = []
        for index in ranked:
            if all(np.hypot(*(in_gamut[index] - in_gamut[other])) >= distance for other in chosen):
                chosen.append(int(index))
            if len(chosen) == n:
                break
        if len(chosen) == n:
            break
    nearest = np.hypot(*np.moveaxis(in_gamut[:, None] - in_gamut[chosen][None], -1, 0)).argmin(1)
    shares = np.bincount(nearest, probability.numpy(), len(chosen))
    return [
        Suggestion((float(in_gamut[i, 0]), float(in_gamut[i, 1])), colors[i], float(share))
        for i, share in zip(chosen, shares, strict=True)
    ]


def _modes(probability: Tensor) -> np.ndarray:
    """Every bin's mean colour (Q, 2) over itself and its neighbours: finer than the bins' grid."""
    near = _neighbours() * (probability + 1e-9)
    return (near @ bin_centres() / near.sum(1, keepdim=True)).numpy()


@cache
def _neighbours() -> Tensor:
    """(Q, Q): 1 where two bins touch, and for each with itself."""
    return (torch.cdist(bin_centres(), bin_centres()) < 1.5 * BIN_SIZE).float()


def _at_lightness(ab: np.ndarray, lightness: float) -> tuple[np.ndarray, list[str]]:
    """The colours (Q, 2) in gamut at this lightness, and each as "#rrggbb"."""
    grey = srgb_from_lab(torch.tensor([lightness, 0.0, 0.0]).view(3, 1, 1)).mean()
    pixels = np.full((1, len(ab), 3), round(float(grey) * 65535), np.uint16)
    colored = recolor(pixels, ab[None].astype(np.float32))
    rounded = as_dtype(colored[0], np.uint8)
    return ab_from_srgb(colored)[0], [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rounded]
