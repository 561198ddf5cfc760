"""Frames and the references and keyframes that lead them, as they are made up for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.nets.fusion import TransferNet
from core.nets.two_tower import VARIANTS
from core.nets.weights_file import load_weights, shipped_weights
from core.training.crops import PictureMix, random_crop_pair
from core.training.led_samples import Led, led_colors, sample_led
from core.training.recipes import Phase, Recipe
from core.training.trainer import ColorizerTrainer
from core.training.validation import Validation
from tests.core.test_colorizer import PHOTOGRAPHS, photograph

SIZE = 96


def slopes() -> np.ndarray:
    """uint8 (200, 300, 3): red grows to the right and green downwards, so a colour tells its place."""
    picture = np.full((200, 300, 3), 90, np.uint8)
    picture[..., 0] = np.linspace(40, 250, 300)
    picture[..., 1] = np.linspace(40, 250, 200)[:, None]
    return picture


def sampled(pictures: list[np.ndarray], *, of_references: bool) -> Led:
    """The first batch of its kind."""
    batches = (sample_led(PictureMix([(pictures, 1.0)]), 24, SIZE, 0.0, np.random.default_rng(i)) for i in range(30))
    return next(led for led in batches if (led.routes is not None) == of_references)


@pytest.fixture(scope="module")
def transfer() -> TransferNet:
    network = TransferNet()
    load_weights(network, shipped_weights("transfer"), "transfer")
    return network.eval()


def test_two_crops_show_one_place_where_their_offset_says() -> None:
    rng, shown = np.random.default_rng(0), 0
    for _ in range(40):
        first, second, (down, right) = random_crop_pair(slopes(), SIZE, rng)
        rows = [row for row in (10, 48, 85) if 0 <= row + down < SIZE]
        columns = [column for column in (10, 48, 85) if 0 <= column + right < SIZE]
        for row in rows:
            for column in columns:
                there = first[row + down, column + right].astype(int)
                assert np.abs(second[row, column] - there).max() <= 4
                shown += 1
    assert shown > 60


def test_the_transfer_network_is_right_as_often_as_it_is_confident(transfer: TransferNet) -> None:
    led = sampled([photograph(name) for name in PHOTOGRAPHS], of_references=True)
    with torch.no_grad():
        # A colorizer that knows nothing answers grey.
        colors, confidence = led_colors(VARIANTS["squeeze"](), transfer, led)
    shown = torch.nn.functional.interpolate(colors.ab * 110.0, scale_factor=2) / confidence.clamp(min=0.05)
    right = (shown - led.ab).norm(dim=1, keepdim=True) < 7.0
    sure, unsure = confidence > 0.9, confidence < 0.4
    assert sure.float().mean() > 0.1 and unsure.float().mean() > 0.02
    assert right[sure].float().mean() > 0.8 > 0.5 > right[unsure].float().mean()


def test_of_a_reference_all_is_known_and_routes_lead_to_a_part() -> None:
    led = sampled([slopes()], of_references=True)
    assert led.routes is not None
    assert not led.hint_mask.any()
    seen, doubt = led.routes.seen[:, 0], led.routes.doubt[:, 0]
    assert 0.2 < (seen > 0.9).float().mean() < 0.95 and (seen < 0.1).float().mean() > 0.05
    truth = torch.nn.functional.avg_pool2d(led.ab, 4)
    error = (led.routes.ab[:, 0] - truth).norm(dim=1)
    assert error[seen > 0.9].median() < 3.0
    assert doubt[seen > 0.9].median() < doubt[seen < 0.1].median()


def test_a_keyframe_s_hints_reach_the_frame_where_both_show_them_and_count_less() -> None:
    led = sampled([slopes()], of_references=False)
    hinted, there = led.hint_mask[:, 0] > 0, led.anchor_mask[:, 0] > 0
    assert 0 < hinted.sum() < there.sum()
    assert led.hint_mask.amax() < 1.0 == led.anchor_mask.amax()
    error = (led.hint_ab - led.ab).norm(dim=1)[hinted]
    assert error.median() < 4.0  # strokes run over things of other colours


def test_a_run_of_led_pictures_learns_of_them_and_says_how_far(tmp_path: Path, transfer: TransferNet) -> None:
    pictures = [slopes(), slopes()[:, ::-1].copy()]
    recipe = Recipe("two-tower", (Phase(until=1.0, size=64, batch=2),), warmup_steps=1, hint_side_rank=2, led_share=1.0)
    mix, validation = PictureMix([(pictures, 1.0)]), Validation(pictures[:1])
    with pytest.raises(ValueError, match="led_share"):
        ColorizerTrainer(recipe, mix, validation, tmp_path, "cpu")
    trainer = ColorizerTrainer(recipe, mix, validation, tmp_path, "cpu", transfer)
    before = trainer.network.attention.elsewhere.detach().clone()
    kinds = set()
    for step in range(6):
        batch, again = (trainer._make_batch(step, recipe.phases[0]) for _ in range(2))
        assert isinstance(batch, Led) and isinstance(again, Led) and torch.equal(batch.anchor_ab, again.anchor_ab)
        trainer._learn_led(batch, step / 6)
        kinds.add(batch.routes is None)
    assert kinds == {True, False}
    assert not torch.equal(trainer.network.attention.elsewhere, before)
    figure, said = trainer._validated()
    assert figure > 0.0 and "led by another picture" in said
