"""The trainer learns, resumes to the same state, and its hints and film looks are what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.__main__ import main
from core.errors import InputError
from core.nets.weights_file import in_few_levels, load_network, save_weights
from core.training.checkpoint import load_checkpoint
from core.training.crops import PictureMix
from core.training.film_looks import film_look
from core.training.hint_sampling import MOST_HINTS, sample_hints
from core.training.losses import colorizer_loss
from core.training.recipes import Phase, Recipe
from core.training.recoloring import recolored
from core.training.trainer import CHECKPOINT, ColorizerTrainer
from core.training.validation import Validation

QUICK = Recipe("squeeze", (Phase(until=1.0, size=32, batch=4),), warmup_steps=2)
TUNED = replace(QUICK, hint_side_rank=2)


def two_colour_pictures(count: int) -> list[np.ndarray]:
    """Dark is blue, light is orange: something to learn without hints."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(count):
        dark = rng.random((40, 48)) < 0.5
        dark = np.kron(dark[::8, ::8], np.ones((8, 8))) > 0
        pictures.append(np.where(dark[..., None], (30, 40, 120), (250, 170, 90)).astype(np.uint8))
    return pictures


def trainer_in(folder: Path, recipe: Recipe = QUICK) -> ColorizerTrainer:
    pictures = two_colour_pictures(8)
    return ColorizerTrainer(recipe, PictureMix([(pictures, 1.0)]), Validation(pictures[:1]), folder, "cpu")


@torch.no_grad()
def loss_on(trainer: ColorizerTrainer, batch: tuple[torch.Tensor, ...]) -> float:
    lightness, ab, hint_ab, hint_mask, *transferred = batch
    return float(colorizer_loss(trainer.network(lightness, hint_ab, hint_mask, tuple(transferred)), lightness, ab))


def test_a_few_steps_lower_the_loss_on_what_can_be_learned(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    batch = trainer._make_batch(0, QUICK.phases[0])
    before = loss_on(trainer, batch)
    for step in range(12):
        trainer._learn(trainer._make_batch(step, QUICK.phases[0]), 0.0)
    after = loss_on(trainer, batch)
    assert after < 0.9 * before


@pytest.mark.parametrize("recipe", [QUICK, TUNED], ids=["whole", "at low rank"])
def test_a_run_saves_itself_and_goes_on_where_it_stopped(tmp_path: Path, recipe: Recipe) -> None:
    trainer = trainer_in(tmp_path, recipe)
    trainer.train(minutes=0.02)
    resumed = trainer_in(tmp_path, recipe)
    resumed.resume()
    assert resumed.step == trainer.step > 0
    assert resumed.seconds == trainer.seconds
    for name, value in trainer.average.items():
        assert torch.equal(resumed.average[name], value)
    moments, expected = resumed.optimizer.state_dict()["state"], trainer.optimizer.state_dict()["state"]
    first = min(expected)  # what does not learn has no moments
    assert torch.equal(moments[first]["exp_avg"], expected[first]["exp_avg"])


def test_a_damaged_checkpoint_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    path.write_bytes(b"\x00" * 100)
    trainer = trainer_in(tmp_path)
    with pytest.raises(InputError, match="cannot be resumed"):
        load_checkpoint(path, trainer.network, trainer.average, trainer.optimizer)


def test_weights_come_back_as_halves_and_others_are_refused(tmp_path: Path) -> None:
    trainer, path = trainer_in(tmp_path), tmp_path / "squeeze.safetensors"
    save_weights(path, trainer.average, "squeeze")
    loaded = load_network(path, "squeeze").state_dict()
    assert all(torch.equal(value.half().float(), loaded[name]) for name, value in trainer.average.items())
    with pytest.raises(InputError, match="for the variant 'squeeze'"):
        load_network(path, "two-tower")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="cannot be read"):
        load_network(path, "squeeze")


def test_weights_in_few_levels_are_near_and_half_the_size(tmp_path: Path) -> None:
    weights = trainer_in(tmp_path).average
    whole, small = tmp_path / "whole.safetensors", tmp_path / "small.safetensors"
    save_weights(whole, weights, "squeeze")
    save_weights(small, in_few_levels(weights), "squeeze")
    assert small.stat().st_size < 0.65 * whole.stat().st_size
    loaded = load_network(small, "squeeze").state_dict()
    for name, value in weights.items():
        most = 7 if value.numel() >= 100_000 else 31
        step = value.abs().flatten(1).amax(1) / most if value.dim() > 1 else value.abs().amax() / most
        assert ((loaded[name] - value).abs().flatten(1 if value.dim() > 1 else 0).amax(-1) <= 0.51 * step + 1e-3).all()


