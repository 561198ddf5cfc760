"""Hints on the frames between keyframes: a stroke's pixels are followed as points along the routes from its keyframe.

Forward from each keyframe up to the next one, and backward to the one before, as transfer_paths.py finds the way. A
point that does not surely arrive on a frame, or whose way meets a cut, is no hint there: a hint that slides off its
object is worse than none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .hints import HintTrack, Keyframe
from .raster import rasterize
from .strip_motion import StripMotion
from .transfer_paths import AnchorPaths, Route

# A keyframe with more stroke pixels than this, a quarter of a 16:9 picture at motion size, is thinned to a grid.
MAX_POINTS = 30_000
# Of a keyframe's frame, ab float32 (H, W, 2) and mask bool (H, W): bool (H, W).
Stays = Callable[[int, np.ndarray, np.ndarray], np.ndarray]
# Keyframes whose points are kept.
_POINTS_KEPT = 4


@dataclass(frozen=True)
class Points:
    """Followed pixels. x, y: float32 (n,), motion-size pixels, 0 the centre of the first one. ab: float32 (n, 2).
    spacing: motion-size pixels between neighbours on the keyframe."""

    x: np.ndarray
    y: np.ndarray
    ab: np.ndarray
    spacing: int


def points_of(keyframe: Keyframe, shape: tuple[int, int], stays: Stays | None = None) -> Points:
    """The keyframe's stroke pixels as points, but for those that stay there. shape: motion size, (height, width)."""
    height, width = shape
    ab, mask = rasterize(keyframe.strokes, width, height)
    if stays is not None:
        mask &= ~stays(keyframe.frame, ab, mask)
    spacing = max(1, int(np.ceil(np.sqrt(np.count_nonzero(mask) / MAX_POINTS))))
    rows, columns = np.nonzero(mask)
    on_grid = (rows % spacing == 0) & (columns % spacing == 0)
    rows, columns = rows[on_grid], columns[on_grid]
    return Points(columns.astype(np.float32), rows.astype(np.float32), ab[rows, columns], spacing)


