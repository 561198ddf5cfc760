"""A decoded picture of a movie as an sRGB frame."""

from __future__ import annotations

from functools import cache

import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

# As Blender 5.0 converts (movie_read.cc): each pixel takes the chroma sample that covers it, rounded exactly.
_CONVERSION = Interpolation.POINT | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


def bit_depth_of(picture: VideoFrame) -> int:
    """8, or 16 for a picture with more than 8 bits a component."""
    return 8 if _component_bits(picture.format) <= 8 else 16


def srgb_of(picture: VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    """The picture as uint8 or uint16 (H, W, 3), with its display rotation applied and its alpha dropped.

    Matrix and range are the picture's own: BT.709, BT.601, SMPTE 240M, FCC or BT.2020, limited or full. Without
    tags it is BT.601, limited, whatever the size, as with ffmpeg and Blender; a purely grey pixel format is full
    range even if tagged otherwise, as with both. Transfer and primaries are left as coded, as in a strip whose
    colour space is sRGB. Non-square pixels stay as coded. Quarter turns are applied, mirroring is not, as in
    Blender. 8-bit frames of BT.709 footage were equal to Blender 5.0.1's to the last bit; those of more bits are
    up to 0.4 % lighter, since Blender's white falls short by that much.
    """
    bit_depth = bit_depth_of(picture)
    converted = reformatter.reformat(
        picture,
        format="rgb24" if bit_depth == 8 else "rgb48le",
        interpolation=_CONVERSION,
        dst_color_range=ColorRange.JPEG,
    )
    rgb = converted.to_ndarray()
    if bit_depth == 16:
        white = _swscale_white(picture)
        if white < 65535:
            rgb = _stretch(white)[rgb]
    return np.ascontiguousarray(np.rot90(rgb, round(picture.rotation / 90) % 4))


def _swscale_white(picture: VideoFrame) -> int:
    """The 16-bit value that swscale (libswscale 9) gives for white: it shifts, where white needs a division."""
    if picture.format.is_rgb:
        return 65535
    if picture.color_range == ColorRange.JPEG or len(picture.format.components) < 3:
        bits = _component_bits(picture.format)
        return ((1 << bits) - 1) << (16 - bits)
    return 255 << 8


@cache
def _stretch(white: int) -> np.ndarray:
    """uint16 (65536,): value → value with white at 65535."""
    return np.minimum(np.rint(np.arange(65536) * (65535 / white)), 65535).astype(np.uint16)


def _component_bits(pixel_format: VideoFormat) -> int:
    return max(component.bits for component in pixel_format.components)
