"""The reference path: its losses are the published ones, and a reference's colours reach frames that stay steady."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.nets.vgg import Encoder, load_encoder
from core.reference_losses import ReferenceLosses, content_loss, gram, small_planes, style_loss
from core.reference_transfer import ReferenceTransfer, TransferSettings, carry, transfer_colors
from core.style import fit_style

QUICK = TransferSettings(size=48, first_steps=15, next_steps=4, rate=1.5, style_weight=100.0)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return cv2.resize(skimage.data.astronaut(), (96, 96), interpolation=cv2.INTER_AREA)


def grey_of(rgb: np.ndarray) -> np.ndarray:
    return recolor(rgb, np.zeros((*rgb.shape[:2], 2), np.float32))


def tinted(rgb: np.ndarray, a: float, b: float) -> np.ndarray:
    return recolor(rgb, np.full((*rgb.shape[:2], 2), (a, b), np.float32))


def test_style_is_half_the_weighted_sum_of_gatys_errors() -> None:
    rng = np.random.default_rng(0)
    features, reference = (rng.random((3, 4, 5)).astype(np.float32) for _ in range(2))
    grams = [np.einsum("iyx,jyx->ij", part, part) / 20 for part in (features, reference)]
    expected = 0.5 * np.square(grams[0] - grams[1]).sum() / (4 * 3**2)
    loss = style_loss(
        {"conv1_1": torch.from_numpy(features)[None]}, {"conv1_1": gram(torch.from_numpy(reference)[None])}
    )
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_content_is_half_the_square_and_the_added_absolute_term() -> None:
    features, target = torch.tensor([1.0, -2.0]), torch.tensor([0.0, 1.0])
    assert float(content_loss(features, target, absolute_term=False)) == pytest.approx(0.5 * (1 + 9) / 2)
    assert float(content_loss(features, target, absolute_term=True)) == pytest.approx(0.5 * (1 + 9) / 2 + 4 / 2)


def test_the_reference_itself_is_nearer_than_another_colour(encoder: Encoder, photograph: np.ndarray) -> None:
    losses = ReferenceLosses(encoder, photograph, size=96, style_weight=1.0, absolute_term=True)
    light, ab = (small_planes(part, (96, 96)) for part in (lightness_from_srgb(photograph), ab_from_srgb(photograph)))
    loss = losses.of_frame(light, ab)
    assert float(loss(ab)) < 1e-6 < float(loss(ab + 10.0)) < float(loss(ab + 30.0))


def test_a_reference_moves_a_grey_frame_to_its_colour(encoder: Encoder, photograph: np.ndarray) -> None:
    transfer = ReferenceTransfer(encoder, tinted(photograph, 20.0, 25.0), QUICK)
    lightness = lightness_from_srgb(photograph)
    grey = np.zeros((96, 96, 2), np.float32)
    ab = transfer.color(lightness, grey)
    assert ab.shape == (96, 96, 2) and ab.dtype == np.float32
    assert ab.mean((0, 1)).min() > 3.0
    assert np.array_equal(ab, transfer.color(lightness, grey))


def test_a_carried_colour_follows_the_motion_and_stops_at_a_cut(photograph: np.ndarray) -> None:
    large = cv2.resize(skimage.data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    light = lightness_from_srgb(large)
    earlier, later = ((light[:, shift : shift + 200] * 2.55).astype(np.uint8) for shift in (0, 6))
    ab = ab_from_srgb(large)
    carried = carry(earlier, ab[:, :200], later, np.zeros((256, 200, 2), np.float32))
    assert carried is not None
    still, moved = (np.abs(part - ab[:, 6:206])[40:-40, 40:-40].mean() for part in (ab[:, :200], carried))
    assert moved < 0.6 * still
    noise = np.random.default_rng(0).integers(0, 256, earlier.shape, dtype=np.uint8)
    assert carry(earlier, ab[:, :200], noise, ab[:, :200]) is None


def test_frames_that_follow_start_from_the_one_before(encoder: Encoder, photograph: np.ndarray) -> None:
    frames = [grey_of(photograph)] * 3
    answers = [np.full((96, 96, 2), value, np.float32) for value in (10.0, -10.0, -10.0)]
    settings = TransferSettings(size=48, first_steps=2, next_steps=2, rate=0.1)
    transfer = ReferenceTransfer(encoder, tinted(photograph, 10.0, 10.0), settings)
    colors = list(transfer_colors(frames, answers, transfer))
    assert len(colors) == 3
    # Each answer alone would be 20 away; what nothing moved in stays what it was.
    assert np.abs(np.median(colors[2] - colors[0])) < 2.0


def test_a_style_leads_the_palette_keeps_lightness_and_is_one_map(encoder: Encoder, photograph: np.ndarray) -> None:
    answer = tinted(photograph, -5.0, -10.0)
    lightness, ab = lightness_from_srgb(answer), ab_from_srgb(answer)
    style = fit_style(encoder, tinted(photograph[::-1], 15.0, 25.0), [lightness], [ab])
    styled = style.apply(answer, photograph)
    assert np.abs(lightness_from_srgb(styled) - lightness_from_srgb(photograph)).max() < 0.39
    assert (ab_from_srgb(styled).mean((0, 1)) - ab.mean((0, 1))).min() > 8.0
    assert np.array_equal(style.apply(answer, answer, 0.0), answer)
    half = ab_from_srgb(style.apply(answer, photograph, 0.5)).mean() - ab.mean()
    assert 0.3 < half / (ab_from_srgb(styled).mean() - ab.mean()) < 0.8
    assert np.array_equal(style.apply(answer[:40], photograph[:40]), styled[:40])
