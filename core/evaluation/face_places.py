"""Where faces are in colour pictures: what OpenCV's cascades find and the colours of skin confirm."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from ..color import ab_from_srgb
from ..face_finding import cascade
from ..faces import is_skin

# The first finds, and one of the others must agree: alone a third of what any of them finds is a face.
_FINDER, _WITNESSES = "frontalface_alt2", ("frontalface_alt", "frontalface_default")
# Cascades see pictures with a short side of so many pixels, and look for faces from this part of it on.
_SEEN_SIDE, _LEAST_PART = 192, 0.14
_SCALE_STEP, _NEIGHBOURS = 1.1, 2
# Two finds are one if their middles are less than this part of a width apart, and one is less than so many times wider.
_SAME_PLACE, _SAME_WIDTH = 0.25, 1.5
# A face is an ellipse in its square: its middle below the square's, and half its width and height, as parts of that.
_MIDDLE, _HALVES = (0.5, 0.53), (0.38, 0.42)


class Face(NamedTuple):
    """A square of pixels: its left top corner, and its width."""

    left: float
    top: float
    width: float


class FacePlaces(NamedTuple):
    """faces: what is one. others: what a cascade took for one, and which has no colour of skin. None of either where
    there may be a face that nothing confirms."""

    faces: list[Face]
    others: list[Face]
    sure: bool


def find_faces(pictures: Sequence[np.ndarray]) -> list[FacePlaces]:
    """The faces of colour pictures, uint8 (H, W, 3): on a core some 60 small ones a second."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(_found, pictures), total=len(pictures), unit="picture"))


def _found(picture: np.ndarray) -> FacePlaces:
    enlarged = _SEEN_SIDE / min(picture.shape[:2])
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    candidates = _finds(_FINDER, grey, enlarged)
    if not candidates:
        return FacePlaces([], [], sure=True)
    agreeing = [find for name in _WITNESSES for find in _finds(name, grey, enlarged)]
    skinned = [face for face in candidates if has_skin(picture, face)]
    faces = [face for face in skinned if any(_same(face, other) for other in agreeing)]
    others = [face for face in candidates if face not in skinned]
    return FacePlaces(faces, others, sure=len(faces) == len(skinned))


def _finds(name: str, grey: np.ndarray, enlarged: float) -> list[Face]:
    least = round(_LEAST_PART * _SEEN_SIDE)
    found = cascade(name).detectMultiScale(grey, _SCALE_STEP, _NEIGHBOURS, minSize=(least, least))
    # A cascade's threads give them in any order.
    return sorted(Face(*(float(value) / enlarged for value in square[:3])) for square in found)


def _same(one: Face, other: Face) -> bool:
    apart = max(
        abs(a + one.width / 2.0 - b - other.width / 2.0) for a, b in zip(one[:2], other[:2], strict=True)
    )  # fmt: skip
    wider = max(one.width, other.width) / min(one.width, other.width)
    return apart < _SAME_PLACE * one.width and wider < _SAME_WIDTH


def has_skin(picture: np.ndarray, face: Face) -> bool:
    """Whether the middle of a face in a picture uint8 (H, W, 3) has a colour of skin."""
    left, top, width = face
    rows = slice(int(max(0.0, top + 0.25 * width)), int(top + 0.85 * width) + 1)
    columns = slice(int(max(0.0, left + 0.25 * width)), int(left + 0.75 * width) + 1)
    a, b = np.median(ab_from_srgb(np.ascontiguousarray(picture[rows, columns])).reshape(-1, 2), axis=0)
    return bool(is_skin(a, b))


def face_count(places: Iterable[FacePlaces]) -> int:
    """How many faces there are in all."""
    return sum(len(place.faces) for place in places)


def place_on_face(face: Face, across: float, down: float) -> tuple[float, float]:
    """x and y of a place in a face's ellipse, -1..1 each from its left and its top, or beyond it."""
    left, top, width = face
    return left + (_MIDDLE[0] + across * _HALVES[0]) * width, top + (_MIDDLE[1] + down * _HALVES[1]) * width


def on_face_of(place: tuple[float, float], face: Face) -> tuple[float, float]:
    """The inverse of `place_on_face`: how far across and down a place in pixels is."""
    left, top, width = face
    across = ((place[0] - left) / width - _MIDDLE[0]) / _HALVES[0]
    return across, ((place[1] - top) / width - _MIDDLE[1]) / _HALVES[1]
