"""Where each pixel of a frame is found on an anchor, a frame whose colours are known, however far away.

Coordinates are carried from frame to frame, never colours, so nothing blurs. On every frame the carried map is
matched anew with the anchor itself, and of the two the better one is carried on, pixel by pixel: what drifts is
caught again, and what is hidden for a while keeps its place (after Neoral 2024, "MFT: Long-Term Tracking of Every
Pixel", with two of its time steps: 1 and infinity; on four clips more of them gained nothing).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from .flow import half_shape, leads_inside, refine_flow, return_error, warp
from .strip_motion import BLOCK, StripMotion

# Frames before an anchor at which its way back ends: it bounds what is kept on the way.
MAX_REACH = 1024
# Pixels: beyond this, more doubt says nothing.
_MOST_DOUBT = 8.0
# A fine path's routes, in their order: carried on from the better of both, and matched with the anchor from there.
ROUTES = ("carried", "matched")
# What a carried step adds to the doubt besides its return error.
_STEP_DOUBT = 0.3
# Pixels by which a step may miss its way back with the pixel still surely in sight, and from which on it surely is not.
_IN_SIGHT, _OUT_OF_SIGHT = 1.0, 3.0
# A pixel surely arrives if its change of L* and twice its doubt add up to less. `evaluate carrying` reads what that
# lets arrive, and on which colour.
_ARRIVES = 18.0
# Pixels by which pictures are smoothed before they are matched: what is finer is grain.
_SMOOTHED = 0.7
# L* that all pixels may share in their change of lightness (flicker, exposure).
MAX_EXPOSURE_CHANGE = 30.0


@dataclass(frozen=True)
class Route:
    """A map from one frame's pixels to another's.

    flow: float32 (h, w, 2), pixels of this size. doubt: float32 (h, w), motion-size pixels that the way there and back
    misses, added up along the way; 8 at most for each step. change: float32 (h, w), L* by which the neighbourhoods
    differ, exposure taken out.
    """

    flow: np.ndarray
    doubt: np.ndarray
    change: np.ndarray

    @property
    def arrives(self) -> np.ndarray:
        """Which pixels surely arrive, for what must not come to lie on another thing: bool (h, w)."""
        return leads_inside(self.flow) & (self.change + 2.0 * self.doubt < _ARRIVES)


@dataclass(frozen=True)
class Arrival:
    """An anchor as a frame sees it.

    routes: from the frame to the anchor: those of ROUTES; of rough paths one alone, of each pixel the better. seen:
    float32 (h, w), 0..1, how surely what stands there was in sight on every frame from the anchor on; what came in or
    out of hiding later has 0, even where a match finds its like. onward: of rough paths the route from the anchor to
    the frame.
    """

    routes: tuple[Route, ...]
    seen: np.ndarray
    onward: Route | None

    @property
    def best(self) -> Route:
        """Of each pixel the better route."""
        return self.routes[0] if len(self.routes) == 1 else _better(*self.routes)


@dataclass(frozen=True)
class _State:
    """What the next frame goes on from. onward: float32 (h, w, 2), the flow from the anchor to the frame."""

    best: Route
    seen: np.ndarray
    onward: np.ndarray


class AnchorPaths:
    """The routes from every frame of a shot to one anchor.

    Asked for frames in ascending order it walks each way at most twice; in any order it gives the same. A cut ends
    it. Memory is bounded: one block of arrivals, and one arrival for each block of frames before the anchor.
    """

    def __init__(self, motion: StripMotion, anchor: int, *, fine: bool = True) -> None:
        """fine: at motion size; else at half of it, in a seventh of the time: enough for hints and for the guesses that
        they lead to."""
        self.anchor = anchor
        self._fine, self._motion = fine, motion
        self._shape = motion.shape if fine else half_shape(motion.shape)
        # In motion-size pixels.
        self._pixel = motion.shape[0] / self._shape[0]
        self._picture = self._picture_of(anchor)
        self._pool = ThreadPoolExecutor(1, "onward")
        self._beginning = self._start()
        self._forward: tuple[int, _State | None, Arrival | None] = (anchor, *self._beginning)
        self._begin_back()

    def at(self, frame: int) -> Arrival | None:
        """The anchor as `frame` sees it; None beyond a cut, and more than MAX_REACH frames before the anchor. On the
        anchor itself nothing moves."""
        if self.anchor - frame > MAX_REACH:
            return None
        return self._from_before(frame) if frame >= self.anchor else self._from_after(frame)

    def _start(self) -> tuple[_State, Arrival]:
        still, nothing = np.zeros((*self._shape, 2), np.float32), np.zeros(self._shape, np.float32)
        route, seen = Route(still, nothing, nothing), nothing + 1.0
        return _State(route, seen, still), self._arrival(route, route, route, seen)

    def _from_before(self, frame: int) -> Arrival | None:
        self._begin_back()
        if self._forward[0] > frame:
            self._forward = (self.anchor, *self._beginning)
        position, state, arrival = self._forward
        while position < frame:
            position += 1
            state, arrival = self._step(state, position, position - 1)
        self._forward = (position, state, arrival)
        return arrival

    def _from_after(self, frame: int) -> Arrival | None:
        if frame not in self._block:
            self._walk_back(frame)
        return self._block[frame]

    def _begin_back(self) -> None:
        """On the anchor, of no block any arrival yet."""
        self._walked: tuple[int, _State | None] = self.anchor, self._beginning[0]
        self._checkpoints: dict[int, _State | None] = dict([self._walked])
        self._block: dict[int, Arrival | None] = {}

    def _walk_back(self, frame: int) -> None:
        """Fill the block that holds `frame` down to it, from where it is filled to, or coming from the anchor."""
        first = frame // BLOCK * BLOCK
        position, state = self._walked
        if not first <= position < first + BLOCK:
            position = min(number for number in self._checkpoints if number > frame)
            state, self._block = self._checkpoints[position], {}
        while position > frame:
            position -= 1
            state, arrival = self._step(state, position, position + 1)
            if position % BLOCK == 0:
                self._checkpoints[position] = state
            if position < first + BLOCK:
                self._block[position] = arrival
        self._walked = position, state

    def _step(self, state: _State | None, frame: int, neighbour: int) -> tuple[_State | None, Arrival | None]:
        """The anchor as `frame` sees it, given how its neighbour, nearer the anchor, does."""
        if state is None:
            return None, None
        between = self._motion.between(min(frame, neighbour))
        if between.cut:
            return None, None
        flows = between.flows if self._fine else between.half_flows
        there, home = flows if frame < neighbour else reversed(flows)
        missed = self._missed(there, home)
        seen = warp(state.seen, there) * ((_OUT_OF_SIGHT - missed) / (_OUT_OF_SIGHT - _IN_SIGHT)).clip(0.0, 1.0)
        picture = self._picture_of(frame)
        guess = state.onward + warp(home, state.onward)
        finding_onward = self._pool.submit(refine_flow, self._picture, picture, guess, fine=self._fine)
        carried_flow = there + warp(state.best.flow, there)
        carried_doubt = warp(state.best.doubt, there) + missed + _STEP_DOUBT
        carried = _route(picture, self._picture, carried_flow, carried_doubt)
        matched_flow = refine_flow(picture, self._picture, carried_flow, fine=self._fine)
        onward = finding_onward.result()
        matched_doubt = self._missed(matched_flow, onward) + _STEP_DOUBT
        matched = _route(picture, self._picture, matched_flow, matched_doubt)
        onward_route = None
        if not self._fine:
            onward_doubt = self._missed(onward, matched_flow) + _STEP_DOUBT
            onward_route = _route(self._picture, picture, onward, onward_doubt)
        arrival = self._arrival(carried, matched, onward_route, seen)
        return _State(arrival.best, seen, onward), arrival

    def _arrival(self, carried: Route, matched: Route, onward: Route | None, seen: np.ndarray) -> Arrival:
        routes = (carried, matched) if self._fine else (_better(carried, matched),)
        return Arrival(routes, seen, onward)

    def _missed(self, flow: np.ndarray, back: np.ndarray) -> np.ndarray:
        """Motion-size pixels by which `flow` and then `back` miss the start, 8 at most: float32 (h, w)."""
        return np.minimum(return_error(flow, back) * np.float32(self._pixel), _MOST_DOUBT)

    def _picture_of(self, frame: int) -> np.ndarray:
        picture = self._motion.picture(frame)
        if self._fine:
            return cv2.GaussianBlur(picture, (0, 0), _SMOOTHED)
        return cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_AREA)


def _route(start: np.ndarray, end: np.ndarray, flow: np.ndarray, doubt: np.ndarray) -> Route:
    """The route along `flow` from one picture to another, uint8 (h, w)."""
    change = (start - warp(end.astype(np.float32), flow)) / np.float32(2.55)
    change -= np.clip(np.median(change[::2, ::2]), -MAX_EXPOSURE_CHANGE, MAX_EXPOSURE_CHANGE)
    return Route(flow, cv2.blur(doubt, (3, 3)), np.sqrt(cv2.blur(change * change, (5, 5)).clip(min=0.0)))


def _better(carried: Route, matched: Route) -> Route:
    """Of each pixel the better of two routes."""
    chosen = carried.doubt + carried.change <= matched.doubt + matched.change
    return Route(
        cv2.copyTo(carried.flow, chosen.view(np.uint8), matched.flow.copy()),
        np.where(chosen, carried.doubt, matched.doubt),
        np.where(chosen, carried.change, matched.change),
    )
