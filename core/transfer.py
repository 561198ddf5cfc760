"""Colours brought to every frame of a strip from its anchors: keyframes with strokes, and references.

An anchor's colours are complete: a reference's own, or the colorizer's answer to a keyframe's strokes. A frame
between two anchors takes from both, along routes that lead there (transfer_paths), and by likeness from these two and
from every reference, wherever it stands; the transfer network says which holds where, and where none does.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from torch import Tensor

from .chroma_detail import CarriedDetail, Chroma
from .flow import resized_flow, warp
from .shading import log_chroma_room, relit
from .strip_motion import StripMotion
from .transfer_network import Estimate, Remembered, TransferNetwork
from .transfer_paths import AnchorPaths, Arrival
from .transferred import Transferred

# The anchors around a frame, and those of the frames that steadiness looks at.
_ANCHORS_KEPT = 6
# L* that a tenth of a reference's pixels may at most differ from its frame's, for it to be that frame in colour.
_SAME_PICTURE = 10.0
# Hints that were followed far may have slid. With a power of 1, what they contradict near a reference is lost where
# water moves otherwise than what floats on it: 0.1 dB between a reference and a keyframe on 7 clips, with 2 nothing.
_NEARER = 2
# With more references each is remembered by cells twice as large, so that a frame takes no longer.
_FINE_REFERENCES = 1


@dataclass(frozen=True)
class Anchor:
    """A frame whose colours are known. lightness: float32 (H, W); ab: float32 (H, W, 2); both at working size.
    support: float32 (H, W), 0..1, how far a keyframe's strokes reach; None where all is known. detail: as `Chroma` has
    it."""

    lightness: np.ndarray
    ab: np.ndarray
    support: np.ndarray | None = None
    detail: np.ndarray | None = None

    @property
    def chroma(self) -> Chroma:
        """The frame's own."""
        return Chroma(self.ab, self.detail)

    @cached_property
    def carried(self) -> np.ndarray:
        """ab and `log_chroma_room`, float32 (H, W, 3): in one array, OpenCV looks places up once."""
        return np.dstack((self.ab, log_chroma_room(self.lightness)))


class Evidence(NamedTuple):
    """What is known of a frame's colours: what routes bring, and pictures to find likeness in. support: of each route
    from a keyframe float32 (H, W), 0..1, how far strokes reach what it brings; empty where references tell of
    everything. keyframes: those on both sides of the frame, in its shot. heard: how far the frame's hints are to be
    heard against what references say, 0..1: strokes of its own in full, followed ones the less the nearer a reference
    of the frame's shot is."""

    estimates: list[Estimate]
    remembered: list[Remembered]
    support: list[np.ndarray]
    keyframes: list[int]
    heard: float = 1.0

    @property
    def reached(self) -> np.ndarray:
        """How far any keyframe's strokes reach what is brought: float32 (H, W), 0..1."""
        return np.max(self.support, axis=0)

    def answer(self, network: TransferNetwork, lightness: np.ndarray) -> Transferred | None:
        """The frame's colours, None if nothing is known. lightness: float32 (H, W) at working size."""
        if not self.remembered:
            return None
        return network.choose(lightness, self.estimates, self.remembered)


