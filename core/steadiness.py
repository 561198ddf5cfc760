"""Colour that does not flicker: each frame's chroma is a mean over its neighbours', along the motion.

In two passes, as wavelets with holes do it (Holschneider 1989, "algorithme à trous"): first each frame's mean with its
near neighbours, which serves all frames around, and then the mean of that with the same of two frames further away:
six of them stand for fourteen. Not recursive: a frame depends on the frames within STEADY_REACH of it and on nothing
else, so nothing drifts, and the same frames give the same result wherever a render begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import cv2
import numpy as np

from .chroma_detail import Chroma
from .flow import Motion, composed, warp
from .shading import log_chroma_room

# How far away the near neighbours are, and the two of the second pass: a mean over 7 frames on either side. Chroma's
# change along the motion is a quarter less than with a mean over 3, for the same 14 ms a frame.
NEAR, FAR = 2, 5
STEADY_REACH = NEAR + FAR
# A neighbour's weight falls to a half where its L* is 7 off.
_LIGHTNESS_SCALE = 10.0
# Frames count by the square of how sure their colours are; this is the least weight.
_LEAST_WEIGHT = 1e-3

# Frame → what steadiness looks at: float32 (h, w, 4), L* without its grain, a and b as parts of the chroma that there
# is room for, so that they stay while the light changes, and how much they count.
Looks = Mapping[int, np.ndarray]
# Frame → the motion between it and the next one.
Between = Callable[[int], Motion]


class NearMean(NamedTuple):
    """A frame's mean with its near neighbours. look: as in Looks; it counts as much as all of them together. ways: the
    flow to the frame NEAR before and to the frame NEAR after it, with how far it can be trusted, 0..1, as the third
    channel, float32 (h, w, 3); None beyond a cut and where there is no such frame."""

    look: np.ndarray
    ways: tuple[np.ndarray | None, np.ndarray | None]


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


def near_mean(frame: int, looks: Looks, between: Between, strength: float) -> NearMean:
    """The frame's mean with those within NEAR of it.

    looks: of these, as far as they count, and of the frame itself. between: gives the motion wherever looks has both
    frames. strength: 0 to 1, the neighbours' weight. Nothing is taken across a cut.
    """
    mean, ways = _Mean(looks[frame], strength), []
    for step in (-1, 1):
        way: np.ndarray | None = None
        for number in range(frame + step, frame + step * (NEAR + 1), step):
            onward = _step(number - step, step, looks, between)
            way = onward if abs(number - frame) == 1 else _onward(way, onward)
            if way is None:
                break
            mean.add(looks[number], way)
        ways.append(way)
    return NearMean(mean.look(), (ways[0], ways[1]))


def steady_correction(
    frame: int, looks: Looks, means: Mapping[int, NearMean], between: Between, strength: float
) -> np.ndarray:
    """What to add to the frame's ab to make it the mean of its own and its neighbours': float32 (h, w, 2).

    looks, between, strength: as in `near_mean`, of all frames within STEADY_REACH. means: of the frame and of those
    NEAR and FAR before and after it, where looks has these.
    """
    own = looks[frame]
    near = means[frame]
    mean = _Mean(near.look, strength)
    for index, step in enumerate((-1, 1)):
        number, way = frame, near.ways[index]
        for _ in range(FAR // NEAR - 1):
            number += step * NEAR
            way = _onward(way, means[number].ways[index] if number in means else None)
        number += step * NEAR
        for _ in range(FAR % NEAR):
            way = _onward(way, _step(number, step, looks, between))
            number += step
        if way is not None and number in means:
            mean.add(means[number].look, way)
    lightness, *ab, _ = cv2.split(own)
    room = _chroma_room(lightness)
    return cv2.merge([(mean_plane - plane) * room for mean_plane, plane in zip(mean.ab(), ab, strict=True)])


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

    def ab(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean's a and b, float32 (h, w) each."""
        a, b = (total / self._weights for total in self._totals)
        return a, b

    def look(self) -> np.ndarray:
        """The mean, with the frame's own L*, and the weights' sum."""
        return cv2.merge((self._lightness, *self.ab(), self._weights))


def _chroma_room(lightness: np.ndarray) -> np.ndarray:
    return cv2.exp(log_chroma_room(lightness))


def _step(frame: int, step: int, looks: Looks, between: Between) -> np.ndarray | None:
    """The way from a frame to the one before it (step -1) or after it (1); None where there is none."""
    if frame not in looks or frame + step not in looks:
        return None
    motion = between(min(frame, frame + step))
    if motion.cut:
        return None
    return motion.forward if step > 0 else motion.backward


def _onward(way: np.ndarray | None, onward: np.ndarray | None) -> np.ndarray | None:
    """One way and then another."""
    return None if way is None or onward is None else composed(way, onward)
