"""Hints carried from keyframes to other frames, judged by where a known motion puts them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from skimage import data

from core.color import ab_from_hex
from core.flow import motion_shape
from core.hint_tracking import HintTracker, Stays
from core.hints import HintTrack, Keyframe, Stroke
from core.raster import rasterize
from core.strip_motion import BLOCK, StripMotion
from core.transfer_paths import AnchorPaths

HEIGHT, WIDTH = 96, 128
RED, BLUE = "#c03020", "#2040c0"


class Strip:
    """Frames held in memory, counting how many were read."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        self.frames = frames
        self.reads = 0

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        for frame in self.frames[first : last + 1]:
            self.reads += 1
            yield np.repeat(frame[..., None], 3, axis=2)


def camera_moving(count: int, step: float) -> list[np.ndarray]:
    """A photograph under a camera that moves right by `step` pixels a frame, so that its content moves left."""
    photograph = cv2.resize(data.camera(), (360, 360), interpolation=cv2.INTER_AREA)
    return [cv2.getRectSubPix(photograph, (WIDTH, HEIGHT), (110 + step * number, 190)) for number in range(count)]


def dot(color: str, x: float, y: float, radius: float = 0.05) -> Stroke:
    return Stroke(color, radius, ((x, y),))


def tracker(frames: list[np.ndarray], *keyframes: Keyframe) -> HintTracker:
    shape = motion_shape(WIDTH, HEIGHT)
    return tracker_of(StripMotion(Strip(frames), shape), shape, *keyframes)


def tracker_of(
    motion: StripMotion, shape: tuple[int, int], *keyframes: Keyframe, stays: Stays | None = None
) -> HintTracker:
    paths = cache(lambda keyframe: AnchorPaths(motion, keyframe, fine=False))
    return HintTracker(HintTrack(keyframes), motion, paths, shape, stays)