def arrived(points: Points, onward: Route, shape: tuple[int, int]) -> Points:
    """The points where the route from their keyframe leads them, those that surely arrive. shape: motion size."""
    if not len(points.x):
        return points
    height, width = onward.doubt.shape
    right, down = shape[1] / width, shape[0] / height
    x, y = (points.x + 0.5) / right - 0.5, (points.y + 0.5) / down - 0.5
    flow = cv2.remap(onward.flow, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    kept = onward.arrives[_pixel(y, height), _pixel(x, width)]
    moved_x, moved_y = points.x + flow[:, 0] * np.float32(right), points.y + flow[:, 1] * np.float32(down)
    return Points(moved_x[kept], moved_y[kept], points.ab[kept], points.spacing)


class HintTracker:
    """The hints of every frame of a strip, at working size; the same in whatever order frames are asked for."""

    def __init__(
        self,
        track: HintTrack,
        motion: StripMotion,
        paths: Callable[[int], AnchorPaths],
        shape: tuple[int, int],
        stays: Stays | None = None,
    ) -> None:
        """paths: gives the rough paths to a keyframe. shape: (height, width) at working size. stays: which of a
        keyframe's hints no other frame has; None: none. Keyframes without strokes count for nothing."""
        self._keyframes = stroked_keyframes(track)
        self._numbers = [keyframe.frame for keyframe in self._keyframes]
        self._motion_shape, self._shape = motion.shape, shape
        self._paths = paths
        self._points = lru_cache(_POINTS_KEPT)(lambda index: points_of(self._keyframes[index], motion.shape, stays))

    def at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(ab float32 (H, W, 2), mask bool (H, W)) of the frame: its own strokes if it is a keyframe, and the
        points of the keyframes before and after it, the nearer one's counting more where they meet."""
        before = bisect_left(self._numbers, frame) - 1
        after = bisect_right(self._numbers, frame)
        around = [index for index in (before, after) if 0 <= index < len(self._numbers)]
        if after - before == 2:  # the frame is a keyframe itself
            return self._with_strokes(before + 1, around)
        return splat(self._arriving(around, frame), self._motion_shape, self._shape)

    def told(self, frame: int, other: int | None) -> tuple[np.ndarray, np.ndarray]:
        """What `at` gives for a keyframe, but of its neighbours only one is heard, or none. other: the keyframe before
        or after it."""
        others = [] if other is None else [self._numbers.index(other)]
        return self._with_strokes(self._numbers.index(frame), others)

    def _with_strokes(self, index: int, others: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """A keyframe's strokes over the points that arrive from others; all given by their indices."""
        keyframe = self._keyframes[index]
        ab, mask = splat(self._arriving(others, keyframe.frame), self._motion_shape, self._shape)
        own_ab, own_mask = rasterize(keyframe.strokes, self._shape[1], self._shape[0])
        ab[own_mask] = own_ab[own_mask]
        return ab, mask | own_mask

    def _arriving(self, indices: list[int], frame: int) -> list[tuple[Points, int]]:
        """The points of keyframes on a frame, each with the keyframe's distance from it in frames."""
        found = []
        for index in indices:
            route = self._route(self._numbers[index], frame)
            if route is not None:
                points = arrived(self._points(index), route, self._motion_shape)
                found.append((points, abs(frame - self._numbers[index])))
        return found

    def _route(self, keyframe: int, frame: int) -> Route | None:
        """The route from a keyframe to a frame, None beyond a cut."""
        if frame > keyframe and frame in self._numbers:
            # Frames between two keyframes need the way back from the later one to the earlier one anyhow.
            arrival = self._paths(frame).at(keyframe)
            return None if arrival is None else arrival.best
        arrival = self._paths(keyframe).at(frame)
        return None if arrival is None else arrival.onward


def stroked_keyframes(track: HintTrack) -> list[Keyframe]:
    """The keyframes that have strokes, in the order of their frames."""
    return [keyframe for keyframe in track.keyframes if keyframe.strokes]


def splat(
    arriving: list[tuple[Points, int]], motion_shape: tuple[int, int], shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Points as hints at working size: (ab float32 (H, W, 2), mask bool (H, W)).

    arriving: sets of points, each with its distance in frames from its keyframe; where several fall on a pixel
    the mean counts, weighted by 1 / (1 + distance).
    """
    height, width = shape
    scale_y, scale_x = height / motion_shape[0], width / motion_shape[1]
    # Only the pixels that points fall on are looked at: they are few.
    pixels, weights, colors = [], [], []
    for points, distance in arriving:
        # A point stands for as many pixels as lay between it and its neighbours.
        reach = int(np.ceil(points.spacing * max(scale_y, scale_x)))
        around = np.arange(reach) - (reach - 1) // 2
        rows = _pixel((points.y + 0.5) * scale_y - 0.5, height)[:, None, None] + around[:, None]
        columns = _pixel((points.x + 0.5) * scale_x - 0.5, width)[:, None, None] + around
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        pixels.append((rows * width + columns)[inside])
        colors.append(np.broadcast_to(points.ab[:, None, None], (*inside.shape, 2))[inside])
        weights.append(np.full(len(pixels[-1]), 1.0 / (1 + distance)))
    ab, mask = np.zeros((height * width, 2), np.float32), np.zeros(height * width, bool)
    if pixels:
        hinted, place = np.unique(np.concatenate(pixels), return_inverse=True)
        weight, color = np.concatenate(weights), np.concatenate(colors)
        total = np.bincount(place, weight)
        mask[hinted] = True
        ab[hinted] = np.stack([np.bincount(place, weight * part) / total for part in color.T], -1)
    return ab.reshape(height, width, 2), mask.reshape(height, width)


def _pixel(place: np.ndarray, size: int) -> np.ndarray:
    """The pixel that positions (n,) fall on, along a side of `size` pixels."""
    return np.clip(np.round(place), 0, size - 1).astype(np.intp)
