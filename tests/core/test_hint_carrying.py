"""Hints carried to another frame as strokes, judged by where a known motion puts them."""

from __future__ import annotations

import numpy as np
import pytest

from core.color import ab_from_srgb
from core.flow import motion_shape
from core.hint_carrying import carried_strokes
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.pipeline import colorize_frames
from core.strip_motion import StripMotion

from .moving_pictures import BLUE, GREY, HEIGHT, RED, WIDTH, ListedFootage, camera_move

RADIUS = 0.03
MOVED = 12.0 / WIDTH  # of 12 frames under a camera that moves right, the content's way to the left


def carried(frames: list[np.ndarray], frame: int, *keyframes: Keyframe) -> list[Stroke]:
    return carried_strokes(HintTrack(keyframes), frame, StripMotion(ListedFootage(frames), motion_shape(WIDTH, HEIGHT)))


def line(color: str, *points: tuple[float, float], radius: float = RADIUS) -> Stroke:
    return Stroke(color, radius, points)


def distances(stroke: Stroke, line_from: tuple[float, float], line_to: tuple[float, float]) -> np.ndarray:
    """How far each of a stroke's points lies beside a line, in pixels."""
    scale = np.array([WIDTH, HEIGHT])
    start, end = np.array(line_from) * scale, np.array(line_to) * scale
    along = (end - start) / np.hypot(*(end - start))
    beside = np.array(stroke.points) * scale - start
    return np.abs(beside[:, 0] * along[1] - beside[:, 1] * along[0])


def test_a_stroke_moves_with_what_it_lies_on_and_keeps_its_colour_and_radius() -> None:
    frames = camera_move(13)
    (stroke,) = carried(frames, 12, Keyframe(0, (line(RED, (0.4, 0.4), (0.6, 0.6)),)))
    assert (stroke.color, stroke.radius) == (RED, RADIUS)
    assert distances(stroke, (0.4 - MOVED, 0.4), (0.6 - MOVED, 0.6)).max() < 1.5
    assert np.hypot(*(np.array(stroke.points[0]) - (0.4 - MOVED, 0.4))) < 1.5 / HEIGHT
    assert np.hypot(*(np.array(stroke.points[-1]) - (0.6 - MOVED, 0.6))) < 1.5 / HEIGHT
    assert len(stroke.points) < 8, "a straight stroke has points that say nothing"


def test_a_dot_is_carried_as_a_dot_from_a_later_keyframe_too() -> None:
    (stroke,) = carried(camera_move(13), 0, Keyframe(12, (line(BLUE, (0.5, 0.5)),)))
    ((x, y),) = stroke.points
    assert (x, y) == pytest.approx((0.5 + MOVED, 0.5), abs=1.5 / WIDTH)


def test_a_stroke_leaves_with_what_it_lies_on_and_its_rest_is_carried() -> None:
    frames = camera_move(41)
    gone, half = carried_from_left(frames, 0.05), carried_from_left(frames, 0.4)
    assert gone == []
    (stroke,) = half
    assert 0.0 <= min(x for x, _ in stroke.points) < 0.05
    assert max(x for x, _ in stroke.points) == pytest.approx(0.4 - 40.0 / WIDTH, abs=2.0 / WIDTH)


def carried_from_left(frames: list[np.ndarray], right: float) -> list[Stroke]:
    return carried(frames, 40, Keyframe(0, (line(RED, (0.02, 0.5), (right, 0.5)),)))


def test_nothing_is_carried_across_a_cut() -> None:
    frames = camera_move(6) + camera_move(6, name="astronaut")
    assert carried(frames, 8, Keyframe(0, (line(RED, (0.5, 0.5)),))) == []


def test_the_keyframes_next_to_the_frame_alone_are_carried() -> None:
    near, far = (Keyframe(number, (line(color, (0.5, 0.3)),)) for number, color in ((6, RED), (0, BLUE)))
    after = Keyframe(12, (line(GREY, (0.5, 0.7)),))
    assert {stroke.color for stroke in carried(camera_move(13), 9, far, near, after)} == {RED, GREY}


def test_of_two_strokes_on_one_place_the_nearer_keyframe_s_is_carried() -> None:
    earlier = Keyframe(0, (line(RED, (0.5, 0.5)),))
    later = Keyframe(12, (line(BLUE, (0.5 - MOVED, 0.5)),))
    frames = camera_move(13)
    assert [stroke.color for stroke in carried(frames, 4, earlier, later)] == [RED]
    assert [stroke.color for stroke in carried(frames, 8, earlier, later)] == [BLUE]


def test_what_is_painted_on_the_frame_already_stays_free_of_carried_strokes() -> None:
    painted = Keyframe(12, (line(GREY, (0.5, 0.5), radius=0.06),))
    long = line(RED, (0.2 + MOVED, 0.5), (0.8 + MOVED, 0.5))
    left, right = carried(camera_move(13), 12, Keyframe(0, (long,)), painted)
    assert max(x for x, _ in left.points) < 0.5 - 0.05 < 0.5 + 0.05 < min(x for x, _ in right.points)


def test_what_was_hidden_on_the_way_is_found_again() -> None:
    """A pillar passes over the stroke: followed from frame to frame it would be lost."""
    frames = [frame.copy() for frame in camera_move(13)]
    for number, frame in enumerate(frames):
        frame[:, 20 * number : 20 * number + 40] = 30
    (stroke,) = carried(frames, 12, Keyframe(0, (line(RED, (0.5, 0.5)),)))
    ((x, y),) = stroke.points
    assert (x, y) == pytest.approx((0.5 - MOVED, 0.5), abs=1.5 / WIDTH)


def test_hundreds_of_thin_strokes_are_carried() -> None:
    thin = tuple(line(RED, (0.3, y), (0.9, y), radius=0.001) for y in np.linspace(0.05, 0.95, 150))
    assert len(carried(camera_move(3), 2, Keyframe(0, thin))) >= 100


def test_each_frame_that_is_passed_is_told() -> None:
    steps: list[None] = []
    track = HintTrack((Keyframe(0, (line(RED, (0.5, 0.5)),)), Keyframe(12, (line(BLUE, (0.5, 0.3)),))))
    motion = StripMotion(ListedFootage(camera_move(13)), motion_shape(WIDTH, HEIGHT))
    carried_strokes(track, 5, motion, lambda: steps.append(None))
    assert len(steps) == 12


def test_carried_hints_keep_the_colours_beyond_a_keyframe_of_one_stroke() -> None:
    """Without them a frame beyond it hears that one stroke alone."""
    frames = camera_move(17)
    first = Keyframe(0, (line(RED, (0.3, 0.3), (0.5, 0.4)), line(BLUE, (0.75, 0.7))))
    single = Keyframe(8, (line(GREY, (0.15, 0.85)),))
    strokes = carried(frames, 8, first, single)
    settings = Settings(working_size=128, device="cpu")

    def last(*keyframes: Keyframe) -> np.ndarray:
        return ab_from_srgb(list(colorize_frames(frames, HintTrack(keyframes), settings=settings))[-1])

    told = last(first)
    lost = np.abs(last(first, single) - told).mean()
    kept = np.abs(last(first, Keyframe(8, (*single.strokes, *strokes))) - told).mean()
    assert kept < 0.5 * lost
