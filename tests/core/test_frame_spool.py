"""Frames that come once, read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import frame_spool
from core.errors import InputError
from core.frame_spool import FrameSpool


def frames(count: int) -> Iterator[np.ndarray]:
    for number in range(count):
        yield np.full((4, 6, 3), number, np.uint8)


def numbers(spool: FrameSpool, first: int, last: int) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in spool.read(first, last)]


def test_frames_can_be_read_again_ahead_and_beyond_the_end() -> None:
    with FrameSpool(frames(10)) as spool:
        assert numbers(spool, 6, 7) == [6, 7]
        assert numbers(spool, 0, 3) == [0, 1, 2, 3]
        assert numbers(spool, 8, 99) == [8, 9]
        assert numbers(spool, 20, 30) == []


def test_only_what_is_needed_is_taken() -> None:
    source = frames(10)
    with FrameSpool(source) as spool:
        assert numbers(spool, 0, 2) == [0, 1, 2]
        assert next(source)[0, 0, 0] == 3


def test_a_caller_s_array_may_be_used_again() -> None:
    buffer = np.zeros((4, 6, 3), np.uint8)

    def refilled() -> Iterator[np.ndarray]:
        for number in range(5):
            buffer[:] = number
            yield buffer

    with FrameSpool(refilled()) as spool:
        assert numbers(spool, 4, 4) == [4]
        assert numbers(spool, 0, 4) == [0, 1, 2, 3, 4]


def test_beyond_its_memory_frames_go_to_disk_and_leave_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_spool, "MEMORY_BYTES", 3 * 4 * 6 * 3)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with FrameSpool(frames(20)) as spool:
        assert numbers(spool, 19, 19) == [19]
        assert len(list(tmp_path.glob("*/*.npy"))) == 17
        assert numbers(spool, 0, 19) == list(range(20))
        spool.release(12)
        assert len(list(tmp_path.glob("*/*.npy"))) == 5
        assert numbers(spool, 12, 19) == list(range(12, 20))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "shape, dtype", [((4, 6), np.uint8), ((4, 6, 4), np.uint8), ((4, 6, 3), np.float32), ((0, 6, 3), np.uint8)]
)
def test_what_is_no_frame_is_named(shape: tuple[int, ...], dtype: type) -> None:
    with FrameSpool([np.zeros(shape, dtype)]) as spool, pytest.raises(InputError, match="Frame 0 is") as caught:
        numbers(spool, 0, 0)
    assert caught.value.code == "bad-frame"


def test_a_frame_of_another_size_is_named() -> None:
    mixed = [*frames(2), np.zeros((5, 6, 3), np.uint8)]
    with FrameSpool(mixed) as spool, pytest.raises(InputError, match="Frame 2 is"):
        numbers(spool, 0, 2)
