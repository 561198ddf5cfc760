"""Footage that keeps notes of frames that will be asked for again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.noted_footage import NotedFootage


class Counted:
    """Frames of one value each, and how often each was read."""

    def __init__(self, length: int) -> None:
        self.length, self.reads = length, [0] * length

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        for number in range(first, min(last, self.length - 1) + 1):
            self.reads[number] += 1
            yield np.full((2, 3, 3), number, np.uint8)


def noted(footage: Counted, *numbers: int) -> NotedFootage:
    return NotedFootage(footage, set(numbers), lambda rgb: rgb[0, 0].astype(np.float32))


def test_a_frame_that_passed_is_not_read_again() -> None:
    footage = Counted(8)
    strip = noted(footage, 2, 5)
    assert [int(frame[0, 0, 0]) for frame in strip.read(1, 6)] == [1, 2, 3, 4, 5, 6]
    assert [strip.note(2)[0], strip.note(5)[0]] == [2.0, 5.0]
    assert footage.reads == [0, 1, 1, 1, 1, 1, 1, 0]


def test_a_frame_that_has_not_passed_is_read_once() -> None:
    footage = Counted(8)
    strip = noted(footage, 3)
    assert [strip.note(3)[0], strip.note(3)[0]] == [3.0, 3.0]
    assert footage.reads == [0, 0, 0, 1, 0, 0, 0, 0]


def test_old_notes_go_and_are_made_again_when_asked_for() -> None:
    footage = Counted(200)
    strip = noted(footage, *range(200))
    list(strip.read(0, 199))
    assert len(strip._notes) < 50
    assert strip.note(0)[0] == 0.0 and footage.reads[0] == 2