class StripTransfer:
    """What a strip's anchors say about each of its frames. Memory does not grow with the strip's length."""

    def __init__(
        self,
        motion: StripMotion,
        shape: tuple[int, int],
        network: TransferNetwork,
        keyframes: Sequence[int],
        keyframe: Callable[[int, int | None], Anchor],
        references: Mapping[int, Anchor],
        reference: Callable[[int], Anchor],
        keyframe_paths: Callable[[int], AnchorPaths],
    ) -> None:
        """shape: (height, width) at working size. keyframes: those with strokes, ascending. keyframe: gives the colours
        of one of them, told by its strokes and by those of the given neighbour of it. references: source frame → the
        picture as it was given. reference: gives the colours of the frame that one stands on. keyframe_paths: gives the
        rough paths to a keyframe. All are asked again for what was asked for long ago."""
        self._shape, self._network = shape, network
        self._keyframes, self._reference_frames = list(keyframes), sorted(references)
        self._keyframe = lru_cache(_ANCHORS_KEPT)(keyframe)
        self._remembered = lru_cache(_ANCHORS_KEPT)(self._remembered_keyframe)
        self._keyframe_paths = keyframe_paths
        self._reference_paths = lru_cache(_ANCHORS_KEPT)(lambda anchor: AnchorPaths(motion, anchor))
        self._reference = lru_cache(_ANCHORS_KEPT)(reference)
        # Of the frame that a reference stands on, which may be another picture.
        self._described = lru_cache(_ANCHORS_KEPT)(lambda number: network.describe(self.reference(number).lightness))
        coarse = len(references) > _FINE_REFERENCES
        self._references = {
            frame: network.remember(one.lightness, one.ab, coarse=coarse) for frame, one in references.items()
        }

    def reference(self, frame: int) -> Anchor:
        """The colours of a frame that a reference stands on."""
        return self._reference(frame)

    def keyframe(self, frame: int) -> Chroma:
        """The colours of a keyframe with strokes: the mean of how the keyframes next to it, if no cut lies between,
        complete it."""
        found = [number for number in _neighbours(self._keyframes, frame) if number is not None]
        others: list[int | None] = [number for number in found if self._keyframe_paths(number).at(frame) is not None]
        anchors = [self._keyframe(frame, other) for other in others or [None]]
        details = [anchor.detail for anchor in anchors if anchor.detail is not None]
        ab = np.mean([anchor.ab for anchor in anchors], axis=0)
        return Chroma(ab, np.mean(details, axis=0) if details else None)

    def likeness(self) -> Evidence:
        """What is known of any frame by the references alone, wherever they stand."""
        return Evidence([], list(self._references.values()), [], [])

    def around(self, frame: int) -> tuple[int, int]:
        """The keyframes before and after the frame, itself not among them; beyond the strip where there is none."""
        before, after = _neighbours(self._keyframes, frame)
        return -1 if before is None else before, sys.maxsize if after is None else after

    def from_references(self, frame: int, room: np.ndarray) -> Evidence:
        """What the nearest reference before the frame and the nearest after it bring, by ROUTES each, and all
        references to find likeness in. room: `log_chroma_room` of the frame, float32 (H, W)."""
        found = self.likeness()
        for number in _neighbours(self._reference_frames, frame):
            arrival = None if number is None else self._reference_paths(number).at(frame)
            if number is not None and arrival is not None:
                anchor = self.reference(number)
                found.estimates.extend(brought(anchor, arrival, room, abs(frame - number), self._described(number)))
        return found

    def evidence(self, frame: int, room: np.ndarray) -> Evidence:
        """What references say of a frame that is no keyframe, and what the nearest keyframe before it and the nearest
        after it bring and are like, if no cut lies between; each of them as the other one's hints complete it. room: as
        in `from_references`."""
        found = self.from_references(frame, room)
        to_reference = min((estimate.distance for estimate in found.estimates), default=None)
        before, after = _neighbours(self._keyframes, frame)
        for number, other in ((before, after), (after, before)):
            arrival = None if number is None else self._keyframe_paths(number).at(frame)
            if number is None or arrival is None:
                continue
            anchor = self._keyframe(number, other)
            remembered = self._remembered(number, other)
            found.estimates.extend(brought(anchor, arrival, room, abs(frame - number), remembered.described))
            found.remembered.append(remembered)
            found.keyframes.append(number)
            if not self._references and anchor.support is not None:
                found.support.append(warp(anchor.support, resized_flow(arrival.best.flow, self._shape)))
        if to_reference is None or not found.keyframes:
            return found
        to_keyframe = min(abs(frame - number) for number in found.keyframes)
        return found._replace(heard=(to_reference / (to_reference + to_keyframe)) ** _NEARER)

    def _remembered_keyframe(self, frame: int, other: int | None) -> Remembered:
        anchor = self._keyframe(frame, other)
        return self._network.remember(anchor.lightness, anchor.ab, coarse=True)


def same_picture(reference: np.ndarray, frame: np.ndarray) -> bool:
    """Whether a reference is a frame in colour, or another picture; both given as L* float32 (H, W)."""
    change = reference - frame
    return float(np.percentile(np.abs(change - np.median(change)), 90)) <= _SAME_PICTURE


def brought(anchor: Anchor, arrival: Arrival, room: np.ndarray, distance: int, described: Tensor) -> list[Estimate]:
    """What an anchor's routes bring to a frame `distance` frames away, at working size.

    room: `log_chroma_room` of that frame, float32 (H, W). described: `TransferNetwork.describe` of the anchor.
    """
    found = []
    for index, route in enumerate(arrival.routes):
        arrived = warp(anchor.carried, resized_flow(route.flow, room.shape))
        doubt = cv2.resize(route.doubt, room.shape[::-1], interpolation=cv2.INTER_LINEAR)
        ab = relit(arrived[..., :2], arrived[..., 2], room, doubt)
        detail = None if anchor.detail is None else CarriedDetail(anchor.detail, route.flow)
        trust = route.doubt, route.change, arrival.seen, distance, bool(index)
        found.append(Estimate(ab, *trust, route.flow, described, detail))
    return found


def _neighbours(frames: Sequence[int], frame: int) -> tuple[int | None, int | None]:
    """The last of the ascending frames before the given one, and the first after it."""
    before, after = bisect_left(frames, frame) - 1, bisect_right(frames, frame)
    return frames[before] if before >= 0 else None, frames[after] if after < len(frames) else None
