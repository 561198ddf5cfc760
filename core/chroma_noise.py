"""Carried chroma without its noise: its reference's grain and coding, and what came to lie a little beside its place.

A mean along the footage's lightness says what a place's surroundings have (the joint bilateral filter of Petschnigg
2004, "Digital photography with flash and no-flash image pairs", rows and then columns as in Pham and van Vliet 2005,
"Separable bilateral filtering for fast video preprocessing"), and Wiener's filter keeps what stands out from it more
than noise does.
"""

from __future__ import annotations

import cv2
import numpy as np

# ab: the noise of what is surely known, and of what is not known at all. On four clips 33.68 dB without, 33.71 with 0.7
# all over, 33.72 with up to 2.1, 33.73 with up to 3.5 and 6.4.
_SURE_NOISE, _UNSURE_NOISE = 0.7, 4.5
# Pixels between a place and those that its mean is of, each way: three are as good as all of seven.
_STEPS = (1, 3, 6)
# Standard deviations of the mean's weight: pixels, and L*.
_REACH, _ALIKE = 4.0, 2.0
_CHANGE_FACTOR = np.float32(-0.5 / _ALIKE**2)
# Nothing is raised to less: subnormal numbers take a processor ten times as long.
_LEAST_LOG = np.float32(-30.0)
# What nothing is known of counts so much in the mean, beside 1 for what is sure.
_LEAST_WEIGHT = 0.02
# Pixels across which it is measured how much a place stands out.
_NEIGHBOURHOOD = 9


def without_noise(ab: np.ndarray, lightness: np.ndarray, sureness: np.ndarray) -> np.ndarray:
    """ab, float32 (H, W, 2), less what is weaker than noise is: float32 (H, W, 2).

    lightness: L* float32 (H, W). sureness: float32 (H, W), 0..1, how far the ab are to be believed.
    """
    fine = ab - _mean_along(lightness, ab, np.square(sureness) + np.float32(_LEAST_WEIGHT))
    power = power_around(fine, _NEIGHBOURHOOD)
    noise = np.float32(_UNSURE_NOISE**2) - np.float32(_UNSURE_NOISE**2 - _SURE_NOISE**2) * sureness
    share = noise / (power + noise)
    return ab - fine * cv2.merge((share, share))


def power_around(fine: np.ndarray, side: int) -> np.ndarray:
    """The mean square of chroma's fine part, (H, W, 2), over squares of so many pixels: float32 (H, W)."""
    a, b = cv2.split(fine)
    return cv2.blur(a * a + b * b, (side, side))


def _mean_along(lightness: np.ndarray, ab: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The mean of ab, (H, W, 2), around each place by `weight`, (H, W), over what is as light as it is."""
    totals = np.stack((ab[..., 0] * weight, ab[..., 1] * weight, weight))
    for axis in (1, 0):
        begun = totals.copy()
        for step in _STEPS:
            here, there = _apart(step, axis)
            change = np.square(lightness[here] - lightness[there])
            alike = np.exp(np.maximum(change * _CHANGE_FACTOR - 0.5 * (step / _REACH) ** 2, _LEAST_LOG))
            totals[:, *here] += begun[:, *there] * alike
            totals[:, *there] += begun[:, *here] * alike
    return cv2.merge([total / totals[2] for total in totals[:2]])


def _apart(step: int, axis: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where each place lies that has another so many steps on along the axis, and where that one does."""
    here, there, all_of_it = slice(None, -step), slice(step, None), slice(None)
    return ((here, all_of_it), (there, all_of_it)) if axis == 0 else ((all_of_it, here), (all_of_it, there))
