"""Lab conversion and recolouring, against scikit-image and by exhaustion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from core.color import ab_from_hex, ab_from_srgb, lab_from_srgb, lightness_from_srgb, recolor, srgb_from_lab

ONE_8_BIT_STEP = 100.0 / 255.0


def every_grey(width: int, dtype: type) -> np.ndarray:
    """A picture with each grey level of the type, or 1024 of them, in a row of its own."""
    top = np.iinfo(dtype).max
    levels = np.linspace(0, top, min(top + 1, 1024)).astype(dtype)
    return np.repeat(levels[:, None, None], width, 1).repeat(3, 2)


def test_lab_agrees_with_scikit_image() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    expected = rgb2lab(picture)
    assert np.abs(lightness_from_srgb(picture) - expected[..., 0]).max() < 0.01
    assert np.abs(ab_from_srgb(picture) - expected[..., 1:]).max() < 0.02


def test_lab_and_back_gives_the_same_srgb() -> None:
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert (srgb_from_lab(lab_from_srgb(rgb)) - rgb).abs().max() < 2e-5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_greys_have_no_chroma(dtype: type) -> None:
    assert np.abs(ab_from_srgb(every_grey(2, dtype))).max() < 1e-3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_recolor_keeps_lightness_for_every_grey_and_any_chroma(dtype: type) -> None:
    greys = every_grey(512, dtype)
    ab = np.random.default_rng(2).uniform(-128, 128, (*greys.shape[:2], 2)).astype(np.float32)
    colored = recolor(greys, ab)
    assert colored.dtype == dtype
    assert np.abs(lightness_from_srgb(colored) - lightness_from_srgb(greys)).max() <= ONE_8_BIT_STEP


def test_recolor_with_a_colour_pictures_own_chroma_gives_it_back() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert np.array_equal(recolor(picture, ab_from_srgb(picture)), picture)


def test_recolor_without_chroma_gives_grey_footage_back() -> None:
    greys = every_grey(3, np.uint8)
    assert np.array_equal(recolor(greys, np.zeros((*greys.shape[:2], 2), np.float32)), greys)


def test_out_of_gamut_chroma_shrinks_at_constant_hue() -> None:
    grey = np.full((1, 1, 3), 200, np.uint8)
    wanted = np.array([[[90.0, 30.0]]], np.float32)
    a, b = ab_from_srgb(recolor(grey, wanted))[0, 0]
    assert np.hypot(a, b) < np.hypot(90.0, 30.0)
    assert np.degrees(np.arctan2(b, a)) == pytest.approx(np.degrees(np.arctan2(30.0, 90.0)), abs=2.0)


def test_hex_colours_have_the_chroma_of_their_picture() -> None:
    expected = rgb2lab(np.array([[[0xB0, 0x4A, 0x3C]]], np.uint8))[0, 0, 1:]
    assert ab_from_hex("#b04a3c") == pytest.approx(tuple(expected), abs=0.02)
    assert ab_from_hex("#808080") == pytest.approx((0.0, 0.0), abs=1e-3)


def test_grey_footage_has_the_lightness_that_its_colour_counterpart_has() -> None:
    """Greys of 8 bits are looked up; beside one pixel that is not grey nothing is."""
    greys = np.random.default_rng(4).integers(0, 256, (64, 96, 1), dtype=np.uint8).repeat(3, axis=2)
    beside_red = greys.copy()
    beside_red[0, 0] = (255, 0, 0)
    looked_up, computed = lightness_from_srgb(greys), lightness_from_srgb(beside_red)
    assert np.allclose(looked_up.ravel()[1:], computed.ravel()[1:], atol=1e-4)
    assert looked_up.dtype == np.float32 and abs(computed[0, 0] - 53.24) < 0.01
    deep = lightness_from_srgb(greys.astype(np.uint16) * 257)
    assert np.allclose(deep, looked_up, atol=1e-4)
