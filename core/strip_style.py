"""A job's style: one map for the whole strip, made when its first frame is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import repeat

import cv2
import numpy as np

from .color import lightness_from_srgb
from .colorizer import Colorizer
from .errors import InputError
from .frames.picture import read_picture
from .job import Style
from .nets.vgg import SHIPPED_ENCODER, load_encoder
from .strip_motion import Footage
from .style import STYLE_FRAMES, StyleMap, fit_style

# The short side, in pixels, at which the frames that the map is made from are coloured.
_SIZE = 192


class StripStyle:
    """digest: what the style adds to a frame's key; "" without a style."""

    def __init__(
        self, style: Style | None, footage: Footage, frame_count: int, colorizer: Colorizer, saturation: float
    ) -> None:
        """saturation: of the colours that the map starts from, which have no hints and no references, so that a
        changed hint leaves the map as it is. Raises InputError "bad-style" for a picture that cannot be read, and
        "bad-encoder"."""
        self._style, self._footage, self._frame_count = style, footage, frame_count
        self._colorizer, self._saturation = colorizer, saturation
        self._map: StyleMap | None = None
        self.digest = ""
        if style is not None:
            self._picture = _read(style.path)
            parts = (
                np.ascontiguousarray(self._picture).tobytes(),
                SHIPPED_ENCODER.read_bytes(),
                repr(style.strength).encode(),
            )
            self.digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def originals(self, numbers: Sequence[int]) -> Iterable[np.ndarray | None]:
        """What `finished` takes lightness from, for consecutive frames: the footage's, or nothing without a style."""
        if self._style is None:
            return repeat(None, len(numbers))
        return self._footage.read(numbers[0], numbers[-1])

    def finished(self, rgb: np.ndarray, original: np.ndarray | None) -> np.ndarray:
        """A coloured frame, uint8 or uint16 (H, W, 3), in the style, with its original's lightness."""
        if self._style is None or original is None:
            return rgb
        if self._map is None:
            self._map = self._fitted()
        return self._map.apply(rgb, original, self._style.strength)

    def _fitted(self) -> StyleMap:
        numbers = {round((i + 0.5) * self._frame_count / STYLE_FRAMES - 0.5) for i in range(STYLE_FRAMES)}
        lightness = [self._small_lightness(number) for number in sorted(numbers)]
        answers = [
            self._colorizer.predict(
                light,
                np.zeros((*light.shape, 2), np.float32),
                np.zeros(light.shape, dtype=bool),
                saturation=self._saturation,
            )
            for light in lightness
        ]
        return fit_style(load_encoder(), self._picture, lightness, answers)

    def _small_lightness(self, number: int) -> np.ndarray:
        light = lightness_from_srgb(next(iter(self._footage.read(number, number))))
        scale = min(1.0, _SIZE / min(light.shape))
        size = max(1, round(light.shape[1] * scale)), max(1, round(light.shape[0] * scale))
        return cv2.resize(light, size, interpolation=cv2.INTER_AREA)


def _read(path: str) -> np.ndarray:
    """uint8 (H, W, 3)."""
    try:
        picture = read_picture(path)
    except InputError as error:
        raise InputError("bad-style", f"The style picture cannot be used: {error.message}", error.hint) from error
    return picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8)
