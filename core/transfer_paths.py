"""Where each pixel of a frame is found on an anchor, a frame whose colours are known, however far away.

Coordinates are carried from frame to frame, never colours, so nothing blurs. On every frame the carried map is
matched anew with the anchor itself, and of the two the better one is carried on, pixel by pixel: what drifts is
caught again, and what is hidden for a while keeps its place (after Neoral 2024, "MFT: Long-Term Tracking of Every
Pixel", with two of its time steps: 1 and infinity; on four clips more of them gained nothing).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .flow import refine_flow, return_error, warp
from .strip_motion import BLOCK, StripMotion

# Frames before an anchor at which its way back ends: it bounds what is kept on the way.
MAX_REACH = 1024
# Pixels: beyond this, more doubt says nothing.
_MOST_DOUBT = 8.0
# What a carried step adds to the doubt besides its return error.
_STEP_DOUBT = 0.3
# Pixels by which a step may miss its way back with the pixel still surely in sight, and from which on it surely is not.
_IN_SIGHT, _OUT_OF_SIGHT = 1.0, 3.0
# L* that all pixels may share in their change of lightness (flicker, exposure).
MAX_EXPOSURE_CHANGE = 30.0


@dataclass(frozen=True)
class Route:
    """A map from a frame's pixels to an anchor's, at motion size.

    flow: float32 (h, w, 2), pixels. doubt: float32 (h, w), pixels that the way there and back misses, added up along
    the way; 8 at most for each step. change: float32 (h, w), L* by which the neighbourhood differs from the anchor's,
    exposure taken out. seen: float32 (h, w), 0..1, how surely what stands there was in sight on every frame from the
    anchor on; what came in or out of hiding later has 0, even where a match finds its like.
    """

    flow: np.ndarray
    doubt: np.ndarray
    change: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Arrival:
    """An anchor as a frame sees it: by the route that was carried on, and by the one matched with the anchor itself, if
    that was looked for."""

    carried: Route
    matched: Route | None

    @property
    def routes(self) -> list[Route]:
        """The carried one, then the matched one."""
        return [self.carried] if self.matched is None else [self.carried, self.matched]

    @property
    def best(self) -> Route:
        """Of each pixel the better one."""
        if self.matched is None:
            return self.carried
        chosen = self.carried.doubt + self.carried.change <= self.matched.doubt + self.matched.change
        return Route(
            cv2.copyTo(self.carried.flow, chosen.view(np.uint8), self.matched.flow.copy()),
            np.where(chosen, self.carried.doubt, self.matched.doubt),
            np.where(chosen, self.carried.change, self.matched.change),
            self.carried.seen,
        )


@dataclass(frozen=True)
class _State:
    """What the next frame goes on from. back: float32 (h, w, 2), the flow from the anchor to the frame."""

    best: Route
    back: np.ndarray


class AnchorPaths:
    """The routes from every frame of a shot to one anchor.

    Asked for frames in ascending order it walks each way at most twice; in any order it gives the same. A cut ends
    it. Memory is bounded: one block of arrivals, and one arrival for each block of frames before the anchor.
    """

    def __init__(self, motion: StripMotion, anchor: int, *, match: bool = True) -> None:
        """match: look for a match with the anchor on every frame, which takes two thirds of the time."""
        self.anchor, self._match = anchor, match
        self._motion = motion
        self._picture = motion.picture(anchor)
        self._forward: tuple[int, _State | None, Arrival | None] = (anchor, *self._start())
        self._checkpoints: dict[int, _State | None] = {anchor: self._start()[0]}
        self._block: dict[int, Arrival | None] = {}

    def at(self, frame: int) -> Arrival | None:
        """The anchor as `frame` sees it; None beyond a cut, and more than MAX_REACH frames before the anchor. On the
        anchor itself nothing moves."""
        if self.anchor - frame > MAX_REACH:
            return None
        return self._from_before(frame) if frame >= self.anchor else self._from_after(frame)

    def _start(self) -> tuple[_State, Arrival]:
        height, width = self._picture.shape
        still, nothing = np.zeros((height, width, 2), np.float32), np.zeros((height, width), np.float32)
        route = Route(still, nothing, nothing, nothing + 1.0)
        return _State(route, still), Arrival(route, route if self._match else None)

    def _from_before(self, frame: int) -> Arrival | None:
        self._block, self._checkpoints = {}, {self.anchor: self._checkpoints[self.anchor]}
        if self._forward[0] > frame:
            self._forward = (self.anchor, *self._start())
        position, state, arrival = self._forward
        while position < frame:
            position += 1
            state, arrival = self._step(state, position, position - 1)
        self._forward = (position, state, arrival)
        return arrival

    def _from_after(self, frame: int) -> Arrival | None:
        if frame not in self._block:
            self._expand(frame)
        return self._block[frame]

    def _expand(self, frame: int) -> None:
        """Fill the block that holds `frame`, coming back from the anchor."""
        first = frame // BLOCK * BLOCK
        position = min(number for number in self._checkpoints if number > frame)
        state = self._checkpoints[position]
        self._block = {}
        while position > first:
            position -= 1
            state, arrival = self._step(state, position, position + 1)
            if position % BLOCK == 0:
                self._checkpoints[position] = state
            if position < first + BLOCK:
                self._block[position] = arrival

    def _step(self, state: _State | None, frame: int, neighbour: int) -> tuple[_State | None, Arrival | None]:
        """The anchor as `frame` sees it, given how its neighbour, nearer the anchor, does."""
        if state is None:
            return None, None
        between = self._motion.between(min(frame, neighbour))
        if between.cut:
            return None, None
        there, home = between.flows if frame < neighbour else reversed(between.flows)
        missed = np.minimum(return_error(there, home), _MOST_DOUBT)
        in_sight = ((_OUT_OF_SIGHT - missed) / (_OUT_OF_SIGHT - _IN_SIGHT)).clip(0.0, 1.0)
        seen = warp(state.best.seen, there) * in_sight
        picture = self._motion.picture(frame)
        carried_flow = there + warp(state.best.flow, there)
        carried = self._route(picture, carried_flow, warp(state.best.doubt, there) + missed + _STEP_DOUBT, seen)
        if not self._match:
            return _State(carried, state.back), Arrival(carried, None)
        matched_flow = refine_flow(picture, self._picture, carried_flow)
        back = refine_flow(self._picture, picture, state.back + warp(home, state.back))
        matched_missed = np.minimum(return_error(matched_flow, back), _MOST_DOUBT) + _STEP_DOUBT
        matched = self._route(picture, matched_flow, matched_missed, seen)
        arrival = Arrival(carried, matched)
        return _State(arrival.best, back), arrival

    def _route(self, picture: np.ndarray, flow: np.ndarray, doubt: np.ndarray, seen: np.ndarray) -> Route:
        change = (picture - warp(self._picture.astype(np.float32), flow)) / np.float32(2.55)
        change -= np.clip(np.median(change[::2, ::2]), -MAX_EXPOSURE_CHANGE, MAX_EXPOSURE_CHANGE)
        return Route(flow, cv2.blur(doubt, (3, 3)), np.sqrt(cv2.blur(change * change, (5, 5)).clip(min=0.0)), seen)
