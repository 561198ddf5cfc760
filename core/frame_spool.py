"""Frames that come once, made readable more than once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from .errors import InputError

# What is kept in memory before frames go to a temporary folder.
MEMORY_BYTES = 512 * 1024 * 1024


class FrameSpool:
    """An iterable of frames as footage: reading ahead keeps what was passed over until it is released.

    Use it as a context manager: what went to disk is removed at its end.
    """

    def __init__(self, frames: Iterable[np.ndarray]) -> None:
        self._frames = iter(frames)
        self._count = 0
        self._released = 0
        self._in_memory: dict[int, np.ndarray] = {}
        self._folder: Path | None = None

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        """Frames first..last, both included; fewer where they end. Raises InputError "bad-frame"."""
        for number in range(first, last + 1):
            while self._count <= number:
                frame = next(self._frames, None)
                if frame is None:
                    return
                self._take(frame)
            yield self._frame(number)

    def release(self, before: int) -> None:
        """Frames below `before` will not be read again."""
        for number in range(self._released, min(before, self._count)):
            if self._in_memory.pop(number, None) is None:
                self._path(number).unlink()
            self._released = number + 1

    def _take(self, frame: np.ndarray) -> None:
        if frame.dtype not in (np.uint8, np.uint16) or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
            raise InputError(
                "bad-frame",
                f"Frame {self._count} is {frame.dtype} of shape {frame.shape}, and must be uint8 or uint16 (H, W, 3).",
            )
        newest = self._in_memory.get(self._count - 1)
        if newest is not None and (newest.shape != frame.shape or newest.dtype != frame.dtype):
            raise InputError(
                "bad-frame",
                f"Frame {self._count} is {frame.dtype} of shape {frame.shape}, but the one before it is {newest.dtype} "
                f"of shape {newest.shape}.",
            )
        self._in_memory[self._count] = frame.copy()
        self._count += 1
        while len(self._in_memory) > max(1, MEMORY_BYTES // frame.nbytes):
            oldest = next(iter(self._in_memory))
            np.save(self._path(oldest), self._in_memory.pop(oldest))

    def _frame(self, number: int) -> np.ndarray:
        frame = self._in_memory.get(number)
        return np.load(self._path(number), allow_pickle=False) if frame is None else frame.copy()

    def _path(self, number: int) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="vse-colorizer-"))
        return self._folder / f"{number}.npy"

    def __enter__(self) -> FrameSpool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
