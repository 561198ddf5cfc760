"""A movie file as a source of frames, through libav (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from ..errors import InputError
from .source import FrameSource, SourceInfo, file_digest
from .timeline import Timeline, read_timeline

# As Blender 5.0 converts (movie_read.cc): nearest chroma, whole-pixel chroma, exact rounding.
_CONVERSION = Interpolation.POINT | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


class MovieSource(FrameSource):
    """The frames of a movie's first video stream."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.warnings = []
        self._timeline: Timeline = read_timeline(path, self.warnings)
        first = next(self._pictures(0), None)
        if first is None:
            raise InputError("unreadable-source", f"No frame of {path} can be decoded.", "The file may be damaged.")
        frame = first[1]
        bit_depth = 16 if max(component.bits for component in frame.format.components) > 8 else 8
        height, width = _rgb(frame, VideoReformatter(), bit_depth).shape[:2]
        self.info = SourceInfo("movie", width, height, len(self._timeline.pictures), self._timeline.fps, bit_depth)

    def _read(self, first: int, last: int) -> Iterator[np.ndarray]:
        reformatter = VideoReformatter()
        pictures = self._pictures(int(self._timeline.pictures[first]))
        number, frame = next(pictures)
        for wanted in self._timeline.pictures[first : last + 1]:
            while number < wanted:
                number, frame = next(pictures)
            yield _rgb(frame, reformatter, self.info.bit_depth)

    def _pictures(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        with av.open(f"file:{self._path}", metadata_errors="replace") as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for number, frame in enumerate(container.decode(stream)):
                if number >= start:
                    yield number, frame

    def digest(self) -> str:
        return file_digest(self._path)


def _rgb(frame: VideoFrame, reformatter: VideoReformatter, bit_depth: int) -> np.ndarray:
    """uint8 or uint16 (H, W, 3) sRGB of a decoded frame, display rotation applied."""
    rgb = reformatter.reformat(
        frame,
        format="rgb24" if bit_depth == 8 else "rgb48le",
        interpolation=_CONVERSION,
        dst_color_range=ColorRange.JPEG,
    ).to_ndarray()
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns))

