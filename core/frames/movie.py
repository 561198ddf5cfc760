"""A movie file as a source of frames, through libav (PyAV): any container and codec that ffmpeg reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from ..errors import InputError
from .movie_file import decoded, open_movie
from .movie_index import index_movie
from .movie_pixels import SrgbConverter
from .source import FrameSource, SourceInfo, file_digest
from .timeline import pictures_of_frames

# Which keyframe before the wanted picture decoding begins at: the nearest; if that fails, one further back.
_KEYS_BACK = (1, 2, 5)


class MovieSource(FrameSource):
    """The frames of a movie's first video stream, as Blender numbers them (timeline.py).

    Opening reads the file through, to count its pictures, but decodes only the first of them. A picture that
    cannot be decoded is stood in for by the one before, and `warnings` says so once it has been read. Raises
    InputError: unreadable-source, not-a-video, no-frames; while reading mixed-sizes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = index_movie(path)
        self._missing: set[int] = set()
        if self._index.times is None or self._index.ticks_per_frame is None:
            self._pictures = np.arange(self._index.picture_count)
        else:
            self._pictures = pictures_of_frames(self._index.times, self._index.length, self._index.ticks_per_frame)
        frame = SrgbConverter().frame_of(self._index.first_picture)
        height, width = frame.shape[:2]
        self.info = SourceInfo("movie", width, height, len(self._pictures), self._index.fps, 8 * frame.itemsize)

    @property
    def warnings(self) -> list[str]:
        index, sentences = self._index, []
        if index.cut_short:
            sentences.append(
                f"The movie {self._path} is cut short ({index.cut_short}), and {self.info.frame_count} of its frames "
                "can be read."
            )
        if index.undecodable_count:
            sentences.append(
                f"The movie {self._path} has pictures that cannot be decoded and are left out: "
                f"{index.undecodable_count}."
            )
        if self._missing:
            sentences.append(
                f"The movie {self._path} has frames that cannot be decoded ({len(self._missing)}, the first is frame "
                f"{min(self._missing)}); the frame before stands in for each."
            )
        return sentences

    def digest(self) -> str:
        return file_digest(self._path)

    def _read(self, first: int, last: int) -> Iterator[np.ndarray]:
        converter = SrgbConverter()
        decoding = self._decode_from(int(self._pictures[first]))
        shown, picture = next(decoding)
        following: tuple[int, VideoFrame] | None = None
        for frame in range(first, last + 1):
            wanted = self._pictures[frame]
            while shown < wanted:
                following = following or next(decoding, None)
                if following is None or following[0] > wanted:
                    break
                (shown, picture), following = following, None
            if shown != wanted:
                self._missing.add(frame)
            yield self._checked(frame, converter.frame_of(picture))

    def _decode_from(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Numbered pictures from `start` on. If that one cannot be decoded, the one before it comes first."""
        for key in self._places_to_begin(start):
            container, stream = open_movie(self._path)
            with container:
                if key is not None:
                    try:
                        container.seek(key, stream=stream)
                    except av.FFmpegError:
                        continue
                times = None if self._index.times is None else self._index.packet_times
                pictures = self._numbered(decoded(container, stream, times))
                before, at = None, next(pictures, None)
                while at is not None and at[0] < start:
                    before, at = at, next(pictures, None)
                if key is not None and (at is None or at[0] != start or at[1].is_corrupt):
                    continue  # the seek went too far, or to where decoding cannot begin cleanly
                if before is not None and (at is None or at[0] != start):
                    yield before
                if at is not None:
                    yield at
                yield from pictures
                if before is None and at is None:
                    raise InputError("unreadable-source", f"The movie {self._path} cannot be decoded any more.")
                return

    def _places_to_begin(self, start: int) -> Iterator[int | None]:
        """Times to seek to for a picture, best first; None is the file's beginning."""
        times, keys = self._index.times, self._index.keys
        if times is not None:
            before = int(np.searchsorted(keys, times[start], side="right"))
            yield from (int(keys[before - back]) for back in _KEYS_BACK if before - back > 0)
        yield None

    def _numbered(self, pictures: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        times = self._index.times
        if times is None:
            yield from enumerate(pictures)
            return
        for picture in pictures:
            number = int(np.searchsorted(times, picture.pts)) if picture.pts is not None else len(times)
            if number < len(times) and times[number] == picture.pts:
                yield number, picture

    def _checked(self, frame: int, rgb: np.ndarray) -> np.ndarray:
        info = self.info
        if rgb.shape[:2] != (info.height, info.width) or rgb.itemsize * 8 != info.bit_depth:
            raise InputError(
                "mixed-sizes",
                f"Frame {frame} of the movie {self._path} is {rgb.shape[1]} by {rgb.shape[0]} pixels "
                f"of {rgb.itemsize * 8} bits, but the movie begins with {info.width} by {info.height} of "
                f"{info.bit_depth}.",
                "Split the movie where its size changes.",
            )
        return rgb
