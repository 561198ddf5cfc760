"""Chroma in light and in shade."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from core.color import ab_from_srgb, recolor
from core.colorizer import Colorizer
from core.hints import HintTrack
from core.job import Settings
from core.shading import log_chroma_room, relit
from core.strip_coloring import StripColorizer

from .moving_pictures import ListedFootage, error, grey

SHAPE = (20, 30)
SURE = np.zeros(SHAPE, np.float32)
RED = np.full((*SHAPE, 2), (40.0, 20.0), np.float32)


def room(lightness: float) -> np.ndarray:
    return log_chroma_room(np.full(SHAPE, lightness, np.float32))


def test_room_grows_from_black_to_the_middle_and_shrinks_to_white() -> None:
    darker = [float(room(lightness).mean()) for lightness in (0, 10, 25, 40, 55)]
    brighter = [float(room(lightness).mean()) for lightness in (60, 70, 80, 90, 100)]
    assert darker == sorted(darker) and brighter == sorted(brighter, reverse=True)
    assert brighter[0] - brighter[-1] > 1.0 and darker[-1] - darker[0] > 1.0


def test_grain_does_not_change_colours() -> None:
    grain = np.random.default_rng(1).normal(0.0, 3.0, (60, 80)).astype(np.float32)
    flat = np.full((60, 80), 40.0, np.float32)
    assert np.abs(log_chroma_room(flat + grain) - log_chroma_room(flat)).mean() < 0.02


def test_in_the_same_light_colours_stay_exactly() -> None:
    np.testing.assert_array_equal(relit(RED, room(40.0), room(40.0), SURE), RED)


def test_in_shade_a_colour_keeps_its_hue_and_loses_chroma() -> None:
    shaded = relit(RED, room(50.0), room(30.0), SURE)
    share = shaded / RED
    assert 0.6 < share.min() and share.max() < 0.9
    np.testing.assert_allclose(share[..., 0], share[..., 1], rtol=1e-5)


def test_what_may_be_misplaced_gains_no_chroma_but_may_lose_some() -> None:
    doubtful = SURE + 12.0
    assert relit(RED, room(30.0), room(50.0), doubtful).mean() < 1.02 * RED.mean()
    assert relit(RED, room(30.0), room(50.0), SURE).mean() > 1.2 * RED.mean()
    assert relit(RED, room(50.0), room(30.0), doubtful).mean() < 0.9 * RED.mean()


def test_a_reference_s_colours_follow_the_light() -> None:
    photograph = cv2.resize(skimage.data.astronaut(), (192, 192), interpolation=cv2.INTER_AREA)
    # Two stops in seven frames, as a cloud would.
    stops = np.linspace(0.0, -2.0, 8)
    frames = [(photograph * 2.0 ** (stop / 2.2) + 0.5).astype(np.uint8) for stop in stops]
    colorizer = Colorizer.load("squeeze", "cpu", working_size=128)
    settings = Settings(device="cpu", working_size=128, saturation=0.0)
    strip = StripColorizer(ListedFootage(grey(frames)), 192, 192, colorizer, HintTrack(), settings, {0: frames[0]})
    found = list(strip.render(0, 7))
    as_it_was = recolor(grey(frames)[7], ab_from_srgb(frames[0]))
    assert error(found[7], frames[7]) < 0.85 * error(as_it_was, frames[7])
