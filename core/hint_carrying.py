"""Hints of the keyframes around a frame, carried to it along the motion as strokes: a keyframe to begin with.

A stroke is looked at as spots along its line. A spot moves by the median of what the pixels under it do (median flow:
Kalal et al., "Forward-Backward Error", ICPR 2010, section 3), each of them along its route to the frame
(transfer_paths.py), which is matched with the frame itself on its way: what goes out of sight for a while is found
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import cv2
import numpy as np

from .hint_tracking import stroked_keyframes
from .hints import HintTrack, Keyframe, Stroke
from .raster import rasterize
from .strip_motion import StripMotion
from .transfer_paths import AnchorPaths, Route

# Of the pixels under a spot, the share that has to arrive.
_ARRIVING = 0.3
# Pixels across a spot: enough for a median.
_ACROSS = 7
# A carried line may leave out points that lie within this many motion pixels of it.
_SIMPLER = 0.4


def keyframes_around(track: HintTrack, frame: int) -> list[Keyframe]:
    """The keyframes with strokes before and after a frame, at most one each, the nearer one first."""
    stroked = stroked_keyframes(track)
    before = [keyframe for keyframe in stroked if keyframe.frame < frame][-1:]
    after = [keyframe for keyframe in stroked if keyframe.frame > frame][:1]
    return sorted(before + after, key=lambda keyframe: abs(keyframe.frame - frame))


def carried_strokes(
    track: HintTrack, frame: int, motion: StripMotion, on_step: Callable[[], None] = lambda: None
) -> list[Stroke]:
    """The strokes of the keyframes around `frame`, as far as they can be followed to it, in their colours and radii.

    What cannot be followed falls out, and so does what would lie on the frame's own strokes or on those of the nearer
    keyframe: a stroke may come in parts, or not at all. on_step: called whenever the strokes have passed a frame.
    """
    present = [stroke for keyframe in track.keyframes if keyframe.frame == frame for stroke in keyframe.strokes]
    paths = AnchorPaths(motion, frame)
    carried: list[Stroke] = []
    for keyframe in keyframes_around(track, frame):
        covered = rasterize([*present, *carried], motion.shape[1], motion.shape[0])[1]
        route = _route(keyframe.frame, paths, on_step)
        if route is not None:
            carried += list(_carried_along(route, keyframe.strokes, covered))
    return carried


def _route(start: int, paths: AnchorPaths, on_step: Callable[[], None]) -> Route | None:
    """The route from a frame to the paths' anchor, None beyond a cut; walked from its end, frame by frame."""
    toward = 1 if start > paths.anchor else -1
    arrival = None
    for frame in range(paths.anchor + toward, start + toward, toward):
        arrival = paths.at(frame)
        on_step()
        if arrival is None:
            break
    return None if arrival is None else arrival.best


def _carried_along(route: Route, strokes: Sequence[Stroke], covered: np.ndarray) -> Iterator[Stroke]:
    """Parts of a keyframe's strokes where the route from there leads, beside what is covered: bool (h, w), motion
    size."""
    height, width = covered.shape
    for stroke in strokes:
        radius = max(1.0, stroke.radius * width)
        places, found = _moved(_spots(stroke, radius, covered.shape), radius, route)
        x, y = np.clip(np.round(places[found]), 0, (width - 1, height - 1)).astype(int).T
        found[found] = ~covered[y, x]
        for part in _unbroken(places, found, 3.0 * radius):
            line = cv2.approxPolyDP(part[:, None], _SIMPLER, False)[:, 0] if len(part) > 2 else part
            points = np.clip((line + 0.5) / (width, height), 0.0, 1.0)
            yield Stroke(stroke.color, stroke.radius, tuple((float(x), float(y)) for x, y in points))


def _spots(stroke: Stroke, radius: float, shape: tuple[int, int]) -> np.ndarray:
    """Places along a stroke's line, half a radius apart: float32 (n, 2), x and y in motion-size pixels."""
    height, width = shape
    points = np.array(stroke.points) * (width, height) - 0.5
    places = [points[:1]]
    for start, end in pairwise(points):
        count = max(1, round(2.0 * float(np.hypot(*(end - start))) / radius))
        places.append(start + (end - start) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(places).astype(np.float32)


def _moved(spots: np.ndarray, radius: float, route: Route) -> tuple[np.ndarray, np.ndarray]:
    """Where a route leads spots of that radius: float32 (n, 2), and bool (n,), which of them arrive."""
    height, width = route.doubt.shape
    farthest = (width - 1, height - 1)
    steps = np.linspace(-radius, radius, _ACROSS, dtype=np.float32)
    disc = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    under = np.round(spots[:, None] + disc[np.hypot(*disc.T) <= radius]).astype(int)
    within = np.all((under >= 0) & (under <= farthest), axis=-1)
    x, y = np.clip(under, 0, farthest).transpose(2, 0, 1)
    shift, arrived = route.flow[y, x], within & route.arrives[y, x]
    found = np.mean(arrived, axis=1) >= _ARRIVING
    places = spots.copy()
    for number in np.nonzero(found)[0]:
        places[number] += np.median(shift[number, arrived[number]], axis=0)
    return places, found & np.all((places >= -0.5) & (places <= (width - 0.5, height - 0.5)), axis=1)


def _unbroken(places: np.ndarray, found: np.ndarray, apart: float) -> Iterator[np.ndarray]:
    """The runs of places (n, 2) that were found, each no further than `apart` from the one before it."""
    follows = np.hypot(*np.diff(places, axis=0).T) <= apart
    starts = found & ~np.concatenate([[False], found[:-1] & follows])
    run = np.cumsum(starts)
    for number in range(1, int(starts.sum()) + 1):
        yield places[found & (run == number)]
