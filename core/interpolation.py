"""Chroma of the frames between those that the networks predict: brought along the motion from the ones on both sides.

Neighbouring frames tell a network nearly the same, and steadiness takes the mean over them anyway. With every third
frame predicted, four clips and 19 others are within 0.01 dB of every frame predicted, and colours change along the
motion by a twelfth less, in four fifths of the time (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .chroma_detail import Chroma
from .flow import resized_flow, warp
from .shading import relit

# Of so many frames the networks predict the first, counted from the footage's. Of four: 0.05 dB less.
PREDICTED_EVERY = 3
# What a side counts at least, so that their mean stands where neither can be trusted.
_LEAST_TRUST = 1e-3


class Side(NamedTuple):
    """A frame that was predicted, as one between two has it. chroma: its own. room: `log_chroma_room` of it, float32
    (H, W), at working size. way: the flow that leads to it, and as the third channel how far that can be trusted, 0..1,
    float32 (h, w, 3). distance: frames to it; the nearer one counts more."""

    chroma: Chroma
    room: np.ndarray
    way: np.ndarray
    distance: int


def predicted_around(frame: int) -> tuple[int, int]:
    """The last frame up to this one that is to be predicted, and the first from it on; if it is itself, it is both."""
    before = frame // PREDICTED_EVERY * PREDICTED_EVERY
    return before, before if before == frame else before + PREDICTED_EVERY


def interpolated(room: np.ndarray, sides: tuple[Side, Side]) -> Chroma:
    """The chroma of a frame between two that were predicted. room: `log_chroma_room` of the frame, float32 (H, W)."""
    total = np.zeros((*room.shape, 5), np.float32)
    for side in sides:
        sureness = np.ones_like(room) if side.chroma.sureness is None else side.chroma.sureness
        total += _brought([*cv2.split(side.chroma.ab), side.room, sureness, np.ones_like(room)], side)
    *sums, weight = cv2.split(total)
    a, b, room_there, sureness = (cv2.divide(plane, weight) for plane in sums)
    ab = relit(cv2.merge((a, b)), room_there, room, np.zeros_like(room))
    all_sure = all(side.chroma.sureness is None for side in sides)
    return Chroma(ab, _detail(sides), None if all_sure else sureness)


def _detail(sides: tuple[Side, Side]) -> np.ndarray | None:
    """Where one side has nothing finer it counts as nothing."""
    details = [side.chroma.detail for side in sides]
    known = [detail for detail in details if detail is not None]
    if not known:
        return None
    height, width = known[0].shape[:2]
    total = np.zeros((height, width, 3), np.float32)
    for detail, side in zip(details, sides, strict=True):
        planes = np.zeros((height, width, 2), np.float32) if detail is None else detail
        total += _brought([*cv2.split(planes), np.ones((height, width), np.float32)], side)
    *sums, weight = cv2.split(total)
    return cv2.merge([cv2.divide(plane, weight) for plane in sums])


def _brought(planes: Sequence[np.ndarray], side: Side) -> np.ndarray:
    """Planes (H, W) of a side, brought to the frame and times how much that side counts there: (H, W, C)."""
    size = planes[0].shape
    flow, trust = cv2.merge(cv2.split(side.way)[:2]), cv2.extractChannel(side.way, 2) + np.float32(_LEAST_TRUST)
    weight = cv2.resize(trust, size[::-1], interpolation=cv2.INTER_LINEAR) / np.float32(side.distance)
    brought = cv2.split(warp(cv2.merge(planes), resized_flow(flow, size)))
    return cv2.merge([cv2.multiply(plane, weight) for plane in brought])
