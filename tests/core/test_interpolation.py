"""Chroma of the frames between those that the networks predict."""

from __future__ import annotations

import numpy as np

from core.chroma_detail import Chroma
from core.interpolation import PREDICTED_EVERY, Side, interpolated, predicted_around

SHAPE = (32, 48)


def way(right: float, trust: float = 1.0) -> np.ndarray:
    """To a frame on which everything is further to the right by so many pixels."""
    return np.dstack([np.full(SHAPE, value, np.float32) for value in (right, 0.0, trust)])


def ramp(right: float) -> np.ndarray:
    """ab that grows by 1 a pixel, on a frame on which everything is further to the right by so many pixels."""
    columns = np.arange(SHAPE[1], dtype=np.float32) - np.float32(right)
    return np.repeat(np.stack((columns, -columns), -1)[None], SHAPE[0], 0)


def side(ab: np.ndarray, right: float = 0.0, trust: float = 1.0, distance: int = 1, **more: np.ndarray) -> Side:
    return Side(Chroma(ab, **more), way(right, trust), distance)


def flat(a: float, b: float) -> np.ndarray:
    return np.full((*SHAPE, 2), (a, b), np.float32)


def test_every_third_frame_is_predicted_and_the_others_lie_between_two_of_them() -> None:
    assert PREDICTED_EVERY == 3
    assert [predicted_around(frame) for frame in range(5)] == [(0, 0), (0, 3), (0, 3), (3, 3), (3, 6)]


def test_colours_come_along_the_motion_from_both_sides() -> None:
    chroma = interpolated((side(ramp(-2.5), -2.5), side(ramp(4.0), 4.0)))
    np.testing.assert_allclose(chroma.ab[:, 6:-6], ramp(0.0)[:, 6:-6], atol=0.05)
    assert chroma.detail is None


def test_of_two_sides_the_one_that_can_be_trusted_counts() -> None:
    chroma = interpolated((side(flat(30.0, 10.0)), side(flat(-30.0, 0.0), trust=0.0)))
    np.testing.assert_allclose(chroma.ab, flat(30.0, 10.0), atol=0.1)


def test_of_two_sides_alike_in_trust_the_nearer_one_counts_more() -> None:
    chroma = interpolated((side(flat(30.0, 0.0), distance=1), side(flat(0.0, 0.0), distance=2)))
    np.testing.assert_allclose(chroma.ab, flat(20.0, 0.0), atol=0.01)


def test_where_neither_can_be_trusted_their_mean_stands() -> None:
    chroma = interpolated((side(flat(30.0, 10.0), trust=0.0), side(flat(10.0, 20.0), trust=0.0)))
    np.testing.assert_allclose(chroma.ab, flat(20.0, 15.0), atol=0.1)


def test_detail_comes_with_the_colours() -> None:
    detail = np.full((2 * SHAPE[0], 2 * SHAPE[1], 2), 4.0, np.float32)
    told, guessed = side(flat(1.0, 2.0), detail=detail), side(flat(1.0, 2.0))
    chroma = interpolated((told, guessed))
    assert chroma.detail is not None
    # The other side has nothing finer.
    np.testing.assert_allclose(chroma.detail, 2.0, atol=1e-3)
    alone = interpolated((told, side(flat(1.0, 2.0), trust=0.0)))
    assert alone.detail is not None
    np.testing.assert_allclose(alone.detail, 4.0, atol=0.02)
