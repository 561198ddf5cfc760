"""Colour that does not flicker: each frame's chroma is a mean over its neighbours', along the motion.

Not recursive: a frame depends on the frames within STEADY_REACH of it and on nothing else, so nothing drifts,
and the same frames give the same result wherever a render begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np

from .flow import as_float, resize_flow, warp
from .strip_motion import StripMotion

# How many frames on either side count.
STEADY_REACH = 3
# A neighbour's weight falls by half where its flow misses the way back by 0.3 pixels, or its L* is 4 off.
_RETURN_SCALE = 0.4
_LIGHTNESS_SCALE = 6.0


def steady_chroma(frame: int, chroma: Mapping[int, np.ndarray], motion: StripMotion, strength: float) -> np.ndarray:
    """The frame's ab, float32 (H, W, 2), averaged with its neighbours'.

    chroma: ab of each frame within STEADY_REACH of `frame`, as far as the footage goes, and of itself.
    strength: 0 (the frame alone) to 1. Nothing is taken across a cut.
    """
    own = chroma[frame]
    if strength == 0.0:
        return own
    total = own.copy()
    weights = np.ones(own.shape[:2], np.float32)
    for step in (1, -1):
        for number, flow, confidence in _ways(frame, step, chroma, motion):
            weight = strength * cv2.resize(confidence, own.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            total += weight[..., None] * warp(chroma[number], resize_flow(flow, own.shape[:2]))
            weights += weight
    return total / weights[..., None]


def _ways(
    frame: int, step: int, chroma: Mapping[int, np.ndarray], motion: StripMotion
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Each neighbour in one direction, nearest first: its number, the flow from `frame` to it, float32 (h, w, 2),
    and how far that can be trusted, float32 (h, w), 0..1. Ends at a cut."""
    start = motion.picture(frame).astype(np.float32)
    flow = np.zeros((*motion.shape, 2), np.float32)
    trust = np.ones(motion.shape, np.float32)
    for number in range(frame + step, frame + step * (STEADY_REACH + 1), step):
        if number not in chroma:
            return
        between = motion.between(min(number, number - step))
        if between.cut:
            return
        there = as_float(between.forward if step > 0 else between.backward)
        error = as_float(between.forward_error if step > 0 else between.backward_error)
        trust = trust * warp(np.exp(-((error / _RETURN_SCALE) ** 2)), flow)
        flow = flow + warp(there, flow)
        change = (warp(motion.picture(number).astype(np.float32), flow) - start) / 2.55
        # What the whole picture shares is flicker of the film, not another object.
        change -= np.median(change[::4, ::4])
        yield number, flow, trust * np.exp(-np.abs(change) / _LIGHTNESS_SCALE)
