"""How a strip's motion is read: few times from the beginning, and on from where it was read to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from core.flow import Motion, motion_shape
from core.strip_motion import BLOCK, StripMotion

from .moving_pictures import camera_move

HEIGHT, WIDTH = 48, 64
LENGTH = 4 * BLOCK


class Opened:
    """Footage that notes where it was begun to read, and how many frames were read."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        self.frames, self.begun, self.taken = frames, [], 0

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        self.begun.append(first)
        for frame in self.frames[first : last + 1]:
            self.taken += 1
            yield frame


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return [frame[:HEIGHT, :WIDTH].copy() for frame in camera_move(LENGTH, 0.2)]


def motion_of(footage: Opened) -> StripMotion:
    return StripMotion(footage, motion_shape(WIDTH, HEIGHT))


def same(one: Motion, other: Motion) -> bool:
    return np.array_equal(one.forward, other.forward) and np.array_equal(one.backward, other.backward)


def test_a_walk_on_through_the_strip_begins_to_read_once(frames: list[np.ndarray]) -> None:
    footage = Opened(frames)
    motion = motion_of(footage)
    for earlier, _ in pairwise(range(LENGTH)):
        motion.between(earlier)
    assert footage.begun == [0] and footage.taken == LENGTH


def test_a_walk_back_from_a_keyframe_begins_to_read_no_more_often(frames: list[np.ndarray]) -> None:
    footage = Opened(frames)
    motion = motion_of(footage)
    motion.picture(0)
    for frame in reversed(range(3 * BLOCK)):
        motion.between(frame)
    # A dissolve may be looked for beyond the keyframe, too.
    assert footage.begun == [0] and footage.taken <= LENGTH


def test_what_is_far_ahead_is_read_from_the_block_before_it_on() -> None:
    still = camera_move(1)[0][:HEIGHT, :WIDTH].copy()
    footage = Opened([still] * (12 * BLOCK))
    motion = motion_of(footage)
    motion.picture(0)
    motion.picture(10 * BLOCK + 3)
    assert footage.begun == [0, 9 * BLOCK]


def test_frames_that_were_seen_elsewhere_since_are_not_read_on_through(frames: list[np.ndarray]) -> None:
    footage = Opened(frames)
    motion = motion_of(footage)
    motion.picture(0)
    for number in range(BLOCK + 1, 2 * BLOCK):
        motion.see(number, np.zeros((HEIGHT, WIDTH), np.float32))
    motion.picture(2 * BLOCK)
    assert footage.begun == [0, 2 * BLOCK]


def test_motion_is_the_same_whichever_way_it_is_walked(frames: list[np.ndarray]) -> None:
    onward, back = motion_of(Opened(frames)), motion_of(Opened(frames))
    forward = {number: onward.between(number) for number in range(12)}
    backward = {number: back.between(number) for number in reversed(range(12))}
    alone = motion_of(Opened(frames)).between(7)
    assert all(same(forward[number], backward[number]) for number in range(12))
    assert same(forward[7], alone)
