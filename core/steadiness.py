"""Colour that does not flicker: each predicted frame's chroma is a mean over its neighbours', along the motion.

Not recursive: a frame depends on the frames within STEADY_REACH of it and on nothing else, so nothing drifts, and the
same frames give the same result wherever a render begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    sides = [list(_along(frame, step, looks, motions)) for step in (-1, 1)]
    paired = {distance for distance, _, _ in sides[0]} & {distance for distance, _, _ in sides[1]}
    mean = _Mean(looks[frame], strength)
    for distance, look, way in (*sides[0], *sides[1]):
        mean.add(look, way, with_light=distance in paired)
    return mean.correction(looks[frame])


def _along(frame: int, step: int, looks: Looks, motions: Motions) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """The looks before a frame (step -1) or after it (1), up to a cut: how many frames away each is, the look, and the
    way to it."""
    way: np.ndarray | None = None
    for distance in range(1, STEADY_REACH + 1):
        number = frame + step * distance
        motion = motions.get(min(number, number - step))
        if motion is None or motion.cut:
            return
        onward = motion.forward if step > 0 else motion.backward
        way = onward if way is None else composed(way, onward)
        if number in looks:
            yield distance, looks[number], way


class _Mean:
    """A mean over looks that begins with a frame's own. Plane by plane: it is memory that takes the time."""

    def __init__(self, own: np.ndarray, strength: float) -> None:
        self._lightness, a, b, self._weights = cv2.split(own)
        self._totals = a * self._weights, b * self._weights
        # Of what the light differs by from the frame's own, whose difference is 0.
        self._light_total, self._light_weights = np.zeros_like(a), self._weights.copy()
        self._strength = np.float32(strength)

    def add(self, look: np.ndarray, way: np.ndarray, *, with_light: bool) -> None:
        """Another frame's, to which `way` leads. with_light: whether the light there counts, too: only of two frames as
        far away before as after, or light that comes or goes would lag."""
        lightness, a, b, weight = cv2.split(warp(look, way[..., :2]))
        lightness -= self._lightness
        # What the whole picture shares is flicker of the film, not another object.
        flicker = np.median(lightness[::4, ::4])
        weight *= np.exp(np.abs(lightness - flicker) * np.float32(-1.0 / _LIGHTNESS_SCALE))
        weight *= cv2.extractChannel(way, 2)
        weight *= self._strength
        for plane, total in zip((a, b), self._totals, strict=True):
            cv2.accumulateProduct(plane, weight, total)
        self._weights += weight
        if with_light:
            cv2.accumulateProduct(lightness, weight, self._light_total)
            self._light_weights += weight

    def correction(self, own: np.ndarray) -> np.ndarray:
        """What makes the frame's ab the mean, in the light that its neighbours share: float32 (h, w, 2)."""
        lightness, *ab, _ = cv2.split(own)
        room = _chroma_room(lightness)
        steady_room = _chroma_room(lightness + cv2.divide(self._light_total, self._light_weights))
        means = (cv2.divide(total, self._weights) for total in self._totals)
        return cv2.merge([mean * steady_room - plane * room for mean, plane in zip(means, ab, strict=True)])


def _chroma_room(lightness: np.ndarray) -> np.ndarray:
    return cv2.exp(log_chroma_room(lightness))
