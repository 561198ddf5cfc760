"""A single picture as a source of one frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .picture import read_picture
from .source import FrameSource, SourceInfo, file_digest


class StillSource(FrameSource):
    """One picture. Raises what `read_picture` raises."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._picture = read_picture(path)
        height, width = self._picture.shape[:2]
        self.info = SourceInfo("still", width, height, 1, None, 16 if self._picture.dtype == np.uint16 else 8)

    def _read(self, first: int, last: int) -> Iterator[np.ndarray]:
        yield self._picture.copy()

    def digest(self) -> str:
        return file_digest(self._path)
