"""Hint strokes as pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .color import ab_from_hex
from .hints import Stroke

# A thinner stroke would fall between pixel centres; at half a pixel it is one connected line.
_THINNEST = 0.5


def rasterize(strokes: Sequence[Stroke], width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the strokes lie on a picture of this size, and with which chroma.

    Returns ab, float32 (height, width, 2) CIE Lab, zero where no stroke is, and mask, bool (height, width).
    A pixel is covered if its centre lies within the stroke's radius (a fraction of the width, at least half a
    pixel) of the line through its points; the pixel that holds a point always is, so the smallest dot shows.
    No antialiasing. Later strokes lie over earlier ones; what is off the picture is clipped.
    """
    ab = np.zeros((height, width, 2), np.float32)
    mask = np.zeros((height, width), bool)
    size = np.array([width, height], np.float64)
    for stroke in strokes:
        points = np.array(stroke.points, np.float64) * size
        radius = max(stroke.radius * width, _THINNEST)
        color = np.array(ab_from_hex(stroke.color), np.float32)
        for start, end in zip(points, points[1:] if len(points) > 1 else points, strict=False):
            rows, columns, covered = _capsule(start, end, radius, width, height)
            ab[rows, columns][covered] = color
            mask[rows, columns] |= covered
        on_picture = np.all((points >= 0.0) & (points <= size), axis=1)
        x, y = np.minimum(points[on_picture].astype(np.int64), size.astype(np.int64) - 1).T
        ab[y, x] = color
        mask[y, x] = True
    return ab, mask


def _capsule(
    start: np.ndarray, end: np.ndarray, radius: float, width: int, height: int
) -> tuple[slice, slice, np.ndarray]:
    """The rows and columns around a segment, clipped to the picture, and bool, which of their pixel centres lie
    within radius of it. start, end: float64 (2,), x and y in pixels."""
    left, top = np.minimum(start, end) - radius
    right, bottom = np.maximum(start, end) + radius
    columns = slice(max(math.ceil(left - 0.5), 0), max(min(math.floor(right - 0.5) + 1, width), 0))
    rows = slice(max(math.ceil(top - 0.5), 0), max(min(math.floor(bottom - 0.5) + 1, height), 0))
    x = np.arange(columns.start, columns.stop)[None, :] + 0.5 - start[0]
    y = np.arange(rows.start, rows.stop)[:, None] + 0.5 - start[1]
    along_x, along_y = end - start
    length_squared = along_x * along_x + along_y * along_y
    share = np.clip((x * along_x + y * along_y) / length_squared, 0.0, 1.0) if length_squared > 0.0 else 0.0
    distance_squared = (x - share * along_x) ** 2 + (y - share * along_y) ** 2
    return rows, columns, distance_squared <= radius * radius
