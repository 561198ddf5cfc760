"""Cuts, fades and dissolves of joined clips, and none in one shot, however it moves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest
import skimage.data

from core.flow import motion_shape
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.pipeline import colorize_frames
from core.strip_motion import StripMotion

HEIGHT, WIDTH = 192, 256
LENGTH = 34


def shot(name: str, length: int = LENGTH, velocity: tuple[float, float] = (1.0, 0.0)) -> np.ndarray:
    """float32 (length, 192, 256): a photograph, grey, under a camera that moves by `velocity` pixels a frame, with
    grain."""
    photograph = getattr(skimage.data, name)()
    grey = photograph if photograph.ndim == 2 else cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (512, 448), interpolation=cv2.INTER_AREA)
    grain = np.random.default_rng(0).normal(0, 2, (length, HEIGHT, WIDTH))
    centres = [(256 + velocity[0] * (n - length / 2), 224 + velocity[1] * (n - length / 2)) for n in range(length)]
    return np.stack([cv2.getRectSubPix(grey, (WIDTH, HEIGHT), centre) for centre in centres]) + grain


def dissolved(first: np.ndarray, second: np.ndarray, length: int) -> np.ndarray:
    """The shots joined by a dissolve of `length` frames, in which both go on."""
    share = ((np.arange(length) + 1) / (length + 1))[:, None, None]
    mix = first[-length:] * (1 - share) + second[:length] * share
    return np.concatenate([first[:-length], mix, second[length:]])


def faded(frames: np.ndarray, length: int, level: float) -> np.ndarray:
    """The shot fading out to black (level 0) or white (255) in its last `length` frames."""
    share = ((np.arange(length) + 1) / length)[:, None, None]
    return np.concatenate([frames[:-length], frames[-length:] * (1 - share) + level * share])


class Clip:
    """Frames as footage."""

    def __init__(self, frames: np.ndarray) -> None:
        grey = np.clip(frames + 0.5, 0, 255).astype(np.uint8)
        self.frames = grey[..., None].repeat(3, axis=-1)

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        yield from self.frames[first : last + 1]


def ends(frames: np.ndarray) -> list[int]:
    """The gaps, each named by the frame before it, that a shot ends in."""
    motion = StripMotion(Clip(frames), motion_shape(WIDTH, HEIGHT))
    return [number for number in range(len(frames) - 1) if motion.between(number).cut]


@pytest.mark.parametrize("names", [("camera", "coffee"), ("coins", "astronaut")])
def test_a_cut_is_found_and_nothing_else(names: tuple[str, str]) -> None:
    assert ends(np.concatenate([shot(names[0]), shot(names[1], velocity=(0.0, 1.0))])) == [LENGTH - 1]


@pytest.mark.parametrize("names", [("camera", "coffee"), ("astronaut", "camera")])
@pytest.mark.parametrize("length", [8, 24])
def test_a_dissolve_ends_the_shot_once_about_its_middle(names: tuple[str, str], length: int) -> None:
    found = ends(dissolved(shot(names[0]), shot(names[1], velocity=(0.0, 0.5)), length))
    assert len(found) == 1
    assert LENGTH - length <= found[0] < LENGTH


@pytest.mark.parametrize("level", [0.0, 255.0], ids=["black", "white"])
@pytest.mark.parametrize("length", [6, 16])
def test_a_fade_parts_the_shots_on_both_sides_where_nothing_shows(length: int, level: float) -> None:
    second = faded(shot("coffee")[::-1], length, level)[::-1]
    joined = np.concatenate([faded(shot("camera"), length, level), second])
    found = ends(joined)
    assert found
    for number in found:
        # Never while the picture still shows well.
        assert abs(number - (LENGTH - 1)) <= length * 2 // 3


@pytest.mark.parametrize("velocity", [(1.0, 0.0), (4.0, 1.0), (7.0, 0.0)], ids=["slow", "fast", "very fast"])
def test_a_camera_move_is_one_shot(velocity: tuple[float, float]) -> None:
    assert ends(shot("coffee", velocity=velocity)) == []


def test_a_change_of_exposure_a_zoom_and_a_passing_subject_are_one_shot() -> None:
    still = shot("camera", velocity=(0.0, 0.0))
    assert ends(still * np.linspace(0.5, 1.0, LENGTH)[:, None, None]) == []
    zooms = [cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, scale) for scale in np.linspace(1.0, 1.6, LENGTH)]
    zoomed = [cv2.warpAffine(frame, zoom, (WIDTH, HEIGHT)) for frame, zoom in zip(still, zooms, strict=True)]
    assert ends(np.stack(zoomed)) == []
    passing = still.copy()
    for number, frame in enumerate(passing):
        frame[40:160, 8 * number - 60 : 8 * number] = shot("coins", 1)[0][40:160, 8 * number - 60 : 8 * number]
    assert ends(passing) == []


def test_waves_under_a_slow_change_of_light_are_one_shot() -> None:
    """Seen small it is a mix of two pictures, and no flow leads from end to end; but the waves stay as sharp."""
    rng = np.random.default_rng(3)
    ripples = [cv2.GaussianBlur(rng.normal(0, 60, (HEIGHT, WIDTH)), (0, 0), 1.5) for _ in range(8)]
    frames = []
    for number in range(2 * LENGTH):
        # From one pattern of waves to the next within 10 frames, at the same height.
        angle = np.pi / 2 * (number % 10) / 10
        waves = np.cos(angle) * ripples[number // 10] + np.sin(angle) * ripples[number // 10 + 1]
        light = np.linspace(60, 190, WIDTH)
        share = np.clip((number - LENGTH + 8) / 16, 0, 1)
        frames.append(waves + light * (1 - share) + light[::-1] * share)
    assert ends(np.stack(frames)) == []


def test_a_hint_s_colour_ends_with_its_shot_in_a_dissolve() -> None:
    frames = Clip(dissolved(shot("camera", 16), shot("coffee", 16), 8)).frames
    small = [cv2.resize(frame, (128, 96), interpolation=cv2.INTER_AREA) for frame in frames]
    settings = Settings(variant="squeeze", device="cpu", working_size=128)
    red, blue = (
        list(colorize_frames(small, HintTrack((Keyframe(2, (Stroke(color, 0.1, ((0.5, 0.5),)),)),)), settings=settings))
        for color in ("#c03020", "#2040c0")
    )
    differs = [bool(np.any(one != other)) for one, other in zip(red, blue, strict=True)]
    assert all(differs[:8])
    assert not any(differs[16:])


def test_a_frame_s_shot_does_not_depend_on_what_was_asked_before() -> None:
    frames = dissolved(shot("camera"), shot("coffee"), 16)
    motion = StripMotion(Clip(frames), motion_shape(WIDTH, HEIGHT))
    backward = [number for number in reversed(range(len(frames) - 1)) if motion.between(number).cut]
    assert backward[::-1] == ends(frames)


def test_frames_are_not_read_again_and_again_at_the_end() -> None:
    taken = 0

    class Counted(Clip):
        def read(self, first: int, last: int) -> Iterator[np.ndarray]:
            nonlocal taken
            for frame in super().read(first, last):
                taken += 1
                yield frame

    frames = shot("camera", 70)
    motion = StripMotion(Counted(frames), motion_shape(WIDTH, HEIGHT))
    for earlier, _ in pairwise(range(70)):
        motion.between(earlier)
    # Each block is read with the frame after it.
    assert taken <= 70 + 2
