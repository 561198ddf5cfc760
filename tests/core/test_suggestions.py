"""Colours suggested for a point, and the map of where a hint would help most, on real photographs."""

from __future__ import annotations

import time

import numpy as np
import pytest
import skimage.data
import torch

from core.color import ab_from_hex, ab_from_srgb, lightness_from_srgb
from core.colorizer import Colorizer
from core.evaluation.placement import score_placement, uncertain_hints
from core.evaluation.protocol import centre_square
from core.nets.ab_bins import bin_centres
from core.suggestions import distinct_colors


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer.load("two-tower", device="cpu")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return centre_square(skimage.data.astronaut())


def test_nine_suggestions_are_distinct_plausible_and_in_order(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    suggestions = colorizer.suggest(astronaut, 0.45, 0.3, n=9)
    ab = np.array([suggestion.ab for suggestion in suggestions])
    distances = np.hypot(*np.moveaxis(ab[:, None] - ab[None], -1, 0)) + 1e3 * np.eye(len(ab))
    assert len(suggestions) == 9
    assert distances.min() >= 5.0
    assert sum(suggestion.probability for suggestion in suggestions) == pytest.approx(1.0, abs=1e-3)
    assert suggestions[0].probability > 1 / 9


def test_a_suggestion_has_its_points_lightness_and_its_own_ab(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    lightness = lightness_from_srgb(astronaut)[100:105, 100:105].mean()
    for suggestion in colorizer.suggest(astronaut, 102.5 / 256, 102.5 / 256, n=5):
        rgb = np.array([[[int(suggestion.color[i : i + 2], 16) for i in (1, 3, 5)]]], np.uint8)
        assert lightness_from_srgb(rgb)[0, 0] == pytest.approx(lightness, abs=0.6)
        assert ab_from_hex(suggestion.color) == pytest.approx(suggestion.ab, abs=1.5)


def test_another_point_of_an_encoded_picture_is_answered_in_50_ms(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    colorizer.suggest(astronaut, 0.5, 0.5)
    times = []
    for x in np.linspace(0.1, 0.9, 9):
        started = time.thread_time()
        colorizer.suggest(astronaut, x, 0.4)
        times.append(time.thread_time() - started)
    assert np.median(times) < 0.05


def test_a_hint_leads_the_suggestions_beside_it(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    hint_ab, mask = np.zeros((256, 256, 2), np.float32), np.zeros((256, 256), bool)
    mask[120:128, 120:128] = True
    hint_ab[mask] = (40.0, 30.0)
    first = colorizer.suggest(astronaut, 0.485, 0.485, 3, hint_ab, mask)[0]
    assert np.hypot(first.ab[0] - 40.0, first.ab[1] - 30.0) < 20.0


def test_near_black_fewer_colours_are_distinct() -> None:
    uniform = torch.full((len(bin_centres()),), 1.0 / len(bin_centres()))
    assert 1 <= len(distinct_colors(uniform, 0.5, 9)) < 9
    assert len(distinct_colors(uniform, 60.0, 9)) == 9


def test_points_outside_the_picture_are_refused(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    with pytest.raises(ValueError, match="within 0 to 1"):
        colorizer.suggest(astronaut, 1.2, 0.5)
    with pytest.raises(ValueError, match="n is 0"):
        colorizer.suggest(astronaut, 0.2, 0.5, n=0)


def test_a_hint_lowers_the_uncertainty_around_it(colorizer: Colorizer, astronaut: np.ndarray) -> None:
    lightness, true_ab = lightness_from_srgb(astronaut), ab_from_srgb(astronaut)
    before = colorizer.uncertainty(astronaut)
    (hint_ab, mask) = next(uncertain_hints(colorizer, lightness, true_ab, 1))
    after = colorizer.uncertainty(lightness, hint_ab, mask)
    assert before.shape == after.shape == (256, 256)
    assert before.min() >= 0.0
    assert after[mask].mean() < 0.7 * before[mask].mean()


def test_hints_where_they_are_asked_for_do_more_than_hints_at_random(colorizer: Colorizer) -> None:
    names = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry")
    scores = score_placement(colorizer, [centre_square(getattr(skimage.data, name)()) for name in names])
    assert np.mean([score.uncertainty - score.random for score in scores]) > 0.0
