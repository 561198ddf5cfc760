"""Routes to an anchor: where a frame's pixels are found on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.color import ab_from_srgb, lightness_from_srgb
from core.flow import motion_shape, warp
from core.frames.source import open_source
from core.strip_motion import StripMotion
from core.transfer_paths import MAX_REACH, AnchorPaths

from .moving_pictures import HEIGHT, WIDTH, ListedFootage, camera_move

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "clips_val"
INSIDE = (slice(20, -20), slice(20, -60))


def motion_of(frames: list[np.ndarray]) -> StripMotion:
    return StripMotion(ListedFootage(frames), (HEIGHT, WIDTH))


@pytest.mark.parametrize("anchor, frame", [(0, 30), (30, 0), (20, 20)])
def test_a_pan_is_followed_to_the_anchor_from_both_sides(anchor: int, frame: int) -> None:
    arrival = AnchorPaths(motion_of(camera_move(31, 1.5)), anchor).at(frame)
    assert arrival is not None
    error = arrival.best.flow - np.float32([1.5 * (frame - anchor), 0.0])
    inside = error[INSIDE] if frame >= anchor else error[20:-20, 60:-20]
    assert np.median(np.abs(inside)) < 0.1
    assert np.percentile(np.abs(inside), 95) < 0.75


def test_a_frame_is_found_the_same_however_it_was_asked_for() -> None:
    frames = camera_move(36)
    there = AnchorPaths(motion_of(frames), 34)
    back_and_forth = [there.at(number) for number in (28, 35, 33, 28)]
    for number, arrival in zip((28, 35, 33, 28), back_and_forth, strict=True):
        alone = AnchorPaths(motion_of(frames), 34).at(number)
        assert arrival is not None and alone is not None
        np.testing.assert_array_equal(arrival.best.flow, alone.best.flow)
        np.testing.assert_array_equal(arrival.best.doubt, alone.best.doubt)


def test_what_was_hidden_is_doubted_and_what_comes_back_is_found_again() -> None:
    frames = camera_move(12, 0.0)
    for number in range(3, 9):
        frames[number][40:100, 60:120] = 255
        frames[number][60:80, 80:100] = 0
    paths = AnchorPaths(motion_of(frames), 0)
    hidden, shown = paths.at(6), paths.at(11)
    assert hidden is not None and shown is not None
    doubtful = hidden.best.doubt + hidden.best.change
    assert np.median(doubtful[50:90, 70:110]) > 3.0
    assert np.median(doubtful[110:, :50]) < 1.0
    assert np.percentile(np.abs(shown.best.flow[45:95, 65:115]), 80) < 0.5


def test_what_came_into_the_picture_later_was_not_in_sight() -> None:
    arrival = AnchorPaths(motion_of(camera_move(31, 2.0)), 0).at(30)
    assert arrival is not None
    assert np.median(arrival.seen[20:-20, -50:]) == 0.0
    assert np.median(arrival.seen[INSIDE]) > 0.9


def test_what_was_hidden_is_out_of_sight_from_then_on() -> None:
    frames = camera_move(12, 0.0)
    for number in range(3, 9):
        frames[number][40:100, 60:120] = 255
        frames[number][60:80, 80:100] = 0
    shown = AnchorPaths(motion_of(frames), 0).at(11)
    assert shown is not None
    assert np.median(shown.seen[50:90, 70:110]) < 0.2
    assert np.median(shown.seen[110:, :50]) > 0.9


def test_a_cut_ends_the_way() -> None:
    frames = camera_move(6) + camera_move(6, name="coins")
    paths = AnchorPaths(motion_of(frames), 2)
    assert paths.at(5) is not None
    assert paths.at(6) is None and paths.at(9) is None


def test_the_way_back_ends_far_before_an_anchor_and_the_way_on_does_not() -> None:
    still = camera_move(1)[0]
    far = MAX_REACH + 6

    class StillFootage:
        def read(self, first: int, last: int) -> Iterator[np.ndarray]:
            return (still for _ in range(first, min(last, far) + 1))

    assert AnchorPaths(StripMotion(StillFootage(), (HEIGHT, WIDTH)), far).at(far - MAX_REACH - 1) is None
    assert AnchorPaths(StripMotion(StillFootage(), (32, 48)), 0).at(40) is not None


def test_the_way_back_is_walked_no_further_than_asked_and_from_there_on() -> None:
    motion = motion_of(camera_move(40, 0.5))
    measured: list[int] = []
    between = motion.between
    motion.between = lambda frame: (measured.append(frame), between(frame))[1]  # type: ignore[method-assign]
    paths = AnchorPaths(motion, 38, fine=False)
    at_once = AnchorPaths(motion, 38, fine=False).at(34)
    measured.clear()
    for frame in (36, 37, 35, 34, 36):
        arrival = paths.at(frame)
        assert arrival is not None
    assert measured == [37, 36, 35, 34]
    last = paths.at(34)
    assert at_once is not None and last is not None
    assert np.array_equal(last.best.flow, at_once.best.flow)


@pytest.mark.parametrize("anchor, frame", [(0, 20), (20, 0)])
def test_rough_paths_lead_both_ways(anchor: int, frame: int) -> None:
    """At half the size, so the camera moves half as many pixels."""
    arrival = AnchorPaths(motion_of(camera_move(21, 1.5)), anchor, fine=False).at(frame)
    assert arrival is not None and arrival.onward is not None
    (there,), onward = arrival.routes, arrival.onward
    moved = 0.75 * (frame - anchor)
    middle = (slice(20, -20), slice(32, -32))
    assert np.median(np.abs(there.flow[middle] - np.float32([moved, 0.0]))) < 0.1
    assert np.median(np.abs(onward.flow[middle] + np.float32([moved, 0.0]))) < 0.1
    gone = onward.arrives[:, :8] if moved > 0 else onward.arrives[:, -8:]
    assert not gone.any() and onward.arrives[middle].mean() > 0.95


@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"needs the clips in {CLIPS}")
@pytest.mark.parametrize("clip, alive", [("bear", 0.7), ("bedroom", 0.75), ("bmx-trees", 0.3)])
def test_what_surely_arrives_lies_on_its_own_colour_in_real_clips(clip: str, alive: float) -> None:
    """Rough paths from the first frame to the 20th after it, at points on a grid."""
    with open_source(CLIPS / f"{clip}.mp4") as source:
        frames = list(source.read(0, 20))
    height, width = motion_shape(source.info.width, source.info.height)
    frames = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames]
    arrival = AnchorPaths(StripMotion(ListedFootage(frames), (height, width)), 0, fine=False).at(20)
    assert arrival is not None and arrival.onward is not None
    small = [cv2.resize(ab_from_srgb(frames[number]), (width // 2, height // 2)) for number in (0, 20)]
    off = np.linalg.norm(warp(small[1], arrival.onward.flow) - small[0], axis=-1)[3::4, 3::4] > 15
    arrives = arrival.onward.arrives[3::4, 3::4]
    assert arrives.mean() > alive
    assert off[arrives].mean() < 0.05


def test_a_change_of_exposure_is_no_change_of_place() -> None:
    frames = camera_move(8)
    frames[5:] = [np.clip(frame.astype(np.int16) + 20, 0, 255).astype(np.uint8) for frame in frames[5:]]
    assert lightness_from_srgb(frames[6]).mean() > lightness_from_srgb(frames[0]).mean() + 4
    arrival = AnchorPaths(motion_of(frames), 0).at(7)
    assert arrival is not None
    assert np.median(arrival.best.change[INSIDE]) < 2.0
