"""Hints of the keyframes around a frame, carried to it along the motion as strokes: a keyframe to begin with.

A stroke is looked at as spots along its line. A spot moves by the median of what the pixels under it do (median flow:
Kalal et al., "Forward-Backward Error", ICPR 2010, section 3), each of them followed as hints are (hint_tracking.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np

from .hint_tracking import arrivals, lightness_at, stroked_keyframes
from .hints import HintTrack, Keyframe, Stroke
from .raster import rasterize
from .strip_motion import StripMotion

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
    carried: list[Stroke] = []
    for keyframe in keyframes_around(track, frame):
        covered = rasterize([*present, *carried], motion.shape[1], motion.shape[0])[1]
        carried += list(_carried_from(keyframe, frame, motion, covered, on_step))
    return carried


def _carried_from(
    keyframe: Keyframe, frame: int, motion: StripMotion, covered: np.ndarray, on_step: Callable[[], None]
) -> Iterator[Stroke]:
    """Parts of a keyframe's strokes on another frame, beside what is covered there: bool (h, w), motion size."""
    strokes, (height, width) = keyframe.strokes, motion.shape
    spots = [_spots(stroke, motion.shape) for stroke in strokes]
    owner = np.repeat(np.arange(len(strokes)), [len(each) for each in spots])
    radii = np.array([_pixels(stroke.radius, width) for stroke in strokes], np.float32)
    places, found = _moved(np.concatenate(spots), radii[owner], keyframe.frame, frame, motion, on_step)
    x, y = np.clip(np.round(places[found]), 0, (width - 1, height - 1)).astype(int).T
    found[found] = ~covered[y, x]
    for number, stroke in enumerate(strokes):
        for part in _unbroken(places[owner == number], found[owner == number], 3.0 * radii[number]):
            line = cv2.approxPolyDP(part[:, None], _SIMPLER, False)[:, 0] if len(part) > 2 else part
            points = np.clip((line + 0.5) / (width, height), 0.0, 1.0)
            yield Stroke(stroke.color, stroke.radius, tuple((float(x), float(y)) for x, y in points))


def _spots(stroke: Stroke, shape: tuple[int, int]) -> np.ndarray:
    """Places along a stroke's line, half a radius apart: float32 (n, 2), x and y in motion-size pixels."""
    height, width = shape
    points = np.array(stroke.points) * (width, height) - 0.5
    places = [points[:1]]
    for start, end in pairwise(points):
        count = max(1, round(2.0 * float(np.hypot(*(end - start))) / _pixels(stroke.radius, width)))
        places.append(start + (end - start) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(places).astype(np.float32)


def _moved(
    spots: np.ndarray, radii: np.ndarray, start: int, end: int, motion: StripMotion, on_step: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Where spots on frame `start` are on frame `end`: float32 (n, 2), and bool (n,), which of them are found there."""
    height, width = motion.shape
    steps = np.linspace(-1.0, 1.0, _ACROSS, dtype=np.float32)
    disc = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    disc = disc[np.hypot(*disc.T) <= 1.0]
    under = spots[:, None] + radii[:, None, None] * disc
    spot, member = np.nonzero(np.all((under >= 0) & (under <= (width - 1, height - 1)), -1))
    began = under[spot, member]
    x, y = began.T
    lightness = lightness_at(motion.picture(start), x, y)
    backward = end < start
    for frame in range(start, end, -1 if backward else 1):
        if not len(x):
            break
        there = frame - 1 if backward else frame + 1
        x, y, kept = arrivals(
            x, y, lightness, motion.between(min(frame, there)), motion.picture(there), backward=backward
        )
        x, y, lightness, spot, began = x[kept], y[kept], lightness[kept], spot[kept], began[kept]
        on_step()
    shift = np.stack([x, y], 1) - began
    found = np.bincount(spot, minlength=len(spots)) >= _ARRIVING * len(disc)
    places = spots.copy()
    for number in np.nonzero(found)[0]:
        places[number] += np.median(shift[spot == number], axis=0)
    return places, found & np.all((places >= -0.5) & (places <= (width - 0.5, height - 0.5)), axis=1)


def _unbroken(places: np.ndarray, found: np.ndarray, apart: float) -> Iterator[np.ndarray]:
    """The runs of places (n, 2) that were found, each no further than `apart` from the one before it."""
    follows = np.hypot(*np.diff(places, axis=0).T) <= apart
    starts = found & ~np.concatenate([[False], found[:-1] & follows])
    run = np.cumsum(starts)
    for number in range(1, int(starts.sum()) + 1):
        yield places[found & (run == number)]


def _pixels(radius: float, width: int) -> float:
    """A stroke's radius in pixels of a picture of that width, at least one."""
    return max(1.0, radius * width)
