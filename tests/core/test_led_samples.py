"""Frames and the references that lead them, as they are made up for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.leading import SURE
from core.nets.two_tower import VARIANTS
from core.training.crops import PictureMix, random_crop_pair
from core.training.led_samples import Led, led_by_reference, sample_led
from core.training.recipes import Phase, Recipe
from core.training.trainer import ColorizerTrainer
from core.training.validation import Validation

SIZE = 96


def slopes() -> np.ndarray:
    """uint8 (200, 300, 3): red grows to the right and green downwards, so a colour tells its place."""
    picture = np.full((200, 300, 3), 90, np.uint8)
    picture[..., 0] = np.linspace(40, 250, 300)
    picture[..., 1] = np.linspace(40, 250, 200)[:, None]
    return picture


def sampled(*, of_references: bool) -> Led:
    """The first batch of its kind."""
    batches = (sample_led(PictureMix([([slopes()], 1.0)]), 48, SIZE, 0.0, np.random.default_rng(i)) for i in range(30))
    return next(led for led in batches if bool(led.confidence.any()) == of_references)


@pytest.fixture(scope="module")
def led() -> Led:
    return sampled(of_references=True)


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


def test_what_is_brought_is_right_as_often_as_its_confidence_says(led: Led) -> None:
    right = (led.brought - led.ab).norm(dim=1, keepdim=True) < 4.0
    for low, high in ((0.0, 0.4), (0.75, 0.9), (0.9, 1.0)):
        there = (led.confidence >= low) & (led.confidence < high)
        assert there.float().mean() > 0.05
        # Something else's colour may by chance be right, too.
        assert low - 0.1 <= right[there].float().mean() <= high + 0.25


def test_sure_colours_lead_and_the_reference_says_nothing_of_what_it_did_not_show(led: Led) -> None:
    leading = led.hint_mask > 0
    assert (led.confidence[leading] > SURE).all()
    assert 0.0 < leading.float().mean() < 1 / 30
    shares = led.reference_mask.flatten(1).mean(1) / led.reference_mask.flatten(1).mean(1).amax()
    assert (shares < 0.9).any() and (shares == 1.0).any() and (shares > 0.0).all()


def test_a_keyframe_s_hints_reach_the_frame_where_both_show_them_and_count_less() -> None:
    led = sampled(of_references=False)
    hinted, there = led.hint_mask[:, 0] > 0, led.reference_mask[:, 0] > 0
    assert 0 < hinted.sum() < there.sum()
    assert led.hint_mask.amax() < 1.0 == led.reference_mask.amax()
    error = (led.hint_ab - led.ab).norm(dim=1)[hinted]
    assert error.median() < 4.0  # strokes run over things of other colours


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_answer_is_what_was_brought_where_that_is_certain(led: Led, variant: str) -> None:
    torch.manual_seed(0)
    few = Led(*(part[:2] for part in led))
    certain = few._replace(confidence=torch.ones_like(few.confidence))
    with torch.no_grad():
        colors = led_by_reference(VARIANTS[variant](), certain)
    assert torch.allclose(colors.ab * 110.0, torch.nn.functional.avg_pool2d(few.brought, 2), atol=1e-2)


def test_a_run_of_led_pictures_learns_of_them_and_says_how_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [slopes(), slopes()[:, ::-1].copy()]
    recipe = Recipe("two-tower", (Phase(until=1.0, size=64, batch=2),), warmup_steps=1, hint_side_rank=2, led_share=1.0)
    trainer = ColorizerTrainer(recipe, PictureMix([(pictures, 1.0)]), Validation(pictures[:1]), tmp_path, "cpu")
    before = trainer.network.attention.elsewhere.detach().clone()
    batch = trainer._make_batch(0, recipe.phases[0])
    assert isinstance(batch, Led) and torch.equal(batch.brought, trainer._make_batch(0, recipe.phases[0])[2])
    for step in range(2):
        trainer._learn_led(batch, step / 2)
    assert not torch.equal(trainer.network.attention.elsewhere, before)
    figure, said = trainer._validated()
    assert figure > 0.0 and "led by a reference" in said
