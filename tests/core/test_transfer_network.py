"""The transfer network: what routes and likeness bring, and how far to trust it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F

from core.color import ab_from_srgb, lightness_from_srgb
from core.errors import InputError
from core.nets.fusion import Estimates, Memory, TransferNet
from core.nets.similarity import alike_along
from core.nets.weights_file import save_weights
from core.shading import log_chroma_room
from core.strip_motion import StripMotion
from core.transfer import Anchor, brought
from core.transfer_network import Estimate, Remembered, TransferNetwork, pooled
from core.transfer_paths import AnchorPaths

from .moving_pictures import HEIGHT, WIDTH, ListedFootage, camera_move

SIDE = 128


@pytest.fixture(scope="module")
def network() -> TransferNetwork:
    return TransferNetwork.load("cpu")


def picture(name: str, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """L* and ab of a photograph."""
    rgb = cv2.resize(getattr(skimage.data, name)(), (side, side), interpolation=cv2.INTER_AREA)
    return lightness_from_srgb(rgb), ab_from_srgb(rgb)


def estimate(
    ab: np.ndarray, remembered: Remembered, doubt: float, change: float, seen: float = 1.0, moved: float = 0.0
) -> Estimate:
    planes = (np.full(ab.shape[:2], value, np.float32) for value in (doubt, change, seen))
    flow = np.full((*ab.shape[:2], 2), moved, np.float32)
    return Estimate(ab, *planes, distance=5, matched=True, flow=flow, described=remembered.described)


@pytest.mark.parametrize("in_hardware, computed_in", [(False, torch.float32), (True, torch.bfloat16)])
def test_it_computes_in_bfloat16_only_where_the_processor_does(
    in_hardware: bool, computed_in: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without bfloat16 in hardware a convolution in it takes ten times as long as in float32."""
    monkeypatch.setattr("core.transfer_network.computes_in_bfloat16", lambda device: in_hardware)
    network = TransferNetwork.load("cpu")
    seen: list[torch.dtype] = []
    for part in network._network.modules():
        if isinstance(part, torch.nn.Conv2d):
            part.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    lightness, ab = picture("astronaut")
    remembered = network.remember(lightness, ab)
    network.choose(lightness, [estimate(ab, remembered, 0.3, 0.5)], [remembered])
    assert seen and set(seen) == {computed_in}


