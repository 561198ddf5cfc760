"""Colours brought to every frame of a strip from its anchors: keyframes with strokes, and references.

An anchor's colours are complete: a reference's own, or the colorizer's answer to a keyframe's strokes. A frame
between two anchors takes from both, along routes that lead there (transfer_paths), as far as each can be trusted.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .colorizer import Transferred
from .flow import warp
from .strip_motion import StripMotion
from .transfer_network import Estimate
from .transfer_paths import AnchorPaths, Arrival, Route

# The anchors around a frame, and those of the frames that steadiness looks at.
_ANCHORS_KEPT = 4
# L* that a tenth of a reference's pixels may at most differ from its frame's, for it to be that frame in colour.
_SAME_PICTURE = 10.0
# Where an estimate's trust falls to e^-1: pixels of doubt, and L* of change.
_DOUBT_SCALE = 4.0
_CHANGE_SCALE = 6.0


class Anchor(NamedTuple):
    """A frame whose colours are known. lightness: float32 (H, W); ab: float32 (H, W, 2); both at working size."""

    lightness: np.ndarray
    ab: np.ndarray


class StripTransfer:
    """What a strip's anchors say about each of its frames. Memory does not grow with the strip's length."""

    def __init__(
        self, motion: StripMotion, shape: tuple[int, int], frames: Sequence[int], anchor: Callable[[int], Anchor]
    ) -> None:
        """shape: (height, width) at working size. frames: the anchors', ascending. anchor: gives each of them, and is
        asked once or again after others."""
        self._motion, self._shape = motion, shape
        self._frames = list(frames)
        self._make_anchor = anchor
        self._anchors: OrderedDict[int, Anchor] = OrderedDict()
        self._paths: OrderedDict[int, AnchorPaths] = OrderedDict()

    def anchor(self, frame: int) -> Anchor | None:
        """The frame's own colours, if it is an anchor."""
        if frame not in self._frames:
            return None
        if frame not in self._anchors:
            self._anchors[frame] = self._make_anchor(frame)
            while len(self._anchors) > _ANCHORS_KEPT:
                self._anchors.popitem(last=False)
        self._anchors.move_to_end(frame)
        return self._anchors[frame]

    def around(self, frame: int) -> tuple[int, int]:
        """The anchors before and after the frame, itself twice if it is one; the strip's ends where there is none."""
        before, after = bisect_right(self._frames, frame) - 1, bisect_left(self._frames, frame)
        return (
            self._frames[before] if before >= 0 else 0,
            self._frames[after] if after < len(self._frames) else sys.maxsize,
        )

    def estimates(self, frame: int) -> list[Estimate]:
        """What the nearest anchor before the frame and the nearest after it bring, two routes each."""
        nearest = self._frames[max(0, bisect_left(self._frames, frame) - 1) : bisect_right(self._frames, frame) + 1]
        found = []
        for number in nearest:
            arrival = self._path(number).at(frame)
            if arrival is not None:
                anchor = self.anchor(number)
                assert anchor is not None
                found += brought(anchor, arrival, self._shape, abs(frame - number))
        return found

    def _path(self, anchor: int) -> AnchorPaths:
        if anchor not in self._paths:
            self._paths[anchor] = AnchorPaths(self._motion, anchor)
            while len(self._paths) > _ANCHORS_KEPT:
                self._paths.popitem(last=False)
        self._paths.move_to_end(anchor)
        return self._paths[anchor]


def same_picture(reference: np.ndarray, frame: np.ndarray) -> bool:
    """Whether a reference is a frame in colour, or another picture; both given as L* float32 (H, W)."""
    change = reference - frame
    return float(np.percentile(np.abs(change - np.median(change)), 90)) <= _SAME_PICTURE


def fuse(estimates: Sequence[Estimate]) -> Transferred:
    """One answer of one or more estimates: their mean, weighted by trust; its confidence is the best one's trust."""
    total, weights = np.zeros_like(estimates[0].ab), np.zeros_like(estimates[0].doubt)
    confidence = np.zeros_like(weights)
    for one in estimates:
        trust = np.exp(-np.square(one.doubt / _DOUBT_SCALE) - np.square(one.change / _CHANGE_SCALE))
        weight = np.square(trust) / (1 + one.distance) + np.float32(1e-6)
        total += weight[..., None] * one.ab
        weights += weight
        np.maximum(confidence, trust, out=confidence)
    return Transferred(total / weights[..., None], confidence)


def brought(anchor: Anchor, arrival: Arrival, shape: tuple[int, int], distance: int) -> list[Estimate]:
    """What an anchor's two routes bring to a frame `distance` frames away, at working size (height, width)."""
    carried, matched = arrival.carried, arrival.matched
    return [_along(anchor, carried, shape, distance, False), _along(anchor, matched, shape, distance, True)]


def _along(anchor: Anchor, route: Route, shape: tuple[int, int], distance: int, matched: bool) -> Estimate:
    height, width = shape
    motion_height, motion_width = route.doubt.shape
    planes = np.dstack([route.flow, route.doubt, route.change])
    planes = cv2.resize(planes, (width, height), interpolation=cv2.INTER_LINEAR)
    flow = planes[..., :2] * np.array([width / motion_width, height / motion_height], np.float32)
    return Estimate(warp(anchor.ab, flow), planes[..., 2], planes[..., 3], distance, matched)
