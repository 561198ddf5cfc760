"""Faces are found in grey pictures, whatever their size, and hardly anything else is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import lightness_from_srgb
from core.evaluation.protocol import centre_square
from core.face_finding import FaceFinder, FoundFace, is_same_face
from core.faces import Faces
from core.nets.face import load_face

ASTRONAUT = lightness_from_srgb(centre_square(skimage.data.astronaut()))


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(Faces(load_face(), "cpu"))


@pytest.mark.parametrize("height", [96, 256, 700])
def test_a_face_is_found_at_any_size_and_told_in_parts_of_the_width(finder: FaceFinder, height: int) -> None:
    wide = cv2.copyMakeBorder(ASTRONAUT, 0, 0, 100, 60, cv2.BORDER_REPLICATE)
    size = round(wide.shape[1] * height / 256), height
    (face,) = finder.found(cv2.resize(wide, size, interpolation=cv2.INTER_AREA))
    # Her face is around (112, 64) of the square.
    assert np.hypot(face.x * 416 - 212, face.y * 416 - 64) < 10 and 40 < face.width * 416 < 75
    assert face.sureness == 1.0


def test_it_is_found_in_film_that_is_soft_grainy_and_faded(finder: FaceFinder) -> None:
    rng = np.random.default_rng(1)
    film = cv2.GaussianBlur(ASTRONAUT, (0, 0), 1.2) * 0.6 + 20.0 + rng.normal(0.0, 3.0, ASTRONAUT.shape)
    (face,) = finder.found(film.astype(np.float32))
    assert np.hypot(face.x * 256 - 112, face.y * 256 - 64) < 10


def test_nothing_is_found_where_there_is_no_face(finder: FaceFinder) -> None:
    noise = np.random.default_rng(2).normal(50.0, 15.0, (200, 300)).clip(0.0, 100.0)
    pictures = [lightness_from_srgb(skimage.data.coffee()), noise, np.zeros((64, 64)), np.full((64, 80), 100.0)]
    for picture in (*pictures, ASTRONAUT[120:], ASTRONAUT[:, 150:]):
        assert finder.found(np.ascontiguousarray(picture, dtype=np.float32)) == []


@pytest.mark.parametrize("shape", [(1, 1), (8, 9), (40, 5000), (5000, 40)])
def test_tiny_and_long_pictures_are_looked_at(finder: FaceFinder, shape: tuple[int, int]) -> None:
    assert finder.found(np.full(shape, 50.0, np.float32)) == []


def test_threads_find_the_same(finder: FaceFinder) -> None:
    alone = finder.found(ASTRONAUT)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(finder.found, [ASTRONAUT] * 8))


def test_finds_are_of_one_face_if_they_are_close_and_alike_in_width() -> None:
    face = FoundFace(0.5, 0.5, 0.2, 1.0)
    assert is_same_face(face, [face._replace(x=0.53), face._replace(width=0.24)])
    assert not is_same_face(face, [face._replace(x=0.6)])
    assert not is_same_face(face, [face._replace(width=0.4)])
