"""Clips with a known motion, and what becomes of their colours, for tests of the way from footage to colour."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import skimage.data

from core.color import ab_from_srgb, recolor

HEIGHT, WIDTH = 144, 192
RED, BLUE, GREY = "#c03020", "#2040c0", "#808080"


class ListedFootage:
    """Frames in a list, as footage."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        self.frames = frames

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        yield from self.frames[first : last + 1]


def camera_move(count: int, step: float = 1.0, name: str = "camera") -> list[np.ndarray]:
    """uint8 (144, 192, 3), grey: a photograph under a camera that moves right by `step` pixels a frame."""
    photograph = cv2.cvtColor(cv2.resize(_grey(name), (400, 400), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2RGB)
    return [cv2.getRectSubPix(photograph, (WIDTH, HEIGHT), (150 + step * number, 200)) for number in range(count)]


def grey(frames: list[np.ndarray]) -> list[np.ndarray]:
    """The frames without chroma."""
    return [recolor(frame, np.zeros((*frame.shape[:2], 2), np.float32)) for frame in frames]


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of ab."""
    return float(np.linalg.norm(ab_from_srgb(found) - ab_from_srgb(truth), axis=-1).mean())


def _grey(name: str) -> np.ndarray:
    picture = getattr(skimage.data, name)()
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
