"""References: pictures that are coloured already, at source frames of the footage.

A reference that is its frame in colour comes back as it is, pixel by pixel. Any other one leads by likeness, and the
frame keeps the footage's lightness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import cv2
import numpy as np

from .color import lightness_from_srgb
from .errors import InputError
from .frames.bit_depth import as_dtype
from .frames.picture import read_picture
from .hints import HintTrack
from .raster import rasterize
from .strip_motion import Footage

# Stills of footage differ from its own shape by rounding at most; beyond this share the picture is another one's.
_SAME_ASPECT = 0.02
# A block's mean difference in 8-bit steps that coding a frame can make: H.264 at its usual qualities makes 1 to 3.
_CODING_DIFFERENCE = 4.0
_BLOCK = 16
# A frame is made grey by its lightness, or by its luma: Rec. 601's (most software) or Rec. 709's.
_LUMAS = ((0.299, 0.587, 0.114), (0.2126, 0.7152, 0.0722))


def read_references(paths: Mapping[int, str]) -> dict[int, np.ndarray]:
    """Source frame → picture, uint8 or uint16 (H, W, 3) of any size.

    Raises InputError "bad-reference", naming the frame, the file, and what is wrong with it.
    """
    pictures = {}
    for frame, path in sorted(paths.items()):
        try:
            pictures[frame] = read_picture(path)
        except InputError as error:
            raise InputError(
                "bad-reference", f"The reference for frame {frame} cannot be used: {error.message}", error.hint
            ) from error
    return pictures


def check_frames(frames: Mapping[int, object], frame_count: int) -> None:
    """Raise InputError "bad-reference" if a reference stands on a frame that the footage does not have."""
    for frame in sorted(frames):
        if not 0 <= frame < frame_count:
            raise InputError(
                "bad-reference",
                f"There is a reference for frame {frame}; the footage has frames 0 to {frame_count - 1}.",
                "Give it a frame that is there; a still from elsewhere may stand on any.",
            )


class ReferenceFrames:
    """A strip's references at its frames' size and depth, and what becomes of the frames that they stand on."""

    def __init__(
        self,
        pictures: Mapping[int, np.ndarray],
        track: HintTrack,
        footage: Footage,
        width: int,
        height: int,
        dtype: np.dtype,
    ) -> None:
        """pictures: frame → uint8 or uint16 (h, w, 3) sRGB. width, height, dtype: of the footage's frames.
        Raises InputError "bad-reference" for what is no such picture."""
        self.pictures = fitted(pictures, width, height, dtype)
        self._strokes = {keyframe.frame: keyframe.strokes for keyframe in track.keyframes}
        self._footage = footage

    def digests(self) -> dict[int, str]:
        """Frame → SHA-256 of the picture's pixels, in hexadecimal."""
        return {
            frame: hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
            for frame, picture in self.pictures.items()
        }

    def finished(self, frame: int, rgb: np.ndarray) -> np.ndarray:
        """The frame as it goes out: the reference itself where it is the frame in colour, but for strokes on it, else
        rgb, the coloured frame, (H, W, 3)."""
        picture = self.pictures.get(frame)
        if picture is None or not is_frame_in_colour(picture, next(iter(self._footage.read(frame, frame)))):
            return rgb
        height, width = rgb.shape[:2]
        _, stroked = rasterize(self._strokes.get(frame, ()), width, height)
        return np.where(stroked[..., None], rgb, picture)


def fitted(pictures: Mapping[int, np.ndarray], width: int, height: int, dtype: np.dtype) -> dict[int, np.ndarray]:
    """Every picture at the footage's size and depth: (height, width, 3) of dtype uint8 or uint16.

    A picture of the footage's own shape (within 2%) is resized; of another one the middle that has the footage's
    shape is taken, as large as it goes, so that nothing is distorted. Raises InputError "bad-reference" for what is
    no such picture.
    """
    for frame in pictures:
        if not isinstance(frame, int | np.integer) or frame < 0:
            raise InputError(
                "bad-reference", f"There is a reference for frame {frame!r}, and frames are whole numbers from 0."
            )
    return {int(frame): _fitted(frame, picture, width, height, dtype) for frame, picture in sorted(pictures.items())}


def is_frame_in_colour(picture: np.ndarray, frame: np.ndarray) -> bool:
    """Whether a picture made grey is the frame, but for coding: no place differs, not even a small one that moved.

    Both (H, W, 3) of one size and dtype. The frame may have been made grey in any of the usual ways.
    """
    if picture.shape != frame.shape:
        return False
    steps = np.iinfo(frame.dtype).max / 255.0
    differences = [2.55 * (lightness_from_srgb(picture) - lightness_from_srgb(frame))]
    differences += [(_luma(picture, weights) - _luma(frame, weights)) / steps for weights in _LUMAS]
    return any(_largest_block_mean(np.abs(difference)) <= _CODING_DIFFERENCE for difference in differences)


def _fitted(frame: int, picture: np.ndarray, width: int, height: int, dtype: np.dtype) -> np.ndarray:
    picture = np.asarray(picture)
    if picture.dtype not in (np.uint8, np.uint16) or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise InputError(
            "bad-reference",
            f"The reference for frame {frame} is {picture.dtype} of shape {picture.shape}, and must be uint8 or "
            "uint16 (H, W, 3).",
        )
    if picture.shape[:2] != (height, width):
        picture = _resized(_of_shape(picture, width / height), width, height)
    return as_dtype(picture, dtype)


def _of_shape(picture: np.ndarray, aspect: float) -> np.ndarray:
    """The middle of the picture that is `aspect` times as wide as high."""
    height, width = picture.shape[:2]
    if abs(width / height / aspect - 1.0) <= _SAME_ASPECT:
        return picture
    kept_width, kept_height = min(width, max(1, round(height * aspect))), min(height, max(1, round(width / aspect)))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return picture[top : top + kept_height, left : left + kept_width]


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    shrinks = width * height < picture.shape[0] * picture.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=interpolation)


def _luma(picture: np.ndarray, weights: tuple[float, float, float]) -> np.ndarray:
    return picture.astype(np.float32) @ np.array(weights, np.float32)


def _largest_block_mean(difference: np.ndarray) -> float:
    height, width = difference.shape
    blocks = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    return float(cv2.resize(difference.astype(np.float32), blocks, interpolation=cv2.INTER_AREA).max())
