"""Chroma of the frames between those that the networks predict: brought along the motion from the ones on both sides.

Neighbouring frames tell a network nearly the same, and steadiness takes the mean over them anyway. With every third
frame predicted, four clips and 19 others are within 0.01 dB of every frame predicted, and colours change along the
motion by a tenth less, in three quarters of the time (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .chroma_detail import Chroma
from .flow import resized_flow, warp

# Of so many frames the networks predict the first, counted from the footage's. Of four: 0.05 dB less.
PREDICTED_EVERY = 3
# What a side counts at least, so that their mean stands where neither can be trusted.
_LEAST_TRUST = 1e-3


class Side(NamedTuple):
    """A frame that was predicted, as one between two has it. chroma: its own. way: the flow that leads to it, and as
    the third channel how far that can be trusted, 0..1, float32 (h, w, 3). distance: frames to it; the nearer one
    counts more."""

    chroma: Chroma
    way: np.ndarray
    distance: int


def predicted_around(frame: int) -> tuple[int, int]:
    """The last frame up to this one that is to be predicted, and the first from it on; if it is itself, it is both."""
    before = frame // PREDICTED_EVERY * PREDICTED_EVERY
    return before, before if before == frame else before + PREDICTED_EVERY


def interpolated(sides: tuple[Side, Side]) -> Chroma:
    """The chroma of a frame between two that were predicted. It does not follow the frame's own light: what that has
    and the frames around it have not is flicker, mostly, and colours would flicker with it."""
    return Chroma(_mean_brought([side.chroma.ab for side in sides], sides), _detail(sides))


def _detail(sides: tuple[Side, Side]) -> np.ndarray | None:
    """Where one side has nothing finer it counts as nothing."""
    details = [side.chroma.detail for side in sides]
    known = [detail for detail in details if detail is not None]
    if not known:
        return None
    return _mean_brought([np.zeros_like(known[0]) if detail is None else detail for detail in details], sides)


def _mean_brought(planes: Sequence[np.ndarray], sides: tuple[Side, Side]) -> np.ndarray:
    """Planes (H, W, C) of each side, brought to the frame: their mean, by how much each side counts there."""
    height, width, channels = planes[0].shape
    total, weights = np.zeros_like(planes[0]), np.zeros((height, width), np.float32)
    for own, side in zip(planes, sides, strict=True):
        flow, trust = cv2.merge(cv2.split(side.way)[:2]), cv2.extractChannel(side.way, 2) + np.float32(_LEAST_TRUST)
        weight = cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR) / np.float32(side.distance)
        cv2.accumulateProduct(warp(own, resized_flow(flow, (height, width))), cv2.merge([weight] * channels), total)
        weights += weight
    return cv2.divide(total, cv2.merge([weights] * channels))
