"""Metrics, the protocol's hints, and Levin 2004 as a baseline."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_srgb
from core.evaluation.chosen_hints import score_chosen_hints
from core.evaluation.levin import levin_chroma
from core.evaluation.metrics import colorfulness, psnr
from core.evaluation.protocol import PATCH, protocol_hints
from core.evaluation.tinting import score_tinting


def test_psnr_does_not_wrap() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert psnr(black, white) == pytest.approx(0.0)
    assert psnr(black + 5, black) == pytest.approx(20 * np.log10(255 / 5))
    assert psnr(black, black) == float("inf")


def test_grey_has_no_colourfulness_and_colour_has() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8).repeat(3, 2)
    assert colorfulness(grey) == 0.0
    assert colorfulness(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)) > 50.0


def test_protocol_hints_carry_their_patches_mean_and_repeat() -> None:
    true_ab = np.random.default_rng(0).normal(0, 20, (64, 64, 2)).astype(np.float32)
    hint_ab, mask = protocol_hints(true_ab, 1, seed=3)
    assert mask.sum() == PATCH * PATCH
    assert np.allclose(hint_ab[mask], true_ab[mask].mean(0), atol=1e-4)
    again = protocol_hints(true_ab, 1, seed=3)
    assert np.array_equal(again[0], hint_ab) and np.array_equal(again[1], mask)
    assert not protocol_hints(true_ab, 0, seed=3)[1].any()


def test_levin_fills_each_region_from_its_own_hint() -> None:
    lightness = np.full((24, 32), 30.0, np.float32)
    lightness[:, 16:] = 70.0
    hint_ab, mask = np.zeros((24, 32, 2), np.float32), np.zeros((24, 32), bool)
    hint_ab[4, 4], hint_ab[20, 28] = (40.0, 10.0), (-30.0, 20.0)
    mask[4, 4] = mask[20, 28] = True
    ab = levin_chroma(lightness, hint_ab, mask)
    assert np.allclose(ab[:, :15], (40.0, 10.0), atol=2.0)
    assert np.allclose(ab[:, 17:], (-30.0, 20.0), atol=2.0)
    assert np.allclose(ab[mask], hint_ab[mask], atol=1e-4)


def test_levin_between_two_hints_on_flat_ground_is_harmonic() -> None:
    """On one flat line the optimum is the straight ramp."""
    hint_ab, mask = np.zeros((3, 41, 2), np.float32), np.zeros((3, 41), bool)
    hint_ab[:, 40], mask[:, 0], mask[:, 40] = (40.0, -20.0), True, True
    ab = levin_chroma(np.full((3, 41), 50.0, np.float32), hint_ab, mask)
    assert np.allclose(ab[1, :, 0], np.arange(41), atol=0.05)


def test_levin_without_hints_is_grey() -> None:
    assert not levin_chroma(np.zeros((4, 4), np.float32), np.zeros((4, 4, 2)), np.zeros((4, 4), bool)).any()


def halves_in_two_colours() -> np.ndarray:
    picture = np.empty((256, 256, 3), np.uint8)
    picture[:, :128], picture[:, 128:] = (200, 90, 60), (60, 90, 200)
    return picture


def colour_all(lightness: np.ndarray, hint_ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.broadcast_to(hint_ab[mask].mean(0) if mask.any() else np.float32(0.0), hint_ab.shape)


def colour_own_half(lightness: np.ndarray, hint_ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    ab = np.zeros_like(hint_ab)
    if mask.any():
        half = np.s_[:, :128] if mask[:, :128].any() else np.s_[:, 128:]
        ab[half] = hint_ab[mask].mean(0)
    return ab


def a_red_ball_on_blue_cloth() -> np.ndarray:
    picture = np.empty((256, 256, 3), np.uint8)
    picture[:] = (60, 90, 200)
    cv2.circle(picture, (120, 90), 30, (200, 90, 60), -1)
    return picture


def colour_truly_but_cloth_with_the_hint(lightness: np.ndarray, hint_ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    ab = np.broadcast_to(ab_from_srgb(a_red_ball_on_blue_cloth())[0, 0], hint_ab.shape)
    return ab + hint_ab[mask].mean(0) if mask.any() else ab


def test_a_chosen_hint_is_on_a_small_thing_and_all_else_is_looked_at() -> None:
    methods = {"all": colour_all, "cloth": colour_truly_but_cloth_with_the_hint}
    tinted, cloth = score_chosen_hints([a_red_ball_on_blue_cloth()] * 2, methods)
    assert tinted.pictures == 2
    without, then = tinted.own_kind
    assert without > 30.0 and then < 1.0
    without, then = tinted.other_kinds
    assert then > without + 20.0
    without, then = cloth.other_kinds
    assert without < 0.5 and then > 30.0
    assert cloth.psnr[1] < cloth.psnr[0]


def test_a_picture_in_which_nothing_small_has_colour_is_left_out() -> None:
    assert list(score_chosen_hints([halves_in_two_colours()], {"all": colour_all})) == []


def test_a_hint_may_be_chosen_on_a_face_and_pictures_without_one_are_left_out() -> None:
    pictures = [skimage.data.astronaut(), skimage.data.coffee()]
    hinted = []

    def noting(lightness: np.ndarray, hint_ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
        hinted.append(np.argwhere(mask))
        return colour_all(lightness, hint_ab, mask) if mask.any() else np.zeros_like(hint_ab)

    (score,) = score_chosen_hints(pictures, {"noting": noting}, on_faces=True)
    assert score.pictures == 1 and score.own_kind[1] < score.own_kind[0]
    assert len(hinted[0]) == 0 and len(hinted[1]) == PATCH**2
    (row, column) = hinted[1].mean(0)
    assert 80 < row < 180 and 180 < column < 270


def test_tinting_tells_a_hint_that_keeps_to_its_kind_from_one_that_does_not() -> None:
    methods = {"all": colour_all, "half": colour_own_half}
    everywhere, kept = score_tinting([halves_in_two_colours()] * 3, methods)
    assert (everywhere.pictures, kept.pictures) == (3, 3)
    assert everywhere.own_kind == pytest.approx(1.0) == everywhere.other_kinds
    assert kept.own_kind == pytest.approx(1.0)
    assert kept.other_kinds == pytest.approx(0.0)
