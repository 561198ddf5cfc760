"""The windows through which the face network sees pictures."""

from __future__ import annotations

import cv2
import numpy as np

from .nets.face import SIDE


def window(
    picture: np.ndarray, place: tuple[float, float], span: float, *, turned: float = 0.0, mirrored: bool = False
) -> np.ndarray:
    """A square of a picture, (SIDE, SIDE) or (SIDE, SIDE, 3) of its dtype; past its border its last pixels again.

    picture: uint8 or float32 (H, W) or (H, W, 3). place: x and y of its middle, in pixels. span: pixels to its side.
    turned: degrees. mirrored: left for right.
    """
    scale = SIDE / span
    if scale < 0.5:
        picture, place, scale = _reduced(picture, place, span)
    cosine, sine = scale * np.cos(np.radians(turned)), scale * np.sin(np.radians(turned))
    linear = np.array([[cosine, sine], [-sine, cosine]])
    if mirrored:
        linear[0] *= -1.0
    middle = (SIDE - 1) / 2.0 - linear @ np.array(place)
    interpolation = cv2.INTER_LINEAR if scale < 1.5 else cv2.INTER_CUBIC
    return cv2.warpAffine(
        picture, np.column_stack((linear, middle)), (SIDE, SIDE), flags=interpolation, borderMode=cv2.BORDER_REPLICATE
    )


def _reduced(
    picture: np.ndarray, place: tuple[float, float], span: float
) -> tuple[np.ndarray, tuple[float, float], float]:
    """What of the picture a window may see, a whole number of times smaller; the place, and the scale that is left."""
    times = int(span / SIDE)
    x, y = place
    height, width = picture.shape[:2]
    left, top = max(0, int(x - span)), max(0, int(y - span))
    seen = picture[top : min(height, int(y + span) + 1), left : min(width, int(x + span) + 1)]
    size = max(1, seen.shape[1] // times), max(1, seen.shape[0] // times)
    across, down = size[0] / seen.shape[1], size[1] / seen.shape[0]
    middle = ((x - left + 0.5) * across - 0.5, (y - top + 0.5) * down - 0.5)
    return cv2.resize(seen, size, interpolation=cv2.INTER_AREA), middle, SIDE / span / across