def test_an_estimate_without_doubt_comes_through(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut")
    remembered = network.remember(lightness, ab)
    answer = network.choose(lightness, [estimate(ab, remembered, 0.3, 0.5)], [remembered])
    assert answer.confidence.mean() > 0.8
    assert np.abs(answer.ab - ab).mean() < 3.0


def test_of_two_estimates_the_one_that_fits_the_footage_leads(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut")
    remembered = network.remember(lightness, ab)
    wrong = estimate(-ab[::-1], remembered, 7.0, 25.0, 0.0)
    answer = network.choose(lightness, [wrong, estimate(ab, remembered, 0.3, 0.5)], [remembered])
    error = np.linalg.norm(answer.ab - ab, axis=-1).mean()
    assert error < 0.25 * np.linalg.norm(wrong.ab - ab, axis=-1).mean()


def test_what_nothing_fits_is_not_trusted(network: TransferNetwork) -> None:
    lightness, _ = picture("coffee")
    other_lightness, other_ab = picture("astronaut")
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, 40.0, (SIDE, SIDE, 2)).astype(np.float32)
    remembered = network.remember(other_lightness, other_ab)
    answer = network.choose(lightness, [estimate(noise, remembered, 8.0, 30.0, 0.0)], [remembered])
    sure = network.choose(other_lightness, [estimate(other_ab, remembered, 0.3, 0.5)], [remembered])
    assert answer.confidence.mean() < 0.6 * sure.confidence.mean()


def test_scenery_that_came_into_the_picture_is_trusted_less_than_what_stayed(network: TransferNetwork) -> None:
    frames = camera_move(31, 2.0)
    motion = StripMotion(ListedFootage(frames), (HEIGHT, WIDTH))
    first, last = (lightness_from_srgb(frames[number]) for number in (0, 30))
    waves = np.sin(np.arange(WIDTH, dtype=np.float32) / 15.0)
    ab = np.repeat(np.dstack((40.0 * waves, 40.0 * waves[::-1])), HEIGHT, axis=0)
    arrival = AnchorPaths(motion, 0).at(30)
    assert arrival is not None
    remembered = network.remember(first, ab)
    routes = brought(Anchor(first, ab), arrival, log_chroma_room(last), 30, remembered.described)
    confidence = network.choose(last, routes, [remembered]).confidence
    assert confidence[20:-20, 20:100].mean() > confidence[20:-20, -50:].mean() + 0.2


def test_a_reference_that_moved_is_found_by_likeness_alone(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut", 192)
    moved = (np.roll(lightness, 40, 1), np.roll(ab, 40, 1))
    answer = network.choose(lightness, [], [network.remember(*moved)])
    error = np.linalg.norm(answer.ab - ab, axis=-1)
    unmoved = np.linalg.norm(moved[1] - ab, axis=-1)
    assert error.mean() < 0.6 * unmoved.mean()


def test_one_picture_more_that_is_unlike_changes_little(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut")
    own, other = network.remember(lightness, ab), network.remember(*picture("coffee"))
    alone, both = (network.choose(lightness, [], pictures) for pictures in ([own], [own, other]))
    assert np.abs(alone.ab - both.ab).mean() < 4.0


def test_any_size_goes_in_and_the_same_comes_out(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut", 101)
    lightness, ab = lightness[:67], ab[:67]
    remembered = network.remember(lightness, ab, coarse=True)
    answer = network.choose(lightness, [estimate(ab, remembered, 0.3, 0.5)] * 3, [remembered])
    assert answer.ab.shape == (67, 101, 2) and answer.confidence.shape == (67, 101)
    assert 0.0 <= answer.confidence.min() and answer.confidence.max() <= 1.0


def test_shares_add_up_to_one_with_and_without_estimates() -> None:
    network = TransferNet().eval()
    lightness = torch.rand(1, 1, 64, 96) * 100
    described = network.descriptor(lightness)
    memory = Memory(described.flatten(2), torch.randn(1, 3, 96))
    for count in (0, 4):
        plane = torch.rand(1, count, 16, 24)
        each, places = torch.ones(1, count), 8.0 * torch.rand(1, count, 2, 8, 12)
        routed = Estimates(torch.randn(1, count, 2, 16, 24), plane, plane, plane, each, each, places)
        choice = network(lightness, described, routed, [described] * count, memory)
        assert choice.weights.shape == (1, count + 2, 16, 24)
        torch.testing.assert_close(choice.weights.sum(1), torch.ones(1, 16, 24))


def test_a_route_leads_to_what_looks_alike() -> None:
    """Descriptors of each place, and of where its route leads, are the same where the route is true."""
    anchor = F.normalize(torch.randn(1, 64, 9, 14), dim=1)
    frame = torch.roll(anchor, (1, -2), (2, 3))
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(14.0), indexing="ij")
    true, still = torch.stack((x + 2.0, y - 1.0)), torch.stack((x, y))
    alike = alike_along(frame, anchor, torch.stack((true, still))[None])
    assert alike.shape == (1, 2, 9, 14)
    assert torch.allclose(alike[0, 0, 1:, :-2], torch.ones(8, 12), atol=1e-4)
    assert alike[0, 1].mean() < 0.3
    beyond = alike_along(anchor, anchor, torch.stack((x - 20.0, y - 20.0))[None, None])
    torch.testing.assert_close(beyond, (anchor * anchor[..., :1, :1]).sum(1, keepdim=True), atol=1e-4, rtol=0.0)


def test_where_routes_lead_is_told_in_cells_of_a_picture_of_any_size(network: TransferNetwork) -> None:
    lightness, ab = picture("astronaut", 104)
    remembered = network.remember(lightness, ab)
    places = pooled([estimate(ab, remembered, 0.0, 0.0, moved=16.0)], (128, 128)).places[0]
    assert places.shape == (2, 16, 16)
    assert torch.allclose(places[0, :13, :13], torch.arange(13.0) + 2.0, atol=1e-3)
    assert torch.allclose(places[1, :13, :13], torch.arange(13.0)[:, None] + 2.0, atol=1e-3)


def test_weights_of_another_network_are_refused(tmp_path) -> None:
    path = tmp_path / "other.safetensors"
    save_weights(path, TransferNet().state_dict(), "two-tower")
    with pytest.raises(InputError, match="two-tower"):
        TransferNetwork.load("cpu", weights=path)
