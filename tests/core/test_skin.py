"""A face that no hint is on has a colour of skin, its surroundings what they had, and a hint on it the last word."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from core.color import ab_from_srgb, lightness_from_srgb
from core.colorizer import Colorizer
from core.evaluation.protocol import centre_square
from core.face_finding import FoundFace
from core.seen_picture import SeenPicture
from core.skin import skin_hints

ASTRONAUT = centre_square(skimage.data.astronaut())
TRUE_AB, LIGHTNESS = ab_from_srgb(ASTRONAUT), lightness_from_srgb(ASTRONAUT)
FACE = np.s_[45:88, 98:122]
ELSEWHERE = np.s_[10:60, 45:75], np.s_[20:100, 155:190], np.s_[150:250, 20:230]
ON_FOREHEAD, ON_MOUTH, ON_EYE, ON_SUIT = (112, 46), (110, 71), (100, 51), (60, 200)
SURE = FoundFace(112 / 256, 64 / 256, 56 / 256, 1.0)
RED, GREEN = (46.0, 20.0), (-25.0, 20.0)
GREY, BLUE, BROWN = (0.0, 0.0), (5.0, -40.0), (13.0, 22.0)

Hints = tuple[np.ndarray, np.ndarray]


def dots(*hints: tuple[tuple[int, int], tuple[float, float]]) -> Hints:
    hint_ab, mask = np.zeros((256, 256, 2), np.float32), np.zeros((256, 256), bool)
    for (x, y), color in hints:
        place = np.s_[y - 3 : y + 4, x - 3 : x + 4]
        hint_ab[place], mask[place] = color, True
    return hint_ab, mask


@pytest.fixture(scope="module", params=["two-tower", "squeeze"])
def colorizer(request: pytest.FixtureRequest) -> Colorizer:
    return Colorizer.load(request.param, "cpu")


def off(ab: np.ndarray) -> float:
    return float(np.linalg.norm((ab - TRUE_AB)[FACE], axis=-1).mean())


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_has_skin_without_any_hint_and_nothing_else_changes(colorizer: Colorizer, mirrored: bool) -> None:
    with_face = colorizer.predict(LIGHTNESS, *dots(), mirrored=mirrored)
    without = colorizer.predict(LIGHTNESS, *dots(), mirrored=mirrored, faces=())
    assert off(with_face) < 9.0 and np.abs(with_face - without)[FACE].max() > 1.0
    assert np.linalg.norm(with_face[FACE].mean((0, 1)) - (15.0, 16.0)) < 6.0
    for place in ELSEWHERE:
        assert np.linalg.norm((with_face - without)[place].mean((0, 1))) < 0.5


def test_a_stroke_on_clothes_does_not_reach_the_face(colorizer: Colorizer) -> None:
    hints = dots((ON_SUIT, BLUE))
    with_face, without = (colorizer.predict(LIGHTNESS, *hints, faces=faces) for faces in (None, ()))
    assert off(with_face) < 9.0 and off(with_face) < off(without) + 0.5
    assert np.array_equal(with_face[hints[1]], hints[0][hints[1]])


def test_a_hint_on_the_face_has_the_last_word(colorizer: Colorizer) -> None:
    for color in (GREY, BLUE):
        hints = dots((ON_FOREHEAD, color))
        assert np.array_equal(colorizer.predict(LIGHTNESS, *hints), colorizer.predict(LIGHTNESS, *hints, faces=()))


@pytest.mark.parametrize(("place", "color"), [(ON_MOUTH, RED), (ON_EYE, BLUE), (ON_EYE, GREEN)])
def test_lips_and_eyes_tell_nothing_of_the_rest(
    colorizer: Colorizer, place: tuple[int, int], color: tuple[float, float]
) -> None:
    hint_ab, mask = dots((place, color))
    hinted, unhinted = (colorizer.predict(LIGHTNESS, *hints) for hints in ((hint_ab, mask), dots()))
    assert np.array_equal(hinted[mask], hint_ab[mask])
    change = np.linalg.norm(hinted - unhinted, axis=-1)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    assert change[~near].max() < 1.5
    assert change[near].mean() > 2.0
    alone = colorizer.predict(LIGHTNESS, hint_ab, mask, faces=()) - colorizer.predict(LIGHTNESS, *dots(), faces=())
    assert np.linalg.norm(alone, axis=-1)[~near].max() > 10.0


def test_a_hint_of_skin_on_the_mouth_is_one_on_the_face(colorizer: Colorizer) -> None:
    hints = dots((ON_MOUTH, BROWN))
    assert np.array_equal(colorizer.predict(LIGHTNESS, *hints), colorizer.predict(LIGHTNESS, *hints, faces=()))


def test_pictures_without_faces_are_as_they_were(colorizer: Colorizer) -> None:
    picture = lightness_from_srgb(centre_square(skimage.data.coffee()))
    for hints in (dots(), dots((ON_SUIT, BLUE))):
        assert np.array_equal(colorizer.predict(picture, *hints), colorizer.predict(picture, *hints, faces=()))


def test_a_face_beyond_the_picture_is_none(colorizer: Colorizer) -> None:
    beyond = [SURE._replace(x=1.4), SURE._replace(y=-0.5)]
    assert np.array_equal(
        colorizer.predict(LIGHTNESS, *dots(), faces=beyond), colorizer.predict(LIGHTNESS, *dots(), faces=())
    )


def test_a_face_that_is_half_sure_has_half_of_the_skin(colorizer: Colorizer) -> None:
    none, half, whole = (
        colorizer.predict(LIGHTNESS, *dots(), faces=faces) for faces in ((), [SURE._replace(sureness=0.5)], [SURE])
    )
    middle = np.s_[60:75, 100:120]
    assert np.allclose((half - none)[middle], 0.5 * (whole - none)[middle], atol=0.6)


def seen(*hints: tuple[tuple[int, int], tuple[float, float]]) -> SeenPicture:
    hint_ab, mask = dots(*hints)
    planes = torch.from_numpy(hint_ab).movedim(-1, 0), torch.from_numpy(mask).float()
    return SeenPicture(torch.from_numpy(LIGHTNESS), *planes, None)


@pytest.mark.parametrize(("hinted", "expected"), [(BROWN, BROWN), (BLUE, (15.0, 16.0))])
def test_other_faces_have_the_skin_that_one_is_told_to_have(
    hinted: tuple[float, float], expected: tuple[float, float]
) -> None:
    other = SURE._replace(x=0.8, y=0.7)
    skin = skin_hints([SURE, other], seen((ON_FOREHEAD, hinted)), 256)
    assert skin is not None and skin.hints[:, skin.mask > 0].mean(1).tolist() == pytest.approx(list(expected), abs=1e-4)
    rows, columns = np.nonzero(skin.mask.numpy())
    assert np.hypot(columns.mean() - 0.8 * 256, rows.mean() - 0.7 * 256) < 8
    assert skin_hints([SURE], seen((ON_FOREHEAD, hinted)), 256) is None


def test_a_face_that_has_skin_already_keeps_it_and_any_other_does_not() -> None:
    skin = skin_hints([SURE], seen(), 256)
    assert skin is not None
    answer = torch.zeros(2, 256, 256)
    for color, kept in (((22.0, 26.0), 1.0), ((15.0, 15.0), 1.0), ((4.0, 4.0), 0.0), ((2.0, 20.0), 0.0), (GREEN, 0.0)):
        answer[:] = torch.tensor(color)[:, None, None]
        needed = skin.needed(answer)
        left = 0.0 if needed is None else float(needed.sureness.max())
        assert left == pytest.approx(1.0 - kept, abs=0.1), color


def test_the_skin_that_another_face_is_told_is_for_all() -> None:
    skin = skin_hints([SURE, SURE._replace(x=0.8, y=0.7)], seen((ON_FOREHEAD, BROWN)), 256)
    assert skin is not None and skin.needed(torch.tensor((22.0, 26.0))[:, None, None].expand(2, 256, 256)) is skin


def test_a_small_picture_s_face_is_told_of_at_its_own_size(colorizer: Colorizer) -> None:
    small = cv2.resize(LIGHTNESS, (128, 128), interpolation=cv2.INTER_AREA)
    hints = np.zeros((128, 128, 2), np.float32), np.zeros((128, 128), bool)
    ab = colorizer.predict(small, *hints)
    assert np.linalg.norm(ab[24:43, 50:60].mean((0, 1)) - (15.0, 16.0)) < 7.0
