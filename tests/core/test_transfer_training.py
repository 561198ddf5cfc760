"""Training of the transfer network, alone and together with the colorizer, on made-up scenes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from core.errors import InputError
from core.nets.fusion import TransferNet
from core.nets.weights_file import load_network, load_weights, shipped_weights
from core.training.joint_trainer import Joint, JointTrainer, along_motion
from core.training.moving_scenes import moving_scene
from core.training.recipes import JOINT_RECIPES, TRANSFER_RECIPES
from core.training.transfer_samples import SampleMaker, colorizer_descriptor, load_descriptor
from core.training.transfer_trainer import TransferTrainer
from core.training.transfer_views import random_window, view, windowed
from core.transfer_paths import ROUTES


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [cv2.resize(getattr(skimage.data, name)(), (256, 256)) for name in ("astronaut", "coffee")]


@pytest.fixture(scope="module")
def maker() -> SampleMaker:
    descriptor = colorizer_descriptor(load_network(shipped_weights("two-tower"), "two-tower"))
    return SampleMaker(descriptor, np.random.default_rng(3))


def test_a_moving_scene_moves_and_stays_a_picture(pictures: list[np.ndarray]) -> None:
    frames = moving_scene(pictures, 4, 96, np.random.default_rng(1))
    assert all(frame.shape == (96, 96, 3) and frame.dtype == np.uint8 for frame in frames)
    assert np.abs(frames[0].astype(int) - frames[3]).mean() > 1.0


def test_a_far_pan_shows_what_was_not_in_the_first_frame(pictures: list[np.ndarray]) -> None:
    """The last frame of the fastest of some pans has hardly a corner point in common with the first."""
    detector = cv2.ORB.create(300)
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    shares = []
    for seed in range(8):
        first, *_, last = moving_scene(pictures, 24, 192, np.random.default_rng(seed))
        (_, own), (_, other) = (detector.detectAndCompute(frame, None) for frame in (first, last))
        matches = matcher.match(own, other) if own is not None and other is not None else []
        shares.append(sum(match.distance < 40 for match in matches) / 300)
    assert min(shares) < 0.05 < max(shares)


def test_stretches_of_one_clip_have_many_anchors(pictures: list[np.ndarray], maker: SampleMaker) -> None:
    clip = moving_scene(pictures, 24, 96, np.random.default_rng(2))
    samples = list(maker.of_stretches(clip, 3))
    assert len({sample.anchors[0][1].numpy().tobytes() for sample in samples}) == 3
    for sample in samples:
        assert len(sample.anchors) == 2 and len(sample.estimates.ab) == 2 * len(ROUTES)
        leads = sample.estimates.places.float()
        assert leads.shape == (4, 2, 12, 12) and -24.0 < leads.min() and leads.max() < 36.0


def test_a_run_may_begin_with_the_descriptor_of_other_weights() -> None:
    network = TransferNet()
    load_weights(network, shipped_weights("transfer"), "transfer")
    begun = load_descriptor(shipped_weights("transfer")).state_dict()
    assert all(torch.equal(value, begun[name]) for name, value in network.descriptor.state_dict().items())
    with pytest.raises(InputError):
        load_descriptor(shipped_weights("two-tower"))


def test_a_transfer_run_is_resumed_where_it_stopped_and_its_tower_stays(
    pictures: list[np.ndarray], maker: SampleMaker, tmp_path: Path
) -> None:
    samples = list(maker.of_scenes(pictures, 1))
    recipe = replace(TRANSFER_RECIPES["transfer-cpu"], batch=2)
    descriptor = colorizer_descriptor(load_network(shipped_weights("two-tower"), "two-tower"))

    def trainer() -> TransferTrainer:
        return TransferTrainer(recipe, [samples], samples[:1], tmp_path / "run.safetensors", "cpu")

    first = trainer()
    first.start_from(descriptor)
    first.train(0.01)
    assert first.step > 0
    for own, given in zip(first.network.descriptor.tower(), descriptor.tower(), strict=True):
        for a, b in zip(own.parameters(), given.parameters(), strict=True):
            torch.testing.assert_close(a, b)
    second = trainer()
    second.resume()
    assert second.step == first.step
    torch.testing.assert_close(second.average["to_logit.bias"], first.average["to_logit.bias"])


def test_both_networks_learn_from_what_comes_out_at_the_end(
    pictures: list[np.ndarray], maker: SampleMaker, tmp_path: Path
) -> None:
    pairs = list(maker.pairs_of_scenes(pictures, 1))
    colorizer, transfer = load_network(shipped_weights("two-tower"), "two-tower"), TransferNet()
    load_weights(transfer, shipped_weights("transfer"), "transfer")
    before = colorizer.to_gate.weight.clone(), transfer.to_logit.weight.clone()
    recipe = replace(JOINT_RECIPES["joint-cpu"], window=64)
    trainer = JointTrainer(recipe, Joint(colorizer, transfer), [pairs], pairs, tmp_path / "run.safetensors", "cpu")
    trainer.train(0.02)
    assert trainer.step > 0 and (tmp_path / "run.safetensors").exists()
    assert not torch.equal(colorizer.to_gate.weight, before[0])
    assert not torch.equal(transfer.to_logit.weight, before[1])


def test_colours_that_move_along_do_not_differ_along_the_motion() -> None:
    ab = torch.randn(1, 2, 16, 16)
    moved = torch.roll(ab, 2, -1)
    step = torch.stack((torch.full((16, 16), 2.0), torch.zeros(16, 16), torch.ones(16, 16)))
    step[2, :, -2:] = 0.0
    pair = torch.cat((ab, moved))
    assert along_motion(pair, step) < 0.15
    assert along_motion(pair, step * torch.tensor([0.0, 0.0, 1.0]).view(3, 1, 1)) > 0.5


def test_a_window_shows_the_same_place_in_all_its_planes(pictures: list[np.ndarray], maker: SampleMaker) -> None:
    sample = next(maker.of_stills(pictures, 1))
    whole = view(sample, (0,), ())
    part = windowed(whole, replace(random_window(whole.lightness, 64, np.random.default_rng(0)), mirrored=False))
    assert part.lightness.shape == (1, 64, 64) and part.truth.shape == (2, 16, 16)
    assert [tuple(level.shape[-2:]) for level in part.levels] == [(8, 8), (4, 4), (2, 2)]
