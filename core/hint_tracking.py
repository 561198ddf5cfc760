"""Hints on the frames between keyframes: a stroke's pixels are followed as points along the motion.

Forward from each keyframe up to the next one, and backward to the one before. A point that the flow cannot
bring back, that leaves the picture, that comes to lie on another lightness, or that meets a cut, is dropped:
a hint that slides off its object is worse than none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import cv2
import numpy as np

from .flow import MAX_RETURN_ERROR, Motion
from .hints import HintTrack, Keyframe
from .raster import rasterize
from .strip_motion import BLOCK, StripMotion

# A keyframe with more stroke pixels than this, a quarter of a 16:9 picture at motion size, is thinned to a grid.
MAX_POINTS = 30_000
# L* that a point may differ from where it began, after taking out what all its keyframe's points share (flicker,
# a change of exposure) up to the second figure.
MAX_LIGHTNESS_CHANGE = 15.0
MAX_EXPOSURE_CHANGE = 30.0


@dataclass(frozen=True)
class Points:
    """Followed pixels. x, y: float32 (n,), motion-size pixels, 0 the centre of the first one. ab: float32 (n, 2).
    lightness: float32 (n,), L* where each began. spacing: motion-size pixels between neighbours on the keyframe."""

    x: np.ndarray
    y: np.ndarray
    ab: np.ndarray
    lightness: np.ndarray
    spacing: int

    def __len__(self) -> int:
        return len(self.x)

    def where(self, kept: np.ndarray) -> Points:
        return Points(self.x[kept], self.y[kept], self.ab[kept], self.lightness[kept], self.spacing)


def points_of(keyframe: Keyframe, picture: np.ndarray) -> Points:
    """The keyframe's stroke pixels as points. picture: the keyframe's motion picture, uint8 (h, w)."""
    height, width = picture.shape
    ab, mask = rasterize(keyframe.strokes, width, height)
    spacing = max(1, int(np.ceil(np.sqrt(np.count_nonzero(mask) / MAX_POINTS))))
    rows, columns = np.nonzero(mask)
    on_grid = (rows % spacing == 0) & (columns % spacing == 0)
    x, y = columns[on_grid].astype(np.float32), rows[on_grid].astype(np.float32)
    return Points(x, y, ab[rows[on_grid], columns[on_grid]], _lightness_at(picture, x, y), spacing)


def follow(points: Points, motion: Motion, picture: np.ndarray, *, backward: bool) -> Points:
    """The points one frame on, or one frame back; fewer of them. picture: the motion picture they arrive in."""
    x, y = points.x, points.y
    if motion.cut or not len(x):
        return points.where(np.zeros(len(x), bool))
    there, back = (motion.backward, motion.forward) if backward else (motion.forward, motion.backward)
    step = _sample(there, x, y)[:, :2]
    x, y = x + step[:, 0], y + step[:, 1]
    missed = np.hypot(*(step + _sample(back, x, y)[:, :2]).T)
    height, width = picture.shape
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    change = _lightness_at(picture, x, y) - points.lightness
    exposure = np.clip(np.median(change), -MAX_EXPOSURE_CHANGE, MAX_EXPOSURE_CHANGE)
    kept = inside & (missed <= MAX_RETURN_ERROR) & (np.abs(change - exposure) <= MAX_LIGHTNESS_CHANGE)
    return Points(x, y, points.ab, points.lightness, points.spacing).where(kept)


class HintTracker:
    """The hints of every frame of a strip, at working size.

    Asked for frames in ascending order it walks each stretch between keyframes at most twice; in any order it
    gives the same hints. Memory does not grow with the strip but for one set of points a block of frames,
    between a frame and the keyframe after it.
    """

    def __init__(self, track: HintTrack, motion: StripMotion, shape: tuple[int, int]) -> None:
        """shape: (height, width) at working size. Keyframes without strokes count for nothing."""
        self._keyframes = stroked_keyframes(track)
        self._numbers = [keyframe.frame for keyframe in self._keyframes]
        self._motion = motion
        self._shape = shape
        self._forward: tuple[int, int, Points] | None = None  # keyframe's index, frame, points on it
        self._checkpoints: tuple[int, dict[int, Points]] = (-1, {})  # keyframe's index, frame → points
        self._block: tuple[int, dict[int, Points]] = (-1, {})  # keyframe's index, frame → points, one block of them

    def at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(ab float32 (H, W, 2), mask bool (H, W)) of the frame: its own strokes if it is a keyframe, and the
        points of the keyframes before and after it, the nearer one's counting more where they meet."""
        before = bisect_left(self._numbers, frame) - 1
        after = bisect_right(self._numbers, frame)
        arriving = []
        if before >= 0:
            arriving.append((self._from_before(before, frame), frame - self._numbers[before]))
        if after < len(self._numbers):
            arriving.append((self._from_after(after, frame), self._numbers[after] - frame))
        if after - before == 2:  # the frame is a keyframe itself
            return self._with_strokes(before + 1, arriving)
        return splat(arriving, self._motion.shape, self._shape)

    def told(self, frame: int, other: int | None) -> tuple[np.ndarray, np.ndarray]:
        """What `at` gives for a keyframe, but of its neighbours only one is heard, or none. other: the keyframe before
        or after it."""
        arriving = []
        if other is not None:
            index = self._numbers.index(other)
            points = self._from_before(index, frame) if other < frame else self._from_after(index, frame)
            arriving.append((points, abs(frame - other)))
        return self._with_strokes(self._numbers.index(frame), arriving)

    def _with_strokes(self, index: int, arriving: list[tuple[Points, int]]) -> tuple[np.ndarray, np.ndarray]:
        """The points that arrive on a keyframe, given by its index, and over them its strokes."""
        ab, mask = splat(arriving, self._motion.shape, self._shape)
        own_ab, own_mask = rasterize(self._keyframes[index].strokes, self._shape[1], self._shape[0])
        ab[own_mask] = own_ab[own_mask]
        return ab, mask | own_mask

    def _start(self, index: int) -> Points:
        keyframe = self._keyframes[index]
        return points_of(keyframe, self._motion.picture(keyframe.frame))

    def _from_before(self, index: int, frame: int) -> Points:
        known = self._forward
        if known is None or known[0] != index or known[1] > frame:
            known = (index, self._numbers[index], self._start(index))
        _, position, points = known
        while position < frame and len(points):
            motion = self._motion.between(position)
            position += 1
            points = follow(points, motion, self._motion.picture(position), backward=False)
        self._forward = (index, frame, points)
        return points

    def _from_after(self, index: int, frame: int) -> Points:
        if self._block[0] != index or frame not in self._block[1]:
            self._block = (index, self._expand(index, frame))
        return self._block[1][frame]

    def _expand(self, index: int, frame: int) -> dict[int, Points]:
        """The points on every frame of the block that holds `frame`, coming back from the keyframe."""
        if self._checkpoints[0] != index:
            keyframe = self._numbers[index]
            self._checkpoints = (index, {keyframe: self._start(index)})
        checkpoints = self._checkpoints[1]
        first = frame // BLOCK * BLOCK
        position = min(number for number in checkpoints if number > frame)
        points = checkpoints[position]
        block = {}
        while position > first:
            if len(points):
                motion = self._motion.between(position - 1)
                points = follow(points, motion, self._motion.picture(position - 1), backward=True)
            position -= 1
            if position % BLOCK == 0:
                checkpoints[position] = points
            if position < first + BLOCK:
                block[position] = points
        return block


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
        rows = _pixel_of(points.y, scale_y, height)[:, None, None] + around[:, None]
        columns = _pixel_of(points.x, scale_x, width)[:, None, None] + around
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


def _pixel_of(place: np.ndarray, scale: float, size: int) -> np.ndarray:
    """The pixel of a picture `scale` times as large, `size` pixels long, that positions (n,) fall on."""
    return np.clip(np.round((place + 0.5) * scale - 0.5), 0, size - 1).astype(np.intp)


def _lightness_at(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """L* around positions, float32 (n,): the mean of 3 by 3 pixels."""
    return _sample(cv2.blur(picture, (3, 3)).astype(np.float32), x, y) / np.float32(2.55)


def _sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`image` (h, w) or (h, w, c) at positions, bilinear: (n,) or (n, c)."""
    if not len(x):
        return np.zeros((0, *image.shape[2:]), np.float32)
    return cv2.remap(image, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
