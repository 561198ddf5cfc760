"""The encoder: VGG's layers, weights from anywhere that is safe, and a trainer that can teach it."""

from __future__ import annotations

import os
import pickle
import tarfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.__main__ import main
from core.errors import InputError
from core.nets.vgg import DEVIATION, MEAN, Encoder, load_encoder
from core.nets.weights_file import save_weights
from core.picture_sets import LabelledPictures, read_labelled_pictures
from core.training.encoder_classifier import EncoderClassifier, folded
from core.training.encoder_trainer import EncoderTrainer, split_classes
from core.training.recipes import EncoderRecipe, Phase

QUICK = EncoderRecipe((4, 4, 6, 6, 8), (2, 2, 2, 2, 1), (Phase(until=1.0, size=32, batch=8),), warmup_steps=2)
# torchvision's vgg19: the widths of its convolutions, and where a pooling stands ("M").
CONFIGURATION_E = (64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M")


@cache
def torchvision_vgg19() -> dict[str, torch.Tensor]:
    """Random weights with the names and shapes of torchvision's features; of the classifier only the last layer."""
    generator = torch.Generator().manual_seed(0)
    state, width_in, index = {}, 3, 0
    for width in CONFIGURATION_E:
        if isinstance(width, int):
            state[f"features.{index}.weight"] = torch.randn(width, width_in, 3, 3, generator=generator) * 0.05
            state[f"features.{index}.bias"] = torch.randn(width, generator=generator) * 0.05
            width_in = width
        index += 2 if isinstance(width, int) else 1
    return {**state, "classifier.6.weight": torch.zeros(1000, 8), "classifier.6.bias": torch.zeros(1000)}


def torchvision_vgg19_state() -> dict[str, torch.Tensor]:
    return dict(torchvision_vgg19())


def striped_pictures(count: int) -> LabelledPictures:
    """Two classes: stripes that lie, and stripes that stand."""
    rng = np.random.default_rng(0)
    pictures = []
    for label in (i % 2 for i in range(count)):
        stripes = np.kron(rng.random(10) < 0.5, np.ones(4))[:, None] * np.ones(40)
        picture = np.where((stripes.T if label else stripes)[..., None] > 0, rng.integers(0, 256, 3), 20)
        pictures.append(picture.astype(np.uint8))
    return LabelledPictures(pictures, [i % 2 for i in range(count)], ["lie", "stand"])


def test_the_shipped_encoder_has_the_layers_of_style_and_content_and_is_small() -> None:
    layers = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1")
    found = load_encoder()(torch.rand(1, 3, 64, 48), layers)
    assert [found[name].shape[2:] for name in layers] == [(64, 48), (32, 24), (16, 12), (8, 6), (8, 6), (4, 3)]
    assert all(torch.isfinite(value).all() and value.min() == 0.0 and value.max() > 0.0 for value in found.values())


def test_torchvisions_vgg19_is_the_same_from_pth_and_safetensors(tmp_path: Path) -> None:
    state = torchvision_vgg19_state()
    torch.save(state, tmp_path / "vgg19-dcbb9e9d.pth")
    save_file(state, tmp_path / "vgg19.safetensors")
    encoders = [load_encoder(tmp_path / name) for name in ("vgg19-dcbb9e9d.pth", "vgg19.safetensors")]
    picture = torch.rand(1, 3, 32, 32)
    first, second = (encoder(picture, ("conv3_4", "conv5_1")) for encoder in encoders)
    assert first["conv3_4"].shape == (1, 256, 8, 8) and first["conv5_1"].shape == (1, 512, 2, 2)
    assert all(torch.equal(first[name], second[name]) for name in first)
    # features.28 is the convolution behind the fourth pooling.
    assert torch.equal(encoders[0].convolutions["conv5_1"].weight, state["features.28.weight"])


def test_a_hostile_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "was-run"),)

    path = tmp_path / "hostile.pth"
    path.write_bytes(pickle.dumps({"features.0.weight": Hostile()}))
    with pytest.raises(InputError, match="damaged, or holds more than weights"):
        load_encoder(path)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "other", "list", "shape", "nan", "missing"])
def test_a_file_that_is_no_encoder_gets_a_sentence(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    state = torchvision_vgg19_state()
    if damage == "shape":
        state["features.28.weight"] = torch.zeros(512, 512, 1, 1)
    if damage == "nan":
        state["features.5.bias"] = torch.full((128,), torch.nan)
    contents = {"other": {"layer": torch.zeros(3)}, "list": [torch.zeros(3)]}.get(damage, state)
    torch.save(contents, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5000])
    if damage in ("noise", "empty"):
        path.write_bytes(np.random.default_rng(0).bytes(2000 if damage == "noise" else 0))
    if damage == "missing":
        path.unlink()
    with pytest.raises(InputError) as caught:
        load_encoder(path)
    assert caught.value.code == "bad-encoder" and str(path) in caught.value.message


def test_folding_the_norms_away_changes_no_answer() -> None:
    torch.manual_seed(0)
    network = EncoderClassifier(QUICK.widths, QUICK.depths, 2)
    for _ in range(5):
        network(torch.randn(8, 3, 32, 32) * 2.0)
    network.eval()
    rgb = torch.rand(1, 3, 32, 32)
    normalised = (rgb - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
    encoder = Encoder(QUICK.widths, QUICK.depths)
    encoder.load_state_dict(folded(network.state_dict(), network.places))
    features = encoder(rgb, ("conv5_1",))["conv5_1"]
    assert torch.allclose(network.head(features.mean((2, 3))), network(normalised), atol=1e-4)


def test_the_trainer_learns_resumes_and_exports_what_loads(tmp_path: Path) -> None:
    learned, kept = split_classes(striped_pictures(200), 10)
    assert len(kept.pictures) == 20 and kept.labels.count(0) == 10
    trainer = EncoderTrainer(QUICK, learned, kept, tmp_path / "run.safetensors", "cpu")
    losses = [trainer._learn(*trainer._make_batch(step, QUICK.phases[0]), 0.0) for step in range(40)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])
    trainer.train(1e-6)
    resumed = EncoderTrainer(QUICK, learned, kept, tmp_path / "run.safetensors", "cpu")
    resumed.resume()
    assert resumed.step == 40 and resumed.accuracy() == trainer.accuracy()
    save_weights(tmp_path / "encoder.safetensors", resumed.encoder_weights(), "encoder")
    assert load_encoder(tmp_path / "encoder.safetensors")(torch.rand(1, 3, 32, 32), ("conv5_1",))["conv5_1"].any()


def test_classes_are_the_folders_below_what_all_share(tmp_path: Path) -> None:
    for name in ("set/train/n02/images/a.png", "set/train/n01/images/b.png", "set/train/n02/images/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 5, 3), np.uint8))
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        archive.add(tmp_path / "set", "set")
    for path in (tmp_path / "set", tmp_path / "set.tar"):
        found = read_labelled_pictures(path)
        assert found.classes == ["n01", "n02"] and found.labels == [0, 1, 1]
    with pytest.raises(InputError, match="not sorted by class"):
        read_labelled_pictures(tmp_path / "set/train/n02")


def test_an_unknown_encoder_recipe_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--recipe", "none", "--data", str(tmp_path), "--out", str(tmp_path), "--minutes", "1"]
    assert main(["train", "encoder", *arguments]) == 2
    assert "Recipes: encoder-cpu." in capsys.readouterr().err
