"""Faces found in grey pictures: where two of OpenCV's cascades agree that there is one, and the face network does."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from .faces import Faces
from .nets.face import SPAN

# Any two must agree: alone each errs more often than not.
_CASCADES = ("frontalface_default", "frontalface_alt2", "frontalface_alt")
_AGREEING = 2
# The short sides, in pixels, of the pictures that cascades see, and of the smallest faces that they look for there.
_SEEN_SIDE, _LEAST_SIDE = 300, 27
# A picture with a shorter side shows no face, and one that is many times as long as high is not enlarged for one.
_LEAST_SHORT_SIDE, _SEEN_LONG_SIDE = 32, 1200
_SCALE_STEP, _NEIGHBOURS = 1.15, 1
# Finds are of one face if their middles are less than this part of a width apart, and widths differ less than so often.
_SAME_PLACE, _SAME_WIDTH = 0.35, 1.8
# The network is asked of these sizes, as parts of the find's, and of places these parts of it from its middle; and
# its mean logit from where there may be a face to where there is.
_SIZES, _ASIDE = (0.64, 0.8, 1.0, 1.25, 1.56), 0.15
_MAYBE, _SURELY = 0.0, 0.6


Note = TypeVar("Note")


class FoundFace(NamedTuple):
    """x, y: its middle, right and down from the picture's top-left corner, and its width, all as parts of the picture's
    width. sureness: how surely it is one, above 0 to 1."""

    x: float
    y: float
    width: float
    sureness: float


class FaceFinder:
    """Cascades, and the face network, that look for faces in whole pictures."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def found(self, lightness: np.ndarray) -> list[FoundFace]:
        """The faces in a picture, float32 (H, W), L* 0..100, the surest first."""
        faces = (face._replace(sureness=self._sureness(lightness, face)) for face in _agreed(lightness))
        return sorted((face for face in faces if face.sureness > 0.0), key=lambda face: -face.sureness)

    def _sureness(self, lightness: np.ndarray, face: FoundFace) -> float:
        x, y, across, _ = (part * lightness.shape[1] for part in face)
        aside = _ASIDE * across
        places = [(x, y), (x - aside, y), (x + aside, y), (x, y - aside), (x, y + aside)]
        told = float(self._faces.logits(lightness, places, [SPAN * across * size for size in _SIZES]).mean())
        return min(1.0, max(0.0, (told - _MAYBE) / (_SURELY - _MAYBE)))


def grouped(finds: Iterable[tuple[FoundFace, Note]]) -> list[list[tuple[FoundFace, Note]]]:
    """Finds, each with a note of it, by the face that they are of: each is of the first that it is close to."""
    groups: list[list[tuple[FoundFace, Note]]] = []
    for find in finds:
        group = next((one for one in groups if is_same_face(find[0], [face for face, _ in one])), None)
        if group is None:
            groups.append(group := [])
        group.append(find)
    return groups


def is_same_face(face: FoundFace, others: Sequence[FoundFace]) -> bool:
    """Whether a find is of the face that others are of."""
    x, y, width, _ = np.mean(others, 0)
    widths = sorted((face.width, float(width)))
    return bool(np.hypot(face.x - x, face.y - y) < _SAME_PLACE * widths[1] and widths[1] < _SAME_WIDTH * widths[0])


_of_thread = threading.local()


def cascade(name: str) -> cv2.CascadeClassifier:
    """One of OpenCV's, the thread's own: they are not made to be shared."""
    known: dict[str, cv2.CascadeClassifier] = _of_thread.__dict__.setdefault("cascades", {})
    if name not in known:
        # OpenCV's stubs do not know its folder of cascades.
        known[name] = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")  # type: ignore[attr-defined]
    return known[name]


def _agreed(lightness: np.ndarray) -> Iterator[FoundFace]:
    """What enough cascades find, all of it sure."""
    if min(lightness.shape) < _LEAST_SHORT_SIDE:
        return
    finds: list[tuple[FoundFace, str]] = []
    grey = _equalized(lightness)
    for number, name in enumerate(_CASCADES):
        # Nothing yet, and too few left to agree.
        if not finds and len(_CASCADES) - number < _AGREEING:
            return
        squares = cascade(name).detectMultiScale(grey, _SCALE_STEP, _NEIGHBOURS, minSize=(_LEAST_SIDE, _LEAST_SIDE))
        parts = np.reshape(squares, (-1, 4))[:, :3] / grey.shape[1]
        finds += ((FoundFace(left + width / 2.0, top + width / 2.0, width, 1.0), name) for left, top, width in parts)
    # A cascade's threads give them in any order.
    for group in grouped(sorted(finds, key=lambda find: (-find[0].width, find))):
        if len({name for _, name in group}) >= _AGREEING:
            yield FoundFace(*np.mean([face for face, _ in group], 0).tolist())


def _equalized(lightness: np.ndarray) -> np.ndarray:
    """What cascades look at: uint8 (h, w)."""
    scale = min(_SEEN_SIDE / min(lightness.shape), _SEEN_LONG_SIDE / max(lightness.shape))
    interpolation = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    levels = np.clip(lightness * 2.55, 0.0, 255.0).astype(np.uint8)
    return cv2.equalizeHist(cv2.resize(levels, None, fx=scale, fy=scale, interpolation=interpolation))
