"""The shipped colorizer on real photographs: hints obeyed, reach, gain over grey, any size, bad input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.colorizer import Colorizer
from core.errors import InputError
from core.evaluation.metrics import psnr
from core.evaluation.protocol import centre_square, protocol_hints
from core.leading import leading_places
from core.nets.weights_file import shipped_weights
from core.transferred import Transferred

# Photographs inside scikit-image's package: no network and no data folder is needed.
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")
Place = tuple[slice, slice]


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer.load("two-tower", device="cpu")


def photograph(name: str) -> np.ndarray:
    return centre_square(getattr(skimage.data, name)())


def no_hints(lightness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((*lightness.shape, 2), np.float32), np.zeros(lightness.shape, bool)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_twenty_hints_bring_a_photograph_well_above_grey(colorizer: Colorizer, name: str) -> None:
    picture = photograph(name)
    true_ab = ab_from_srgb(picture)
    ab = colorizer.predict(lightness_from_srgb(picture), *protocol_hints(true_ab, 20, seed=5))
    grey = psnr(recolor(picture, np.zeros_like(ab)), picture)
    assert psnr(recolor(picture, ab), picture) > grey + 4.0


def test_without_hints_and_with_many_the_network_runs_once(colorizer: Colorizer) -> None:
    picture = photograph("coffee")
    lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
    runs = []
    counting = colorizer._network.register_forward_hook(lambda *_: runs.append(1))
    try:
        for count, expected in ((0, 1), (1, 2), (100, 1)):
            runs.clear()
            colorizer.predict(lightness, *protocol_hints(true_ab, count, seed=5))
            assert len(runs) == expected
    finally:
        counting.remove()


def test_seen_mirrored_too_a_picture_s_mirror_image_gets_the_mirrored_answer(colorizer: Colorizer) -> None:
    picture = photograph("coffee")
    lightness = lightness_from_srgb(picture)
    hints = protocol_hints(ab_from_srgb(picture), 10, seed=5)
    parts = [np.ascontiguousarray(part[:, ::-1]) for part in (lightness, *hints)]

    def asymmetry(*, mirrored: bool) -> float:
        ab = colorizer.predict(lightness, *hints, mirrored=mirrored)
        return float(np.abs(colorizer.predict(*parts, mirrored=mirrored)[:, ::-1] - ab).max())

    assert asymmetry(mirrored=True) < 0.01 < asymmetry(mirrored=False)


def test_the_hint_is_the_answer_under_the_hint(colorizer: Colorizer) -> None:
    lightness = lightness_from_srgb(photograph("astronaut"))
    hint_ab, mask = no_hints(lightness)
    mask[100:109, 40:80] = True
    hint_ab[mask] = (-40.0, 35.0)
    ab = colorizer.predict(lightness, hint_ab, mask)
    assert np.array_equal(ab[mask], hint_ab[mask])


def test_a_hint_colours_its_surroundings_and_leaves_the_far_side_of_an_edge(colorizer: Colorizer) -> None:
    """A dark square on light ground: the hint inside fills the square, not the ground."""
    lightness = np.full((256, 256), 75.0, np.float32)
    lightness[80:176, 80:176] = 35.0
    hint_ab, mask = no_hints(lightness)
    mask[125:132, 125:132] = True
    hint_ab[mask] = (45.0, 25.0)
    without = colorizer.predict(lightness, *no_hints(lightness))
    change = colorizer.predict(lightness, hint_ab, mask) - without
    inside, outside = change[92:164, 92:164, 0].mean(), np.abs(change[:60, :, 0]).mean()
    assert inside > 20.0
    assert outside < 0.35 * inside


def test_a_grey_hint_keeps_grey(colorizer: Colorizer) -> None:
    picture = photograph("coffee")
    lightness = lightness_from_srgb(picture)
    hint_ab, mask = no_hints(lightness)
    mask[20:27, 20:27] = True
    ab = colorizer.predict(lightness, hint_ab, mask)
    assert not ab[mask].any()


def test_footage_keeps_its_lightness_through_prediction(colorizer: Colorizer) -> None:
    grey = recolor(photograph("chelsea"), np.zeros((256, 256, 2), np.float32))
    lightness = lightness_from_srgb(grey)
    colored = recolor(grey, colorizer.predict(lightness, *no_hints(lightness)))
    assert np.abs(lightness_from_srgb(colored) - lightness).max() <= 100.0 / 255.0


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (97, 131), (720, 1280)])
def test_any_size_comes_back_at_its_size(colorizer: Colorizer, shape: tuple[int, int]) -> None:
    lightness = cv2.resize(lightness_from_srgb(photograph("coffee")), shape[::-1])
    hint_ab, mask = no_hints(lightness)
    mask[0, 0], hint_ab[0, 0] = True, (30.0, 30.0)
    ab = colorizer.predict(lightness, hint_ab, mask)
    assert ab.shape == (*shape, 2) and ab.dtype == np.float32
    assert np.isfinite(ab).all()
    assert np.array_equal(ab[0, 0], (30.0, 30.0))


def test_the_same_input_gives_the_same_answer(colorizer: Colorizer) -> None:
    lightness = lightness_from_srgb(photograph("astronaut"))
    assert np.array_equal(
        colorizer.predict(lightness, *no_hints(lightness)), colorizer.predict(lightness, *no_hints(lightness))
    )


@pytest.mark.parametrize(("saturation", "times"), [(0.0, 7.0), (0.6, 3.2)])
@pytest.mark.parametrize("places", [((56, 108),), ((56, 108), (70, 118))])
def test_hints_on_a_face_leave_the_wall_mostly_as_it_was(
    colorizer: Colorizer, places: tuple[tuple[int, int], ...], saturation: float, times: float
) -> None:
    picture = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    lightness = lightness_from_srgb(picture)
    # Of its own accord the face has a colour of skin already (test_skin.py).
    unhinted = colorizer.predict(lightness, *no_hints(lightness), saturation=saturation, faces=())
    for color in ((18.0, 20.0), (45.0, -30.0)):
        hint_ab, mask = no_hints(lightness)
        for row, column in places:
            mask[row : row + 9, column : column + 9] = True
        hint_ab[mask] = color
        hinted = colorizer.predict(lightness, hint_ab, mask, saturation=saturation)
        change = np.linalg.norm(hinted - unhinted, axis=-1) / np.hypot(*color)
        face, wall = change[50:80, 100:125].mean(), change[5:60, 5:60].mean()
        assert wall < 0.15
        assert face > times * wall


@pytest.mark.parametrize("color", [(-25.0, -25.0), (0.0, -45.0), (-35.0, 10.0)])
def test_beside_a_hint_on_the_face_one_that_surprises_changes_nothing_but_its_own_thing(
    colorizer: Colorizer, color: tuple[float, float]
) -> None:
    """A blue or green suit: the wall, the flag and the face are as the hint on the face alone tells them."""
    picture = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    lightness = lightness_from_srgb(picture)
    hint_ab, mask = no_hints(lightness)
    hint_ab[60:69, 108:117], mask[60:69, 108:117] = (14.0, 18.0), True
    face_alone = colorizer.predict(lightness, hint_ab, mask, mirrored=True)
    hint_ab[190:199, 60:69], mask[190:199, 60:69] = color, True
    both = colorizer.predict(lightness, hint_ab, mask, mirrored=True)
    change = np.linalg.norm(both - face_alone, axis=-1) / np.hypot(*color)
    for elsewhere in (np.s_[5:60, 5:60], np.s_[5:100, 200:250], np.s_[50:80, 100:125]):
        assert change[elsewhere].mean() < 0.015
    around = both[182:207, 52:77].mean((0, 1))
    assert around @ np.array(color) > 0.5 * np.square(color).sum()


def suit_among_own_colors(
    colorizer: Colorizer, own: Sequence[Place], strokes: Sequence[Place], color: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """What strokes of a colour on the astronaut's suit change, as a share of it, beside hints in her own colours; and
    the ab with both."""
    picture = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
    hint_ab, mask = no_hints(lightness)
    for place in own:
        hint_ab[place], mask[place] = true_ab[place].mean((0, 1)), True
    before = colorizer.predict(lightness, hint_ab, mask, mirrored=True)
    for place in strokes:
        hint_ab[place], mask[place] = color, True
    after = colorizer.predict(lightness, hint_ab, mask, mirrored=True)
    return np.linalg.norm(after - before, axis=-1) / np.hypot(*color), after


@pytest.mark.parametrize("color", [(-25.0, -25.0), (0.0, -45.0), (-35.0, 10.0)])
def test_broad_strokes_of_a_surprising_colour_stay_on_their_thing_among_other_hints(
    colorizer: Colorizer, color: tuple[float, float]
) -> None:
    """Face, flag and walls have hints in their own colours; they and what is around them stay as these tell them."""
    dots = [np.s_[y : y + 9, x : x + 9] for y, x in ((60, 108), (20, 30), (60, 230), (30, 180), (120, 15))]
    strokes = np.s_[190:198, 60:110], np.s_[150:158, 60:80], np.s_[215:223, 40:90]
    change, after = suit_among_own_colors(colorizer, dots, strokes, color)
    for elsewhere in (np.s_[5:60, 45:75], np.s_[20:100, 155:190], np.s_[5:100, 200:250], np.s_[50:80, 100:125]):
        assert change[elsewhere].mean() < 0.015
    suit = after[150:250, 30:120].mean((0, 1))
    assert suit @ np.array(color) > 0.5 * np.square(color).sum()


@pytest.mark.parametrize("color", [(-25.0, -25.0), (0.0, -45.0), (-35.0, 10.0)])
def test_among_strokes_of_many_colours_one_that_surprises_stays_on_its_thing(
    colorizer: Colorizer, color: tuple[float, float]
) -> None:
    places = (46, 100), (20, 20), (60, 222), (30, 165), (120, 8), (230, 205), (20, 105), (90, 225)
    strokes = np.s_[190:196, 60:85], np.s_[150:156, 60:80], np.s_[215:221, 50:70]
    change, after = suit_among_own_colors(colorizer, [np.s_[y : y + 5, x : x + 22] for y, x in places], strokes, color)
    for elsewhere in (np.s_[5:60, 45:75], np.s_[50:110, 150:190], np.s_[5:50, 200:250], np.s_[50:80, 100:125]):
        assert change[elsewhere].mean() < 0.03
    suit = after[150:250, 30:120].mean((0, 1))
    assert suit @ np.array(color) > 0.5 * np.square(color).sum()


def test_saturation_zero_is_the_mean_prediction_and_one_is_more_colourful(colorizer: Colorizer) -> None:
    lightness = lightness_from_srgb(photograph("coffee"))
    chroma = {
        saturation: np.linalg.norm(colorizer.predict(lightness, *no_hints(lightness), saturation=saturation), axis=-1)
        for saturation in (0.0, 0.5, 1.0)
    }
    assert chroma[0.0].mean() < chroma[0.5].mean() < chroma[1.0].mean()


def test_shapes_that_do_not_fit_and_values_that_are_no_numbers_are_refused(colorizer: Colorizer) -> None:
    lightness = np.zeros((8, 8), np.float32)
    with pytest.raises(ValueError, match="do not fit"):
        colorizer.predict(lightness, np.zeros((8, 9, 2), np.float32), np.zeros((8, 8), bool))
    with pytest.raises(ValueError, match="finite"):
        colorizer.predict(lightness * np.nan, *no_hints(lightness))


def test_corrupt_weights_get_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "two-tower.safetensors"
    path.write_bytes(shipped_weights("two-tower").read_bytes()[:5000])
    with pytest.raises(InputError, match="cannot be read"):
        Colorizer.load("two-tower", weights=path)
    with pytest.raises(InputError, match="cannot be read"):
        Colorizer.load("two-tower", weights=tmp_path / "none.safetensors")


def test_a_4k_picture_comes_back_at_4k(colorizer: Colorizer) -> None:
    picture = cv2.resize(photograph("coffee"), (3840, 2160), interpolation=cv2.INTER_CUBIC)
    lightness = lightness_from_srgb(picture)
    ab = colorizer.predict(lightness, *no_hints(lightness))
    assert ab.shape == (2160, 3840, 2)
    change = np.abs(lightness_from_srgb(recolor(picture, ab)) - lightness)
    assert change.max() <= 100 / 255


def test_transferred_colours_lead_where_they_are_sure_and_nowhere_else(colorizer: Colorizer) -> None:
    picture = photograph("coffee")
    lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
    confidence = np.zeros(lightness.shape, np.float32)
    confidence[:, :128] = 1.0
    alone = colorizer.predict(lightness, *no_hints(lightness))
    led = colorizer.predict(lightness, *no_hints(lightness), transferred=Transferred(true_ab, confidence))

    def error(ab: np.ndarray, columns: slice) -> float:
        return float(np.abs(ab - true_ab)[:, columns].mean())

    sure, unsure = slice(0, 120), slice(140, 256)
    assert error(led, sure) < 0.4 * error(alone, sure)
    assert error(led, unsure) < 1.2 * error(alone, unsure)


def test_leading_colours_spread_beyond_themselves_but_are_not_imposed(colorizer: Colorizer) -> None:
    picture = photograph("coffee")
    lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
    confidence = np.zeros(lightness.shape, np.float32)
    confidence[:, :128] = 0.3
    leads = np.zeros(lightness.shape, bool)
    leads[::16, 0:128:16] = True
    followed, led = (
        colorizer.predict(lightness, *no_hints(lightness), transferred=Transferred(true_ab, confidence, places))
        for places in (None, leads)
    )
    right = slice(128, 256)
    assert np.abs(led - true_ab)[:, right].mean() < 0.9 * np.abs(followed - true_ab)[:, right].mean()
    assert np.abs(led - true_ab)[leads].max() > 0.5


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
@pytest.mark.parametrize("seen", [0, 1])
def test_an_exemplar_s_colours_are_heard_where_nothing_is_brought(colorizer: Colorizer, name: str, seen: int) -> None:
    halves = [np.ascontiguousarray(half) for half in np.split(photograph(name), 2, axis=1)]
    told, picture = halves[seen], halves[1 - seen]
    lightness = lightness_from_srgb(picture)
    exemplar = colorizer.remember(lightness_from_srgb(told), ab_from_srgb(told), leading_places(told.shape[:2]))
    alone, led = (
        psnr(recolor(picture, colorizer.predict(lightness, *no_hints(lightness), exemplars=heard)), picture)
        for heard in ([], [exemplar])
    )
    assert led > alone + 1.5


def test_an_exemplar_without_hints_says_nothing(colorizer: Colorizer) -> None:
    lightness = lightness_from_srgb(photograph("coffee"))
    exemplar = colorizer.remember(lightness, *no_hints(lightness))
    heard = colorizer.predict(lightness, *no_hints(lightness), exemplars=[exemplar])
    assert np.array_equal(heard, colorizer.predict(lightness, *no_hints(lightness)))


def test_no_confidence_is_no_transfer(colorizer: Colorizer) -> None:
    lightness = lightness_from_srgb(photograph("chelsea"))
    nothing = Transferred(np.full((*lightness.shape, 2), 40.0, np.float32), np.zeros(lightness.shape, np.float32))
    alone = colorizer.predict(lightness, *no_hints(lightness))
    assert np.abs(colorizer.predict(lightness, *no_hints(lightness), transferred=nothing) - alone).max() < 1e-3


def test_transferred_colours_of_another_size_are_refused(colorizer: Colorizer) -> None:
    lightness = np.full((40, 60), 50.0, np.float32)
    small = Transferred(np.zeros((20, 30, 2), np.float32), np.zeros((20, 30), np.float32))
    with pytest.raises(ValueError, match="do not fit"):
        colorizer.predict(lightness, *no_hints(lightness), transferred=small)


def test_leading_places_that_are_no_mask_of_the_picture_are_refused(colorizer: Colorizer) -> None:
    lightness = np.full((40, 60), 50.0, np.float32)
    ab, confidence = np.zeros((40, 60, 2), np.float32), np.zeros((40, 60), np.float32)
    for leads in (np.zeros((20, 30), bool), np.zeros((40, 60), np.float32)):
        with pytest.raises(ValueError, match="leads"):
            colorizer.predict(lightness, *no_hints(lightness), transferred=Transferred(ab, confidence, leads))
