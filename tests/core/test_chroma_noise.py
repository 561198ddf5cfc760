"""What is taken off carried chroma as noise, and what stays."""

from __future__ import annotations

import numpy as np

from core.chroma_noise import without_noise
from core.color import ab_from_srgb, recolor
from core.colorizer import Colorizer
from core.hints import HintTrack
from core.job import Settings
from core.strip_coloring import StripColorizer

from .moving_pictures import ListedFootage, grey

HEIGHT, WIDTH = 64, 96
INSIDE = slice(12, -12), slice(12, -12)


def plain(value: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), value, np.float32)


def colored(a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    return np.dstack((plain(0.0) + a, plain(0.0) + b)).astype(np.float32)


def halves(left: float, right: float) -> np.ndarray:
    return np.where(np.arange(WIDTH) < WIDTH // 2, left, right).astype(np.float32) + plain(0.0)


def test_weak_grain_goes_and_the_mean_colour_stays() -> None:
    rng = np.random.default_rng(3)
    grain = rng.normal(0.0, 0.4, (HEIGHT, WIDTH, 2)).astype(np.float32)
    found = without_noise(colored(12.0, -7.0) + grain, plain(50.0), plain(1.0))
    assert found.dtype == np.float32
    assert found[INSIDE].std(axis=(0, 1)).max() < 0.6 * grain[INSIDE].std()
    np.testing.assert_allclose(found.mean(axis=(0, 1)), (12.0, -7.0), atol=0.1)


def test_colours_do_not_cross_an_edge_of_lightness_even_where_nothing_is_sure() -> None:
    ab = colored(halves(3.0, -3.0), 10.0)
    found = without_noise(ab, halves(40.0, 60.0), plain(0.0))
    np.testing.assert_allclose(found, ab, atol=0.05)


def test_sure_colours_stay_where_lightness_says_nothing_of_them() -> None:
    stripes = np.where(np.arange(WIDTH) % 6 < 3, 20.0, -20.0).astype(np.float32) + plain(0.0)
    ab = colored(stripes, 0.0)
    found = without_noise(ab, plain(50.0), plain(1.0))
    assert np.abs(found - ab)[INSIDE].max() < 1.0


def test_what_is_unsure_takes_what_sure_surroundings_of_its_lightness_have() -> None:
    sureness, ab = plain(1.0), colored(10.0, 0.0)
    spot = slice(30, 34), slice(40, 44)
    sureness[spot], ab[spot] = 0.0, (7.0, 0.0)
    alike = without_noise(ab, plain(50.0), sureness)[spot]
    lightness = plain(50.0)
    lightness[spot] = 70.0
    other = without_noise(ab, lightness, sureness)[spot]
    assert alike[..., 0].mean() > 9.0
    assert other[..., 0].mean() < 7.3


def test_the_same_is_taken_off_in_a_mirrored_picture() -> None:
    rng = np.random.default_rng(4)
    ab = rng.normal(0.0, 2.0, (HEIGHT, WIDTH, 2)).astype(np.float32)
    lightness = rng.uniform(40.0, 50.0, (HEIGHT, WIDTH)).astype(np.float32)
    sureness = rng.uniform(0.0, 1.0, (HEIGHT, WIDTH)).astype(np.float32)
    found = without_noise(ab, lightness, sureness)
    mirrored = without_noise(*(np.ascontiguousarray(plane[:, ::-1]) for plane in (ab, lightness, sureness)))
    np.testing.assert_allclose(mirrored[:, ::-1], found, atol=1e-4)


def test_a_picture_smaller_than_the_reach_is_no_error() -> None:
    ab = np.ones((2, 3, 2), np.float32)
    np.testing.assert_allclose(without_noise(ab, np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)), ab)


def test_a_references_grain_is_not_carried_to_other_frames() -> None:
    rng = np.random.default_rng(6)
    ground = np.clip(rng.normal(128.0, 12.0, (128, 192)), 0, 255).astype(np.uint8)
    plain_frame = np.dstack([ground] * 3)
    chroma = np.array((15.0, 20.0), np.float32) + np.zeros((128, 192, 2), np.float32)
    grainy = recolor(plain_frame, chroma + rng.normal(0.0, 0.8, (128, 192, 2)).astype(np.float32))
    settings = Settings(device="cpu", working_size=128, saturation=0.0)
    colorizer = Colorizer.load("squeeze", "cpu", working_size=128)
    footage = ListedFootage(grey([plain_frame] * 3))
    strip = StripColorizer(footage, 192, 128, colorizer, HintTrack(), settings, {0: grainy})
    frames = list(strip.render(0, 2))
    given, carried = (ab_from_srgb(frame)[16:-16, 16:-16].std(axis=(0, 1)).mean() for frame in (grainy, frames[2]))
    assert carried < 0.85 * given
