"""Colour that does not flicker: each predicted frame's chroma is a mean over its neighbours', along the motion.

Not recursive: a frame depends on the frames within STEADY_REACH of it and on nothing else, so nothing drifts, and the
same frames give the same result wherever a render begins.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from .chroma_detail import Chroma
from .flow import Motion, composed, warp
from .shading import log_chroma_room

# Frames on either side whose chroma counts, where it was predicted: of every third frame that is a mean over seven.
STEADY_REACH = 9
# A neighbour's weight falls to a half where its L* is 7 off.
_LIGHTNESS_SCALE = 10.0
# Frames count by the square of how sure their colours are; this is the least weight.
_LEAST_WEIGHT = 1e-3

# Frame → what steadiness looks at: float32 (h, w, 4), L* without its grain, a and b as parts of the chroma that there
# is room for, so that they stay while the light changes, and how much they count.
Looks = Mapping[int, np.ndarray]
# Frame → the motion between it and the next one.
Motions = Mapping[int, Motion]


def steady_look(chroma: Chroma, picture: np.ndarray) -> np.ndarray:
    """A frame as steadiness looks at it: float32 (h, w, 4), as in Looks.

    chroma: at working size. picture: the frame's motion picture, uint8 (h, w).
    """
    size = picture.shape[::-1]
    small = cv2.resize(chroma.ab, size, interpolation=cv2.INTER_AREA)
    if chroma.sureness is None:
        weight = np.ones(picture.shape, np.float32)
    else:
        sureness = cv2.resize(chroma.sureness, size, interpolation=cv2.INTER_AREA)
        weight = np.maximum(np.square(sureness), np.float32(_LEAST_WEIGHT))
    lightness = cv2.blur(picture, (3, 3)) / np.float32(2.55)
    room = _chroma_room(lightness)
    return cv2.merge((lightness, *(plane / room for plane in cv2.split(small)), weight))


def steady_correction(frame: int, looks: Looks, motions: Motions, strength: float) -> np.ndarray:
    """What to add to the frame's ab to make it the mean of its own and its neighbours': float32 (h, w, 2).

    looks: of the frame and of those within STEADY_REACH that count. motions: wherever a way to these leads. strength:
    0 to 1, the neighbours' weight. Nothing is taken across a cut.
    """
    mean = _Mean(looks[frame], strength)
    for step in (-1, 1):
        way: np.ndarray | None = None
        for number in range(frame + step, frame + step * (STEADY_REACH + 1), step):
            motion = motions.get(min(number, number - step))
            if motion is None or motion.cut:
                break
            onward = motion.forward if step > 0 else motion.backward
            way = onward if way is None else composed(way, onward)
            if number in looks:
                mean.add(looks[number], way)
    return mean.correction(looks[frame])


class _Mean:
    """A mean over looks that begins with a frame's own. Plane by plane: it is memory that takes the time."""

    def __init__(self, own: np.ndarray, strength: float) -> None:
        self._lightness, a, b, self._weights = cv2.split(own)
        self._totals = a * self._weights, b * self._weights
        self._strength = np.float32(strength)

    def add(self, look: np.ndarray, way: np.ndarray) -> None:
        """Another frame's, to which `way` leads."""
        lightness, a, b, weight = cv2.split(warp(look, way[..., :2]))
        lightness -= self._lightness
        # What the whole picture shares is flicker of the film, not another object.
        lightness -= np.median(lightness[::4, ::4])
        weight *= np.exp(np.abs(lightness) * np.float32(-1.0 / _LIGHTNESS_SCALE))
        weight *= cv2.extractChannel(way, 2)
        weight *= self._strength
        for plane, total in zip((a, b), self._totals, strict=True):
            cv2.accumulateProduct(plane, weight, total)
        self._weights += weight

    def correction(self, own: np.ndarray) -> np.ndarray:
        """What makes the frame's ab the mean: float32 (h, w, 2)."""
        lightness, *ab, _ = cv2.split(own)
        room = _chroma_room(lightness)
        means = (cv2.divide(total, self._weights) for total in self._totals)
        return cv2.merge([(mean - plane) * room for mean, plane in zip(means, ab, strict=True)])


def _chroma_room(lightness: np.ndarray) -> np.ndarray:
    return cv2.exp(log_chroma_room(lightness))
