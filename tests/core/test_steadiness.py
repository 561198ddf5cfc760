"""Chroma averaged along the motion, judged by chroma whose flicker is known."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from core.color import lightness_from_srgb
from core.flow import motion_shape
from core.steadiness import STEADY_REACH, small_lab, steady_correction
from core.strip_motion import StripMotion

from .moving_pictures import HEIGHT, WIDTH, camera_move

# Away from the picture's border, where new content comes in.
INNER = np.s_[16:-16, 16:-16]


class Frames:
    """Footage of these frames."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        self._frames = frames

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        return iter(self._frames[first : last + 1])


def seen(frames: list[np.ndarray]) -> StripMotion:
    motion = StripMotion(Frames(frames), motion_shape(WIDTH, HEIGHT))
    for number, frame in enumerate(frames):
        motion.see(number, lightness_from_srgb(frame))
    return motion


def corrected(frame: int, chroma: list[np.ndarray], motion: StripMotion, strength: float = 1.0) -> np.ndarray:
    labs = {number: small_lab(ab, motion.picture(number)) for number, ab in enumerate(chroma)}
    return chroma[frame] + steady_correction(frame, labs, motion.between, strength)


def pattern_moving(count: int, step: float) -> list[np.ndarray]:
    """The chroma of things that move like `camera_move`'s picture: float32 (H, W, 2)."""
    noise = cv2.GaussianBlur(np.random.default_rng(1).normal(size=(HEIGHT, WIDTH + 64)).astype(np.float32), (0, 0), 12)
    waves = noise / noise.std() * 20
    return [
        np.dstack([cv2.getRectSubPix(waves, (WIDTH, HEIGHT), (WIDTH / 2 + 16 + step * number, HEIGHT / 2))] * 2)
        for number in range(count)
    ]


@pytest.mark.parametrize("step", [0.0, 2.5])
def test_chroma_that_moves_with_the_picture_stays_as_it_is(step: float) -> None:
    motion, chroma = seen(camera_move(7, step)), pattern_moving(7, step)
    assert np.abs(corrected(3, chroma, motion) - chroma[3])[INNER].mean() < 0.5


@pytest.mark.parametrize("step", [0.0, 2.5])
def test_chroma_that_flickers_comes_to_the_mean_of_its_neighbours(step: float) -> None:
    motion, steady = seen(camera_move(7, step)), pattern_moving(7, step)
    flickering = [ab + (6.0 if number % 2 else -6.0) for number, ab in enumerate(steady)]
    # Frame 3 has +6, like 1 and 5; 0, 2, 4 and 6 have -6: the mean of all seven is -6/7.
    left = (corrected(3, flickering, motion) - steady[3])[INNER]
    assert abs(left.mean() - -6 / 7) < 0.8
    assert np.abs(left).mean() < 1.5


def test_strength_goes_from_nothing_to_the_whole() -> None:
    motion, steady = seen(camera_move(3)), pattern_moving(3, 1.0)
    flickering = [ab + (6.0 if number == 1 else 0.0) for number, ab in enumerate(steady)]
    corrections = [corrected(1, flickering, motion, strength) for strength in (0.0, 0.3, 0.6, 1.0)]
    errors = [np.abs(ab - steady[1])[INNER].mean() for ab in corrections]
    assert abs(errors[0] - 6.0) < 1e-3
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 3.0


def test_nothing_comes_from_across_a_cut() -> None:
    motion = seen([*camera_move(3), *camera_move(3, name="coins")])
    chroma = [np.full((HEIGHT, WIDTH, 2), 20.0 if number < 3 else -20.0, np.float32) for number in range(6)]
    for number in range(6):
        assert np.abs(corrected(number, chroma, motion) - chroma[number]).max() < 1e-4


def test_something_that_passes_by_does_not_lend_its_colour() -> None:
    frames, chroma = camera_move(5, 0.0), [np.zeros((HEIGHT, WIDTH, 2), np.float32) for _ in range(5)]
    for number, (frame, ab) in enumerate(zip(frames, chroma, strict=True)):
        square = np.s_[50:90, 20 + 30 * number : 50 + 30 * number]
        frame[square] = 250
        ab[square] = 60.0
    left = corrected(2, chroma, seen(frames))
    passed = np.s_[55:85, 25:45]
    assert np.abs(left[passed]).mean() < 6.0


def test_frames_beyond_the_reach_do_not_count() -> None:
    count = 2 * STEADY_REACH + 3
    motion, chroma = seen(camera_move(count)), pattern_moving(count, 1.0)
    middle = STEADY_REACH + 1
    changed = [ab + (50.0 if number in (0, count - 1) else 0.0) for number, ab in enumerate(chroma)]
    assert np.array_equal(corrected(middle, chroma, motion), corrected(middle, changed, motion))
