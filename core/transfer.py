"""Colours brought to every frame of a strip from its anchors: keyframes with strokes, and references.

An anchor's colours are complete: a reference's own, or the colorizer's answer to a keyframe's strokes. A frame
between two anchors takes from both, along routes that lead there (transfer_paths), and by likeness from these two and
from every reference, wherever it stands; the transfer network says which holds where, and where none does.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from .colorizer import Transferred
from .flow import warp
from .strip_motion import StripMotion
from .transfer_network import Estimate, Remembered, TransferNetwork
from .transfer_paths import AnchorPaths, Arrival, Route

# The anchors around a frame, and those of the frames that steadiness looks at.
_ANCHORS_KEPT = 4
# L* that a tenth of a reference's pixels may at most differ from its frame's, for it to be that frame in colour.
_SAME_PICTURE = 10.0
# With more references each is remembered by cells twice as large, so that a frame takes no longer.
_FINE_REFERENCES = 3


class Anchor(NamedTuple):
    """A frame whose colours are known. lightness: float32 (H, W); ab: float32 (H, W, 2); both at working size."""

    lightness: np.ndarray
    ab: np.ndarray


class Evidence(NamedTuple):
    """What is known of a frame's colours: what routes bring, and pictures to find likeness in."""

    estimates: list[Estimate]
    remembered: list[Remembered]

    def answer(self, network: TransferNetwork, lightness: np.ndarray) -> Transferred | None:
        """The frame's colours, None if nothing is known. lightness: float32 (H, W) at working size."""
        return network.choose(lightness, self.estimates, self.remembered) if self.remembered else None


class StripTransfer:
    """What a strip's anchors say about each of its frames. Memory does not grow with the strip's length."""

    def __init__(
        self,
        motion: StripMotion,
        shape: tuple[int, int],
        network: TransferNetwork,
        frames: Sequence[int],
        anchor: Callable[[int], Anchor],
        references: Mapping[int, Anchor],
    ) -> None:
        """shape: (height, width) at working size. frames: the anchors', ascending. anchor: gives each of them, and is
        asked once or again after others. references: those among them that are pictures, as they were given."""
        self._motion, self._shape, self._network = motion, shape, network
        self._frames = list(frames)
        self._make_anchor = anchor
        coarse = len(references) > _FINE_REFERENCES
        self._references = {
            frame: network.remember(*reference, coarse=coarse) for frame, reference in references.items()
        }
        self._anchors: OrderedDict[int, tuple[Anchor, Remembered]] = OrderedDict()
        self._paths: OrderedDict[int, AnchorPaths] = OrderedDict()

    def anchor(self, frame: int) -> Anchor | None:
        """The frame's own colours, if it is an anchor."""
        return self._anchor(frame)[0] if frame in self._frames else None

    def likeness(self) -> Evidence:
        """What is known of any frame by the references alone."""
        return Evidence([], list(self._references.values()))

    def around(self, frame: int) -> tuple[int, int]:
        """The anchors before and after the frame, itself twice if it is one; the strip's ends where there is none."""
        before, after = bisect_right(self._frames, frame) - 1, bisect_left(self._frames, frame)
        return (
            self._frames[before] if before >= 0 else 0,
            self._frames[after] if after < len(self._frames) else sys.maxsize,
        )

    def evidence(self, frame: int) -> Evidence:
        """What the nearest anchor before the frame and the nearest after it bring, two routes each, and which pictures
        may be like it: these anchors, if no cut lies between, and all references."""
        nearest = self._frames[max(0, bisect_left(self._frames, frame) - 1) : bisect_right(self._frames, frame) + 1]
        found = self.likeness()
        for number in nearest:
            arrival = self._path(number).at(frame)
            if arrival is not None:
                anchor, remembered = self._anchor(number)
                found.estimates.extend(brought(anchor, arrival, self._shape, abs(frame - number)))
                if number not in self._references:
                    found.remembered.append(remembered)
        return found

    def _anchor(self, frame: int) -> tuple[Anchor, Remembered]:
        if frame not in self._anchors:
            anchor = self._make_anchor(frame)
            remembered = self._references.get(frame) or self._network.remember(*anchor)
            self._anchors[frame] = anchor, remembered
            while len(self._anchors) > _ANCHORS_KEPT:
                self._anchors.popitem(last=False)
        self._anchors.move_to_end(frame)
        return self._anchors[frame]

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


def brought(anchor: Anchor, arrival: Arrival, shape: tuple[int, int], distance: int) -> list[Estimate]:
    """What an anchor's two routes bring to a frame `distance` frames away, at working size (height, width)."""
    carried, matched = arrival.carried, arrival.matched
    return [_along(anchor, carried, shape, distance, False), _along(anchor, matched, shape, distance, True)]


def _along(anchor: Anchor, route: Route, shape: tuple[int, int], distance: int, matched: bool) -> Estimate:
    height, width = shape
    motion_height, motion_width = route.doubt.shape
    flow = cv2.resize(route.flow, (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / motion_width, height / motion_height], np.float32)
    return Estimate(warp(anchor.ab, flow), route.doubt, route.change, distance, matched)
