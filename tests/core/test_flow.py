"""Motion between two frames, judged by a texture moved by known amounts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from core.flow import (
    flow_failures,
    measure_motion,
    motion_picture,
    motion_shape,
    return_error,
    warp,
)

HEIGHT, WIDTH = 96, 160


def texture() -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=(HEIGHT + 32, WIDTH + 32)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.interp(smooth, (smooth.min(), smooth.max()), (0, 255)).astype(np.uint8)


def photograph(name: str) -> np.ndarray:
    return cv2.resize(getattr(data, name)()[:300, :500], (WIDTH + 32, HEIGHT + 32), interpolation=cv2.INTER_AREA)


def window(picture: np.ndarray, x: int, y: int) -> np.ndarray:
    return np.ascontiguousarray(picture[16 + y : 16 + y + HEIGHT, 16 + x : 16 + x + WIDTH])


def test_motion_of_a_moved_picture_is_the_move_and_back() -> None:
    picture = texture()
    motion = measure_motion(window(picture, 0, 0), window(picture, -4, 3))
    inner = np.s_[16:-16, 16:-16]
    assert np.abs(motion.forward[inner][..., :2] - (4, -3)).max() < 0.5
    assert np.abs(motion.backward[inner][..., :2] - (-4, 3)).max() < 0.5
    assert motion.forward[inner][..., 2].min() > 0.5
    assert not motion.cut


def test_warp_brings_the_later_frame_onto_the_earlier_one() -> None:
    picture = texture()
    earlier, later = window(picture, 0, 0), window(picture, 5, 0)
    motion = measure_motion(earlier, later)
    moved = warp(later.astype(np.float32), motion.forward[..., :2])
    inner = np.s_[16:-16, 16:-16]
    assert np.abs(moved - earlier)[inner].mean() < 2.0
    assert np.abs(later.astype(np.float32) - earlier)[inner].mean() > 20.0


def test_return_error_is_small_where_motion_is_shared_and_infinite_outside_the_picture() -> None:
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 3.0
    error = return_error(flow, -flow)
    assert error[:, :27].max() == 0.0
    assert np.isinf(error[:, 27:]).all()
    assert np.allclose(return_error(flow, np.zeros_like(flow))[:, :27], 3.0)


def test_another_shot_is_a_cut_and_flicker_is_none() -> None:
    frame, moved = window(photograph("camera"), 0, 0), window(photograph("camera"), 2, 1)
    assert measure_motion(frame, window(photograph("coins"), 0, 0)).cut
    assert not measure_motion(frame, (moved * 0.75).astype(np.uint8)).cut


def test_something_that_fills_most_of_the_picture_at_once_is_no_cut() -> None:
    frame = window(photograph("camera"), 0, 0)
    filled = frame.copy()
    edge = WIDTH // 6
    filled[:, edge:] = frame[::-1, : edge - 1 : -1]
    assert 0.8 < flow_failures(frame, filled) < 0.9
    assert not measure_motion(frame, filled).cut


@pytest.mark.parametrize("flat", [0, 128, 255])
def test_a_flat_frame_beside_a_picture_is_a_cut_and_two_flat_frames_are_none(flat: int) -> None:
    card = np.full((HEIGHT, WIDTH), flat, np.uint8)
    frame = window(texture(), 0, 0)
    assert measure_motion(card, frame).cut
    assert measure_motion(frame, card).cut
    assert not measure_motion(card, card).cut


def test_motion_size_bounds_the_short_side_and_never_enlarges() -> None:
    assert motion_shape(1920, 1080) == (256, 448)
    assert motion_shape(1080, 1920) == (448, 256)
    assert motion_shape(160, 96) == (96, 160)


def test_tiny_pictures_still_have_motion() -> None:
    lightness = np.random.default_rng(0).uniform(0, 100, (2, 3)).astype(np.float32)
    picture = motion_picture(lightness, motion_shape(3, 2))
    assert measure_motion(picture, picture).forward.shape == (16, 16, 3)
