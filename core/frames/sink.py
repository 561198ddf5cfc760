"""Frames out: pictures and movies, written whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from ..errors import InputError

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def encode_png(rgb: np.ndarray) -> bytes:
    """The PNG of a picture uint8 or uint16 (H, W, 3) sRGB: lossless, and the same bytes for the same picture."""
    done, data = cv2.imencode(".png", rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError("OpenCV did not encode the picture")
    return data.tobytes()


def write_whole(path: str | Path, data: bytes) -> None:
    """Put a file in place with this content, whole or not at all, over an older one.

    Raises InputError "disk-full" or "unwritable-output", and then leaves nothing behind.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> InputError:
    """The sentence for a failed write."""
    if error.errno in _FULL:
        return InputError("disk-full", f"The disk is full: {path} could not be written.", "Free some space.")
    return InputError(
        "unwritable-output",
        f"{path} cannot be written: {error.strerror or error}.",
        "Choose another folder, or change its permissions.",
    )


class MovieSink:
    """An H.264 movie (yuv420p, BT.709, limited range) under a temporary name until close().

    path: .mp4, .m4v, .mov or .mkv. Raises InputError "bad-output", "disk-full", "unwritable-output".
    """

    def __init__(self, path: str | Path, width: int, height: int, fps: Fraction) -> None:
        self._path = Path(path)
        self._temporary = self._path.with_name(f".{self._path.name}.part")
        self._size = (width, height)
        self._count = 0
        container = _CONTAINERS.get(self._path.suffix.lower())
        if container is None:
            raise InputError(
                "bad-output",
                f"{self._path} is no name for a movie that can be written.",
                f"Its name must end in {', '.join(sorted(_CONTAINERS))}.",
            )
        try:
            self._container = av.open(f"file:{self._temporary}", "w", format=container)
        except OSError as error:
            raise write_error(self._path, error) from error
        self._stream = self._container.add_stream("libx264", rate=fps, options={"crf": "14", "preset": "fast"})
        # 4:2:0 needs even sizes: an odd picture gets its last column or row once more.
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.color_range = ColorRange.MPEG
        context.colorspace = 1
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709

    def write(self, rgb: np.ndarray) -> None:
        """Append a frame, uint8 or uint16 (height, width, 3) sRGB."""
        width, height = self._size
        if rgb.shape != (height, width, 3):
            raise ValueError(f"the movie is {width} by {height}, and the frame has the shape {rgb.shape}")
        even = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = VideoFrame.from_ndarray(even, format="rgb24" if rgb.dtype == np.uint8 else "rgb48le")
        frame = frame.reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND,
        )
        frame.pts = self._count
        self._count += 1
        self._mux(frame)

    def close(self) -> None:
        """Finish the movie and put it in its place."""
        self._mux(None)
        try:
            self._container.close()
            os.replace(self._temporary, self._path)
        except OSError as error:
            self.abort()
            raise write_error(self._path, error) from error

    def abort(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._container.close()
        with suppress(OSError):
            self._temporary.unlink()

    def __enter__(self) -> MovieSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _mux(self, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except OSError as error:
            self.abort()
            raise write_error(self._path, error) from error