def centre(mask: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return columns.mean() + 0.5, rows.mean() + 0.5


def test_a_keyframe_has_exactly_its_strokes() -> None:
    keyframe = Keyframe(3, (dot(RED, 0.5, 0.5), dot(BLUE, 0.2, 0.3)))
    ab, mask = tracker(camera_moving(6, 1.0), keyframe).at(3)
    wanted_ab, wanted_mask = rasterize(keyframe.strokes, WIDTH, HEIGHT)
    assert np.array_equal(mask, wanted_mask)
    assert np.array_equal(ab, wanted_ab)


def test_hints_that_stay_are_on_their_keyframe_alone() -> None:
    frames, shape = camera_moving(6, 1.0), motion_shape(WIDTH, HEIGHT)
    motion = StripMotion(Strip(frames), shape)
    keyframe = Keyframe(0, (dot(RED, 0.5, 0.5), dot(BLUE, 0.2, 0.3)))
    hints = tracker_of(motion, shape, keyframe, stays=lambda number, ab, mask: mask & (ab[..., 1] > 0.0))
    ab, mask = hints.at(0)
    assert np.array_equal(mask, rasterize(keyframe.strokes, WIDTH, HEIGHT)[1])
    ab, mask = hints.at(3)
    assert mask.any() and np.allclose(ab[mask], ab_from_hex(BLUE), atol=1e-3)


@pytest.mark.parametrize("keyframe", [0, 10, 20])
def test_a_hint_moves_with_what_it_lies_on(keyframe: int) -> None:
    hints = tracker(camera_moving(21, 1.5), Keyframe(keyframe, (dot(RED, 0.5, 0.5),)))
    for frame in (0, 5, 10, 20):
        ab, mask = hints.at(frame)
        x, y = centre(mask)
        assert abs(x - (WIDTH / 2 - 1.5 * (frame - keyframe))) < 1.0
        assert abs(y - HEIGHT / 2) < 1.5
        assert np.allclose(ab[mask], ab_from_hex(RED), atol=1e-3)
        assert not ab[~mask].any()
        _, on_keyframe = hints.at(keyframe)
        assert mask.sum() > 0.7 * on_keyframe.sum()


def test_a_hint_that_leaves_the_picture_ends_there() -> None:
    hints = tracker(camera_moving(21, 4.0), Keyframe(0, (dot(RED, 0.2, 0.5),)))
    masks = [hints.at(frame)[1].sum() for frame in range(21)]
    assert masks[0] > 0
    assert masks[12:] == [0] * 9


def test_a_hint_does_not_cross_a_cut_in_either_direction() -> None:
    first = camera_moving(4, 1.0)
    second = [cv2.resize(frame, (WIDTH, HEIGHT)) for frame in (data.coins()[:250, :330],) * 4]
    hints = tracker(first + second, Keyframe(1, (dot(RED, 0.5, 0.5),)), Keyframe(6, (dot(BLUE, 0.5, 0.5),)))
    for frame in range(8):
        ab, mask = hints.at(frame)
        assert mask.any()
        assert np.allclose(ab[mask], ab_from_hex(RED if frame < 4 else BLUE), atol=1e-3)


def test_a_hint_on_something_that_gets_covered_is_dropped() -> None:
    frames = camera_moving(12, 0.0)
    covered = []
    for number, frame in enumerate(frames):
        frame = frame.copy()
        frame[:, : 12 * number] = cv2.resize(data.coins(), (WIDTH, HEIGHT))[:, : 12 * number]
        covered.append(frame)
    _, mask = tracker(covered, Keyframe(0, (dot(RED, 0.25, 0.5),))).at(11)
    assert not mask.any()


def test_flicker_of_the_whole_picture_keeps_the_hint() -> None:
    moving = camera_moving(10, 1.0)
    frames = [(frame * (0.7 if number % 2 else 1.0)).astype(np.uint8) for number, frame in enumerate(moving)]
    hints = tracker(frames, Keyframe(0, (dot(RED, 0.5, 0.5),)))
    assert hints.at(9)[1].sum() > 0.7 * hints.at(0)[1].sum()


def test_frames_between_two_keyframes_have_the_hints_of_both() -> None:
    hints = tracker(camera_moving(11, 0.5), Keyframe(0, (dot(RED, 0.3, 0.5),)), Keyframe(10, (dot(BLUE, 0.7, 0.5),)))
    for frame in (0, 5, 10):
        ab, mask = hints.at(frame)
        for color in (RED, BLUE):
            assert np.any(np.linalg.norm(ab[mask] - ab_from_hex(color), axis=1) < 1.0)


def test_a_keyframe_ends_the_reach_of_the_one_before_the_one_before() -> None:
    places = ((0, RED, 0.3), (4, BLUE, 0.6), (8, BLUE, 0.7))
    keyframes = [Keyframe(frame, (dot(color, x, 0.5),)) for frame, color, x in places]
    ab, mask = tracker(camera_moving(9, 0.5), *keyframes).at(6)
    assert np.allclose(ab[mask], ab_from_hex(BLUE), atol=1e-3)


def test_the_nearer_keyframe_counts_more_where_two_meet() -> None:
    hints = tracker(camera_moving(11, 0.0), Keyframe(0, (dot(RED, 0.5, 0.5),)), Keyframe(10, (dot(BLUE, 0.5, 0.5),)))
    ab, mask = hints.at(1)
    to_red, to_blue = (np.linalg.norm(ab[mask].mean(0) - ab_from_hex(color)) for color in (RED, BLUE))
    assert to_red < 0.25 * to_blue


def test_the_same_hints_come_out_in_whatever_order_frames_are_asked_for() -> None:
    frames = camera_moving(2 * BLOCK + 9, 0.3)
    keyframes = (Keyframe(2, (dot(RED, 0.4, 0.4),)), Keyframe(2 * BLOCK + 5, (dot(BLUE, 0.6, 0.6),)))
    ascending = tracker(frames, *keyframes)
    expected = {frame: ascending.at(frame) for frame in range(len(frames))}
    for frame in (len(frames) - 1, BLOCK, 1):
        ab, mask = tracker(frames, *keyframes).at(frame)
        assert np.array_equal(mask, expected[frame][1])
        assert np.array_equal(ab, expected[frame][0])


def test_walking_a_stretch_reads_its_frames_at_most_twice() -> None:
    count = 3 * BLOCK + 1
    strip = Strip(camera_moving(count, 0.1))
    shape = motion_shape(WIDTH, HEIGHT)
    hints = tracker_of(StripMotion(strip, shape), shape, Keyframe(count - 1, (dot(RED, 0.5, 0.5),)))
    for frame in range(count):
        hints.at(frame)
    assert strip.reads <= 2 * count + 10


def test_hints_come_at_the_working_size_asked_for() -> None:
    frames = camera_moving(3, 1.0)
    motion = StripMotion(Strip(frames), motion_shape(WIDTH, HEIGHT))
    keyframe = Keyframe(0, (dot(RED, 0.5, 0.5),))
    hints = tracker_of(motion, (2 * HEIGHT, 2 * WIDTH), keyframe)
    own, followed = hints.at(0)[1], hints.at(2)[1]
    assert own.shape == followed.shape == (2 * HEIGHT, 2 * WIDTH)
    assert 0.8 * own.sum() < followed.sum() < 1.2 * own.sum()
    assert abs(centre(followed)[0] - (WIDTH - 4.0)) < 2.0


def test_a_stroke_off_the_picture_and_an_empty_keyframe_are_no_hints() -> None:
    hints = tracker(camera_moving(4, 0.0), Keyframe(0, (dot(RED, 1.8, 0.5),)), Keyframe(2, ()))
    assert not any(hints.at(frame)[1].any() for frame in range(4))


def test_painting_over_the_whole_picture_is_followed_too() -> None:
    hints = tracker(camera_moving(4, 1.0), Keyframe(0, (Stroke(RED, 0.5, ((0.0, 0.5), (1.0, 0.5))),)))
    _, mask = hints.at(3)
    assert mask[8:-8, 8:-12].mean() > 0.95
