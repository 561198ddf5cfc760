"""Faces of a strip move with it, do not flicker where cascades do, and end with their shot."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_srgb
from core.face_finding import FaceFinder, FoundFace
from core.faces import Faces
from core.flow import motion_shape
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.nets.face import load_face
from core.pipeline import colorize_frames
from core.strip_faces import StripFaces
from core.strip_motion import StripMotion

ASTRONAUT = skimage.data.astronaut()
SIZE = 240, 200


class Pan:
    """Footage that pans over the astronaut, a pixel a frame, and from a cut on over a cup of coffee."""

    def __init__(self, count: int, cut: int) -> None:
        self._count, self._cut = count, cut
        self._coffee = cv2.resize(skimage.data.coffee(), (512, 512))

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        return (self._frame(number) for number in range(first, min(last + 1, self._count)))

    def _frame(self, number: int) -> np.ndarray:
        picture = ASTRONAUT if number < self._cut else self._coffee
        left = 90 + number % self._cut
        return np.ascontiguousarray(picture[20 : 20 + SIZE[1], left : left + SIZE[0]])


class Unsteady(FaceFinder):
    """A finder that misses faces, or sees others, on some of the pictures that it is shown."""

    def __init__(self, finder: FaceFinder) -> None:
        super().__init__(finder._faces)
        self.missed: set[int] = set()
        self.seen: dict[int, FoundFace] = {}
        self.count = 0

    def found(self, lightness: np.ndarray) -> list[FoundFace]:
        self.count += 1
        faces = [] if self.count in self.missed else super().found(lightness)
        return [*faces, self.seen[self.count]] if self.count in self.seen else faces


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(Faces(load_face(), "cpu"))


def faces_of(finder: FaceFinder, count: int = 60, cut: int = 1000) -> StripFaces:
    return StripFaces(finder, StripMotion(Pan(count, cut), motion_shape(*SIZE)))


def test_a_face_moves_with_the_footage(finder: FaceFinder) -> None:
    faces = faces_of(finder)
    tracks = [faces.at(number) for number in range(60)]
    assert all(len(track) == 1 and track[0].sureness == 1.0 for track in tracks)
    places = np.array([track[0][:3] for track in tracks]) * SIZE[0]
    # Her face is around (224, 115) of the whole picture.
    expected = np.stack((224 - 90 - np.arange(60.0), np.full(60, 95.0)), 1)
    assert np.abs(places[:, :2] - expected).max() < 5.0
    assert np.abs(np.diff(places[:, :2] - expected, axis=0)).max() < 1.0
    assert np.abs(np.diff(places[:, 2])).max() < 2.0


def test_one_that_cascades_lose_for_a_while_stays(finder: FaceFinder) -> None:
    unsteady = Unsteady(finder)
    unsteady.missed = {3, 4}
    faces = faces_of(unsteady)
    assert min(faces.at(number)[0].sureness for number in range(60)) > 0.8
    assert unsteady.count <= 10


def test_one_that_is_seen_once_does_not_appear(finder: FaceFinder) -> None:
    unsteady = Unsteady(finder)
    unsteady.seen = {4: FoundFace(0.8, 0.2, 0.2, 1.0)}
    faces = faces_of(unsteady)
    assert all(len(faces.at(number)) == 1 for number in range(60))


def test_a_face_ends_with_its_shot(finder: FaceFinder) -> None:
    faces = faces_of(finder, 60, 31)
    assert [len(faces.at(number)) for number in range(24, 40)] == [1] * 7 + [0] * 9


def test_what_is_said_of_a_frame_does_not_depend_on_what_was_asked_before(finder: FaceFinder) -> None:
    ahead, back = faces_of(finder), faces_of(finder)
    forward = {number: ahead.at(number) for number in range(60)}
    for number in (59, 20, 40, 0, 30):
        (one,), (other,) = forward[number], back.at(number)
        assert one == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_shortest_footage_has_its_faces(finder: FaceFinder, count: int) -> None:
    assert len(faces_of(finder, count).at(count - 1)) == 1


def on_face(picture: np.ndarray, number: int) -> np.ndarray:
    """The mean ab of her face, without eyes and mouth, on a frame of the pan."""
    left = 224 - 90 - number
    return ab_from_srgb(picture)[85:101, left - 16 : left + 16].mean((0, 1))


def colorized_pan(*keyframes: Keyframe) -> list[np.ndarray]:
    grey = (np.repeat(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None], 3, 2) for frame in Pan(25, 1000).read(0, 24))
    return list(colorize_frames(grey, hints=HintTrack(keyframes), settings=Settings(device="cpu")))


def test_a_strip_s_face_has_skin_on_every_frame_whatever_is_told_of_the_rest() -> None:
    suit = Stroke("#3050b0", 0.03, ((0.3, 0.9), (0.35, 0.93)))
    for keyframes in ((), (Keyframe(0, (suit,)),)):
        skin = np.array([on_face(frame, number) for number, frame in enumerate(colorized_pan(*keyframes))])
        assert np.linalg.norm(skin - (15.0, 18.0), axis=1).max() < 7.0, skin
        assert np.abs(np.diff(skin, axis=0)).max() < 1.5, skin


def test_a_grey_hint_on_it_keeps_it_grey_on_every_frame() -> None:
    grey = Stroke("#808080", 0.03, ((0.53, 0.48), (0.59, 0.48)))
    chroma = [
        np.linalg.norm(on_face(frame, number)) for number, frame in enumerate(colorized_pan(Keyframe(0, (grey,))))
    ]
    assert max(chroma) < 6.0, chroma
