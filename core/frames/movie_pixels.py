"""Decoded pictures of a movie as sRGB frames."""

from __future__ import annotations

from functools import cache

import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

# As Blender 5.0 converts (movie_read.cc): each pixel takes the chroma sample that covers it, rounded exactly. Without
# a chroma location swscale would shift the samples by half a pixel.
_SCALE = "flags=neighbor+full_chroma_int+accurate_rnd:in_chroma_loc=center:out_range=full"


class SrgbConverter:
    """Turns pictures into frames; keep one for a run of pictures.

    Matrix and range are each picture's own: BT.709, BT.601, SMPTE 240M, FCC or BT.2020, limited or full. Without
    tags it is BT.601, limited, whatever the size, as with ffmpeg and Blender; a purely grey pixel format is full
    range even if tagged otherwise, as with both. Transfer and primaries are left as coded, as in a strip whose
    colour space is sRGB. Non-square pixels stay as coded, alpha is dropped. Quarter turns of the display are
    applied, mirroring is not, as in Blender from 4.5 on. 8-bit frames were equal to Blender 5.0.1's to the last
    bit; those of more bits are up to 0.4 % lighter, since Blender's white falls short by that much.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._input: tuple[object, ...] = ()

    def frame_of(self, picture: VideoFrame) -> np.ndarray:
        """The picture as uint8 (H, W, 3), or uint16 if it has more than 8 bits a component."""
        made_for = (picture.width, picture.height, picture.format.name, picture.colorspace, picture.color_range)
        if self._graph is None or self._input != made_for:
            self._graph, self._input = _conversion(picture), made_for
        self._graph.vpush(picture)
        rgb = self._graph.vpull().to_ndarray()
        if rgb.dtype == np.uint16:
            rgb = _white_stretch(_swscale_white(picture))[rgb]
        return np.ascontiguousarray(np.rot90(rgb, round(picture.rotation / 90) % 4))


def _conversion(picture: VideoFrame) -> Graph:
    bits = _component_bits(picture.format)
    graph = Graph()
    graph.link_nodes(
        graph.add(
            "buffer",
            video_size=f"{picture.width}x{picture.height}",
            pix_fmt=picture.format.name,
            time_base="1/1",
            colorspace=str(int(picture.colorspace)),
            range=str(int(picture.color_range)),
        ),
        graph.add("scale", _SCALE),
        graph.add("format", "pix_fmts=rgb24" if bits <= 8 else "pix_fmts=rgb48le"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _swscale_white(picture: VideoFrame) -> int:
    """The 16-bit value that swscale (libswscale 9) gives for white: it shifts, where white needs a division."""
    if picture.format.is_rgb:
        return 65535
    if picture.color_range == ColorRange.JPEG or len(picture.format.components) < 3:
        bits = _component_bits(picture.format)
        return ((1 << bits) - 1) << (16 - bits)
    return 255 << 8


@cache
def _white_stretch(white: int) -> np.ndarray:
    """uint16 (65536,): value → value with white at 65535."""
    return np.minimum(np.rint(np.arange(65536) * (65535 / white)), 65535).astype(np.uint16)


def _component_bits(pixel_format: VideoFormat) -> int:
    return max(component.bits for component in pixel_format.components)
