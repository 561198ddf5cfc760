"""Colour that does not flicker: each frame's chroma is a mean over its neighbours', along the motion.

Not recursive: a frame depends on the frames within STEADY_REACH of it and on nothing else, so nothing drifts,
and the same frames give the same result wherever a render begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from .flow import Motion, warp

# How many frames on either side count. Chroma's change along the motion, over four clips and a film, with grain and
# without: 2 take off 64%, 3 70%, 4 74%; each costs about 4 ms a frame.
STEADY_REACH = 3
# A neighbour's weight falls to a half where its L* is 7 off.
_LIGHTNESS_SCALE = 10.0


def small_lab(ab: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A frame as `steady_correction` looks at it: float32 (h, w, 3), L* without its grain, a and b.

    ab: float32 (H, W, 2). picture: the frame's motion picture, uint8 (h, w).
    """
    small = cv2.resize(ab, picture.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.dstack([cv2.blur(picture, (3, 3)) / np.float32(2.55), small])


def steady_correction(
    frame: int, labs: Mapping[int, np.ndarray], between: Callable[[int], Motion], strength: float
) -> np.ndarray:
    """What to add to the frame's ab to make it the mean of its own and its neighbours': float32 (h, w, 2).

    labs: `small_lab` of each frame within STEADY_REACH, as far as the footage goes, and of the frame itself. between:
    gives the motion between a frame and the next one, where labs has both.
    strength: 0 to 1, the neighbours' weight. Nothing is taken across a cut.
    """
    own = labs[frame]
    total = np.zeros_like(own)
    weights = np.ones(own.shape[:2], np.float32)
    for step in (1, -1):
        for number, way in _ways(frame, step, labs, between):
            change = warp(labs[number], way[..., :2]) - own
            # What the whole picture shares is flicker of the film, not another object.
            lightness = np.abs(change[..., 0] - np.median(change[::4, ::4, 0]))
            weight = way[..., 2] * np.exp(lightness * (-1.0 / _LIGHTNESS_SCALE)) * np.float32(strength)
            # Three planes at once, though lightness is not wanted: OpenCV takes a tenth of numpy's time for two.
            cv2.accumulateProduct(change, cv2.merge((weight, weight, weight)), total)
            weights += weight
    return cv2.divide(total, cv2.merge((weights, weights, weights)))[..., 1:]


def _ways(
    frame: int, step: int, labs: Mapping[int, np.ndarray], between: Callable[[int], Motion]
) -> Iterator[tuple[int, np.ndarray]]:
    """Each neighbour in one direction, nearest first: its number, and the flow from `frame` to it with how far it can
    be trusted, 0..1, as the third channel, float32 (h, w, 3). Ends at a cut."""
    way = None
    for number in range(frame + step, frame + step * (STEADY_REACH + 1), step):
        if number not in labs:
            return
        motion = between(min(number, number - step))
        if motion.cut:
            return
        onward = motion.forward if step > 0 else motion.backward
        if way is None:
            way = onward
        else:
            onward = warp(onward, way[..., :2])
            trust = way[..., 2] * onward[..., 2]
            way = way + onward
            way[..., 2] = trust
        yield number, way
