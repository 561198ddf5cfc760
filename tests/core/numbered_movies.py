"""Small real movies whose pictures carry their number as a row of dark and light blocks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from core.frames.source import FrameSource

WIDTH, HEIGHT = 96, 48
_BLOCK = 12


def numbered_picture(number: int) -> np.ndarray:
    """uint8 (48, 96, 3): the number's eight bits as blocks, lowest first, under a strip of noise that differs."""
    bits = number >> np.arange(WIDTH // _BLOCK) & 1
    picture = np.repeat(np.where(bits, 220, 30), _BLOCK)[None, :, None].repeat(HEIGHT, 0).repeat(3, 2).astype(np.uint8)
    picture[:8] = np.random.default_rng(number).integers(60, 180, (8, WIDTH, 1))
    return picture


def number_in(frame: np.ndarray) -> int:
    """The number that a frame of such a movie carries."""
    row = frame[HEIGHT // 2, _BLOCK // 2 :: _BLOCK, 1] / np.iinfo(frame.dtype).max
    return int(((row > 0.5) << np.arange(len(row))).sum())


def numbers_in(source: FrameSource) -> list[int]:
    return [number_in(frame) for frame in source.read()]


def write_movie(
    path: Path,
    pictures: Sequence[np.ndarray | av.VideoFrame] | int = 24,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    *,
    fps: Fraction | int = 25,
    times: Sequence[int] | None = None,
    clock: Fraction | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    b_frames: int | None = None,
    rotation: int = 0,
    full_range: bool = False,
    matrix: int = 5,
) -> Path:
    """Encode a movie.

    pictures: uint8 (H, W, 3) each, or already in the pixel format, or how many numbered ones. times: when each is
    shown, in ticks of `clock` (default: one tick a frame). matrix: AVCOL_SPC, 0 RGB, 1 BT.709, 5 BT.601, 9 BT.2020.
    """
    if isinstance(pictures, int):
        pictures = [numbered_picture(number) for number in range(pictures)]
    with av.open(str(path), "w", format=container, options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=Fraction(fps), options=options or {})
        first = pictures[0]
        stream.height, stream.width = first.shape[:2] if isinstance(first, np.ndarray) else (first.height, first.width)
        stream.pix_fmt = pixel_format
        context = stream.codec_context
        context.color_range, context.colorspace = (2 if full_range else 1), matrix
        if b_frames is not None:
            context.max_b_frames = b_frames
        if clock is not None:
            context.time_base = clock
        if rotation:
            stream.set_display_rotation(rotation)
        for index, picture in enumerate(pictures):
            frame = picture if isinstance(picture, av.VideoFrame) else _coded(picture, pixel_format, matrix, full_range)
            frame.pts = index if times is None else times[index]
            if clock is not None:
                frame.time_base = clock
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def flat_picture(
    pixel_format: str, values: Sequence[int], *, matrix: int = 5, full_range: bool = False
) -> av.VideoFrame:
    """A picture of 32 by 32 pixels whose every component has one value as coded, given in the format's order."""
    frame = av.VideoFrame(32, 32, pixel_format)
    frame.colorspace, frame.color_range = matrix, 2 if full_range else 1
    for plane, value in zip(frame.planes, values, strict=True):
        dtype = np.uint8 if frame.format.components[0].bits <= 8 else np.uint16
        plane.update(np.full(plane.buffer_size // dtype().itemsize, value, dtype).tobytes())
    return frame


def _coded(picture: np.ndarray, pixel_format: str, matrix: int, full_range: bool) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
    return rgb.reformat(format=pixel_format, dst_colorspace=matrix, dst_color_range=2 if full_range else 1)