def test_the_average_of_two_runs_lies_between_them(tmp_path: Path) -> None:
    weights = trainer_in(tmp_path).average
    files = [tmp_path / f"{name}.safetensors" for name in ("first", "second", "mean")]
    save_weights(files[0], weights, "squeeze")
    save_weights(files[1], {name: 3.0 * value for name, value in weights.items()}, "squeeze")
    arguments = ["train", "average", str(files[0]), str(files[1]), "--variant", "squeeze", "--export", str(files[2])]
    assert main(arguments) == 0
    mean = load_network(files[2], "squeeze").state_dict()
    for name, value in weights.items():
        assert torch.allclose(mean[name], 2.0 * value, atol=0.15 * float(value.abs().max()) + 2e-3), name


def test_levels_without_their_steps_are_refused(tmp_path: Path) -> None:
    weights, path = in_few_levels(trainer_in(tmp_path).average), tmp_path / "squeeze.safetensors"
    del weights[next(name for name in weights if name.endswith(".step"))]
    weights["up.0.weight.step"] = torch.ones(3)
    save_weights(path, weights, "squeeze")
    with pytest.raises(InputError, match="do not fit the network"):
        load_network(path, "squeeze")


def test_sampled_hints_carry_true_chroma_of_their_place() -> None:
    ab = torch.full((16, 2, 64, 64), 25.0)
    hint_ab, mask = sample_hints(ab, torch.Generator().manual_seed(0))
    covered = mask.expand_as(hint_ab) > 0
    assert torch.allclose(hint_ab[covered], torch.tensor(25.0), atol=1e-3)
    assert not hint_ab[~covered].any()


def test_some_pictures_have_their_first_hint_where_the_colour_differs_most() -> None:
    shown = torch.zeros(800, 2, 64, 64)
    shown[:, :, :16, :16] = 40.0
    nothing = torch.zeros_like(shown)
    _, chosen = sample_hints(nothing, torch.Generator().manual_seed(2), chosen_share=0.3, chosen_by=shown)
    _, as_drawn = sample_hints(nothing, torch.Generator().manual_seed(2), chosen_share=0.3)
    moved = (chosen != as_drawn).flatten(1).any(1)
    assert 0.02 < moved.float().mean() < 0.2
    there, before = (mask[moved, 0, :18, :18].flatten(1).any(1).float().mean() for mask in (chosen, as_drawn))
    assert there == 1.0 > before


def test_recoloring_moves_a_hinted_kind_and_nothing_else() -> None:
    lightness, ab = torch.full((40, 1, 32, 32), 55.0), torch.zeros(40, 2, 32, 32)
    ab[:, 0, :, 16:] = 40.0
    lightness[:, :, :16, :16] = 20.0
    mask = torch.zeros(40, 1, 32, 32)
    mask[:30, :, 20:23, 20:23] = 1.0
    moved = (recolored(lightness, ab, mask, torch.Generator().manual_seed(3)) - ab).norm(dim=1)
    changed = moved.amax((1, 2)) > 0.0
    assert 3 <= int(changed[:30].sum()) <= 20
    assert not changed[30:].any()
    assert (moved[changed][:, 20:23, 20:23].amin((1, 2)) > 5.0).all()
    assert moved[:, :, :16].amax() < 8.0


def test_some_recolored_kinds_end_by_place_and_others_reach_all_that_is_alike() -> None:
    lightness, ab = torch.full((60, 1, 32, 32), 55.0), torch.zeros(60, 2, 32, 32)
    mask = torch.zeros(60, 1, 32, 32)
    mask[:, :, 2, 2] = 1.0
    moved = (recolored(lightness, ab, mask, torch.Generator().manual_seed(3)) - ab).norm(dim=1)
    far = (moved[:, 31, 31] / moved[:, 2, 2])[moved[:, 2, 2] > 0.0]
    assert (far < 0.2).any() and (far > 0.9).any()


def test_some_pictures_have_no_hints_and_none_has_too_many() -> None:
    _, mask = sample_hints(torch.zeros(200, 2, 64, 64), torch.Generator().manual_seed(1))
    shares = mask.mean((1, 2, 3))
    assert 5 <= int((shares == 0).sum()) <= 60
    assert shares.max() <= MOST_HINTS * 6 * 9 / 64**2


def test_film_looks_stay_lightness_and_differ(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    rng = np.random.default_rng(1)
    looks = [film_look(picture, rng) for _ in range(20)]
    assert all(look.shape == (48, 64) and look.dtype == np.float32 for look in looks)
    assert all(np.isfinite(look).all() and look.min() >= 0.0 and look.max() <= 100.0 for look in looks)
    assert len({look.tobytes() for look in looks}) == 20
