"""The gist network: small pictures' colours are learned, whole or resumed, and its say ends where hints begin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from core.__main__ import main
from core.color import lightness_from_srgb
from core.colorizer import Colorizer
from core.errors import InputError
from core.evaluation.protocol import centre_square
from core.gist_prior import GistPrior
from core.nets.gist import SHIPPED_GIST, GistNet, load_gist
from core.nets.weights_file import in_few_levels, save_weights
from core.picture_sets import LabelledPictures
from core.training.gist_trainer import GistTrainer
from core.training.recipes import GIST_RECIPES, Phase

QUICK = replace(GIST_RECIPES["gist-cpu"], phases=(Phase(until=1.0, size=32, batch=8),), warmup_steps=2)


def two_kinds(count: int) -> LabelledPictures:
    """Dark pictures are blue, light ones orange."""
    pictures, labels = [], []
    for i in range(count):
        noise = np.random.default_rng(i).integers(0, 12, (40, 44, 3))
        pictures.append((np.array([(30, 40, 120), (250, 170, 90)][i % 2]) + noise).clip(0, 255).astype(np.uint8))
        labels.append(i % 2)
    return LabelledPictures(pictures, labels, ["dark", "light"])


def trainer_in(folder: Path) -> GistTrainer:
    labelled = two_kinds(12)
    return GistTrainer(
        QUICK, labelled.pictures[:4], labelled, labelled.pictures[:2], folder / "gist.safetensors", "cpu"
    )


def test_it_learns_the_colours_of_small_pictures(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    before, _ = trainer._validated()
    for step in range(40):
        trainer._learn(trainer._make_batch(step, QUICK.phases[0]), 0.0)
    assert trainer._validated()[0] > before + 3.0


def test_a_run_goes_on_where_it_stopped_and_its_weights_load(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.train(minutes=0.02)
    resumed = trainer_in(tmp_path)
    resumed.resume()
    assert resumed.step == trainer.step > 0
    assert all(torch.equal(resumed.average[name], value) for name, value in trainer.average.items())
    save_weights(tmp_path / "whole.safetensors", resumed.weights(), "gist")
    save_weights(tmp_path / "levels.safetensors", in_few_levels(resumed.weights()), "gist")
    whole, levels = (load_gist(tmp_path / f"{name}.safetensors").state_dict() for name in ("whole", "levels"))
    for name, value in resumed.weights().items():
        near = 0.08 * float(value.abs().max()) + 1e-6
        assert torch.allclose(whole[name].float(), value.float(), rtol=1e-3, atol=1e-6), name
        assert torch.allclose(levels[name].float(), value.float(), rtol=1e-3, atol=near), name


def test_the_command_trains_and_writes_weights(tmp_path: Path) -> None:
    photographs, classes = tmp_path / "photographs", tmp_path / "classes"
    photographs.mkdir()
    for i, picture in enumerate(two_kinds(80).pictures):
        cv2.imwrite(str(photographs / f"{i:03d}.png"), picture)
        (classes / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(classes / "ab"[i % 2] / f"{i:03d}.png"), picture)
    weights = tmp_path / "gist.safetensors"
    arguments = ["--data", str(photographs), "--classes", str(classes), "--out", str(tmp_path / "run")]
    assert main(["train", "gist", *arguments, "--minutes", "0.01", "--export", str(weights)]) == 0
    load_gist(weights)


def test_other_weights_get_a_sentence(tmp_path: Path) -> None:
    save_weights(tmp_path / "other.safetensors", {"x": torch.zeros(3)}, "gist")
    with pytest.raises(InputError, match="do not fit the network 'gist'"):
        load_gist(tmp_path / "other.safetensors")


@pytest.mark.parametrize("size", [(256, 256), (256, 448), (96, 32), (512, 384)])
def test_the_change_has_the_colorizers_size_and_leads_towards_what_the_gist_is(size: tuple[int, int]) -> None:
    network = GistNet()
    assert network.to_ab.bias is not None
    network.to_ab.bias.data = torch.tensor([0.2, -0.1])
    lightness = torch.rand(size) * 100.0
    with torch.no_grad():
        change = GistPrior(network, "cpu").change(lightness, torch.zeros(2, size[0] // 2, size[1] // 2))
        none = GistPrior(network, "cpu").change(
            lightness, torch.tensor([0.2, -0.1])[:, None, None].expand(2, size[0] // 2, size[1] // 2)
        )
    assert change.shape == (2, size[0] // 4, size[1] // 4)
    share = change[0] / 0.2
    assert torch.allclose(change[1] / -0.1, share, atol=5e-3) and 0.1 < float(share.mean()) < 1.0
    assert none.abs().max() < 1e-3


def test_hints_are_obeyed_and_the_gist_is_asked_only_where_they_are_few() -> None:
    colorizer = Colorizer.load("two-tower", "cpu")
    lightness = lightness_from_srgb(centre_square(skimage.data.astronaut()))
    asked = []
    change = colorizer._gist.change
    colorizer._gist.change = lambda *planes: asked.append(1) or change(*planes)
    hint_ab, few = np.full((*lightness.shape, 2), (30.0, -20.0), np.float32), np.zeros(lightness.shape, bool)
    few[10:17, 10:17] = True
    many = few.copy()
    many[::8, ::8] = True
    unaided = colorizer.predict(lightness, hint_ab, np.zeros_like(few))
    assert len(asked) == 1 and np.isfinite(unaided).all()
    assert np.array_equal(colorizer.predict(lightness, hint_ab, few)[few], hint_ab[few]) and len(asked) == 2
    colorizer.predict(lightness, hint_ab, many)
    assert len(asked) == 2


def test_squeeze_stays_small() -> None:
    assert Colorizer.load("squeeze", "cpu")._gist is None
    assert SHIPPED_GIST.stat().st_size < 4_000_000
