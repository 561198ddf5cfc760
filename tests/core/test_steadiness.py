"""Chroma averaged along the motion, judged by chroma whose flicker is known."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from core.chroma_detail import Chroma
from core.color import lightness_from_srgb
from core.flow import motion_shape
from core.shading import log_chroma_room
from core.steadiness import STEADY_REACH, steady_correction, steady_look
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


def corrected(
    frame: int,
    chroma: list[np.ndarray],
    motion: StripMotion,
    strength: float = 1.0,
    sureness: list[float] | None = None,
) -> np.ndarray:
    """The frame's ab, made steady; sureness: of each frame's colours, the same everywhere."""
    looks = {}
    for number, ab in enumerate(chroma):
        sure = None if sureness is None else np.full(ab.shape[:2], sureness[number], np.float32)
        looks[number] = steady_look(Chroma(ab, sureness=sure), motion.picture(number))
    motions = {number: motion.between(number) for number in range(len(chroma) - 1)}
    return chroma[frame] + steady_correction(frame, looks, motions, strength)


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
    count, middle = 2 * STEADY_REACH + 1, STEADY_REACH
    motion, steady = seen(camera_move(count, step)), pattern_moving(count, step)
    flickering = [ab + (6.0 if number % 2 else -6.0) for number, ab in enumerate(steady)]
    # Of 19 frames 9 have +6, the middle one among them, and 10 have -6: their mean is -6/19.
    left = (corrected(middle, flickering, motion) - steady[middle])[INNER]
    assert abs(left.mean() - -6 / 19) < 0.8
    assert np.abs(left).mean() < 1.5


def test_frames_count_by_how_sure_their_colours_are() -> None:
    motion, steady = seen(camera_move(5, 0.0)), pattern_moving(5, 0.0)
    wrong = [ab + (20.0 if number == 2 else 0.0) for number, ab in enumerate(steady)]
    left = [
        np.abs(corrected(2, wrong, motion, sureness=[0.9, 0.9, own, 0.9, 0.9]) - steady[2]).mean()
        for own in (0.1, 0.5, 0.9)
    ]
    assert left == sorted(left)
    assert left[0] < 0.5
    assert abs(left[2] - 20 / 5) < 0.5


def test_strength_goes_from_nothing_to_the_whole() -> None:
    motion, steady = seen(camera_move(3)), pattern_moving(3, 1.0)
    flickering = [ab + (6.0 if number == 1 else 0.0) for number, ab in enumerate(steady)]
    corrections = [corrected(1, flickering, motion, strength) for strength in (0.0, 0.3, 0.6, 1.0)]
    errors = [np.abs(ab - steady[1])[INNER].mean() for ab in corrections]
    assert abs(errors[0] - 6.0) < 1e-3
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 3.0


def test_nothing_comes_from_across_a_cut() -> None:
    # Still, so that within a shot nothing changes either.
    motion = seen([*camera_move(3, 0.0), *camera_move(3, 0.0, name="coins")])
    # The same part of what there is room for on either side of the cut, in opposite hues.
    rooms = [np.exp(log_chroma_room(cv2.blur(motion.picture(n), (3, 3)) / np.float32(2.55))) for n in range(6)]
    chroma = [np.dstack([room * (2.0 if n < 3 else -2.0)] * 2).astype(np.float32) for n, room in enumerate(rooms)]
    assert chroma[0].shape == (HEIGHT, WIDTH, 2)
    for number in range(6):
        assert np.abs(corrected(number, chroma, motion) - chroma[number]).max() < 1e-4


def test_a_moving_shot_before_a_cut_is_as_it_is_alone() -> None:
    shot, chroma = camera_move(3), pattern_moving(3, 1.0)
    together = seen([*shot, *camera_move(3, name="coins")])
    for number in range(3):
        beside = corrected(number, [*chroma, *(ab - 60.0 for ab in chroma)], together)
        assert np.array_equal(beside, corrected(number, chroma, seen(shot)))


def test_colours_that_follow_the_light_stay_as_it_changes() -> None:
    photograph, count = camera_move(1)[0], 2 * STEADY_REACH + 1
    # Two stops, as a cloud would; and everywhere as much chroma as a part of what there is room for.
    stops = np.linspace(0.0, -2.0, count)
    frames = [(photograph * 2.0 ** (stop / 2.2) + 0.5).astype(np.uint8) for stop in stops]
    rooms = [np.exp(log_chroma_room(lightness_from_srgb(frame))) for frame in frames]
    chroma = [np.dstack([room * np.float32(20.0 / rooms[0].mean())] * 2) for room in rooms]
    last = chroma[-1]
    assert chroma[0].mean() > 1.2 * last.mean()
    assert np.abs(corrected(count - 1, chroma, seen(frames)) - last)[INNER].mean() < 0.02 * last.mean()


def test_colours_do_not_follow_light_that_flickers() -> None:
    """Neither a whole frame's exposure nor grain is light that colours follow."""
    photograph, count, middle = camera_move(1)[0], 2 * STEADY_REACH + 1, STEADY_REACH
    rng = np.random.default_rng(3)
    frames = [
        (photograph * gain + rng.normal(0.0, 6.0, photograph.shape[:2])[..., None]).clip(0, 255).astype(np.uint8)
        for gain in rng.uniform(0.8, 1.0, count)
    ]
    frames[middle] = (photograph * 0.7).astype(np.uint8)
    # As colours that are carried: a part of what there is room for on each frame.
    rooms = [np.exp(log_chroma_room(lightness_from_srgb(frame))) for frame in frames]
    chroma = [np.dstack([room * np.float32(20.0 / rooms[0].mean())] * 2) for room in rooms]
    around = np.mean([ab for number, ab in enumerate(chroma) if number != middle], 0)
    difference = [np.abs(ab - around)[INNER].mean() for ab in (chroma[middle], corrected(middle, chroma, seen(frames)))]
    assert difference[0] > 1.5
    assert difference[1] < 0.35 * difference[0]


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
