"""Hint strokes cover exactly the pixels that they should."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.color import ab_from_hex
from core.hints import Stroke
from core.raster import rasterize

RED, GREEN = "#c83c28", "#28a050"


def distances(stroke: Stroke, width: int, height: int) -> np.ndarray:
    """float64 (height, width): from each pixel's centre to the stroke's line, in pixels, one pixel at a time."""
    corners = [np.array(point) * (width, height) for point in stroke.points]
    segments = list(pairwise(corners)) or [(corners[0], corners[0])]
    result = np.full((height, width), np.inf)
    for y in range(height):
        for x in range(width):
            center = np.array([x + 0.5, y + 0.5])
            for start, end in segments:
                along = end - start
                share = np.clip(np.dot(center - start, along) / max(np.dot(along, along), 1e-300), 0.0, 1.0)
                result[y, x] = min(result[y, x], float(np.linalg.norm(center - start - share * along)))
    return result


points = st.tuples(st.floats(-1, 2), st.floats(-1, 2))
strokes = st.builds(
    Stroke,
    st.sampled_from([RED, GREEN]),
    st.floats(0.001, 0.5),
    st.lists(points, min_size=1, max_size=5).map(tuple),
)


@given(strokes, st.integers(1, 14), st.integers(1, 14))
def test_a_stroke_covers_the_pixels_within_its_radius(stroke: Stroke, width: int, height: int):
    _, mask = rasterize([stroke], width, height)
    distance, radius = distances(stroke, width, height), max(stroke.radius * width, 0.5)
    assert mask[distance < radius - 1e-6].all()
    beyond = mask & (distance > radius + 1e-6)
    rows, columns = np.nonzero(beyond)
    holders = {(int(min(y * height, height - 1)), int(min(x * width, width - 1))) for x, y in stroke.points}
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) <= holders


@given(st.lists(strokes, max_size=4), st.integers(1, 20), st.integers(1, 20))
def test_chroma_is_that_of_the_last_stroke_over_a_pixel(several: list[Stroke], width: int, height: int):
    ab, mask = rasterize(several, width, height)
    assert ab.dtype == np.float32 and ab.shape == (height, width, 2)
    assert mask.dtype == bool and mask.shape == (height, width)
    expected, covered = np.zeros_like(ab), np.zeros_like(mask)
    for stroke in several:
        _, alone = rasterize([stroke], width, height)
        expected[alone] = ab_from_hex(stroke.color)
        covered |= alone
    assert np.array_equal(mask, covered) and np.array_equal(ab, expected)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 50), st.integers(1, 50))
def test_the_smallest_dot_on_the_picture_covers_the_pixel_that_holds_it(x: float, y: float, width: int, height: int):
    _, mask = rasterize([Stroke(RED, 1e-9, ((x, y),))], width, height)
    assert mask[min(int(y * height), height - 1), min(int(x * width), width - 1)]
    assert mask.sum() <= 4


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=4))
def test_the_thinnest_line_is_connected(line: list[tuple[float, float]]):
    _, mask = rasterize([Stroke(RED, 1e-9, tuple(line))], 40, 30)
    assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] == 2  # the ground and the line


def test_the_radius_is_a_fraction_of_the_width():
    for width, height in ((200, 100), (100, 200)):
        _, mask = rasterize([Stroke(RED, 0.1, ((0.5, 0.5),))], width, height)
        rows, columns = np.nonzero(mask)
        assert np.ptp(rows) == np.ptp(columns) == round(0.2 * width) - 1
        assert mask.sum() == pytest.approx(np.pi * (0.1 * width) ** 2, rel=0.02)
        assert (rows.mean() + 0.5, columns.mean() + 0.5) == (height / 2, width / 2)


def test_a_stroke_that_is_off_the_picture_covers_nothing():
    for point in ((-0.5, 0.5), (1.5, 0.5), (0.5, -0.5), (0.5, 1.5)):
        ab, mask = rasterize([Stroke(RED, 0.1, (point, point))], 60, 60)
        assert not mask.any() and not ab.any()
    _, crossing = rasterize([Stroke(RED, 0.01, ((-1.0, 0.5), (2.0, 0.5)))], 60, 60)
    assert crossing[29:31].all() and crossing.sum() == 120


def test_no_strokes_cover_nothing():
    ab, mask = rasterize([], 8, 5)
    assert ab.shape == (5, 8, 2) and not ab.any() and not mask.any()


def test_a_long_stroke_on_a_large_picture_is_quick():
    turns = np.linspace(0, 60, 5000)
    spiral = np.stack([0.5 + turns / 130 * np.cos(turns), 0.5 + turns / 130 * np.sin(turns)], axis=1)
    _, mask = rasterize([Stroke(GREEN, 0.004, tuple(map(tuple, spiral.tolist())))], 1920, 1080)
    assert mask[540, 960] and mask.sum() > 100_000
