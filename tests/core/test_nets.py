"""The networks' parts, by their mathematics."""

from __future__ import annotations

import pytest
import torch

from core.color import lab_from_srgb
from core.nets.ab_bins import bin_centres, nearest_bins
from core.nets.blocks import Conv, freeze
from core.nets.domain_transform import TURNS, spread, spread_hints, step_costs
from core.nets.hint_attention import MOST_CELLS, HintAttention, HintedCells
from core.nets.hinted_cells import in_one_row
from core.nets.two_tower import VARIANTS


def test_spread_of_one_hint_is_its_chroma_everywhere_and_fades() -> None:
    weight = torch.zeros(1, 1, 12, 16)
    weight[..., 6, 3] = 1.0
    hint = torch.zeros(1, 2, 12, 16)
    hint[:, :, 6, 3] = torch.tensor([30.0, -20.0])
    ab, reached = spread_hints(hint, weight, *step_costs(torch.full((1, 1, 12, 16), 50.0), 8.0, 10.0))
    assert torch.allclose(ab, torch.tensor([30.0, -20.0]).view(1, 2, 1, 1).expand_as(ab), atol=1e-3)
    assert reached[0, 0, 6, 3] > reached[0, 0, 6, 9] > reached[0, 0, 6, 15] > reached[0, 0, 0, 15]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (6, 13), (16, 9)])
def test_spread_is_the_sum_over_rows_and_columns_by_distance(size: tuple[int, int]) -> None:
    random = torch.Generator().manual_seed(0)
    height, width = size
    values = torch.randn(2, 3, height, width, generator=random, dtype=torch.float64)
    costs = [
        part.requires_grad_()
        for part in (
            torch.rand(2, height, width - 1, generator=random, dtype=torch.float64),
            torch.rand(2, height - 1, width, generator=random, dtype=torch.float64),
        )
    ]

    def weights(line_costs: torch.Tensor) -> torch.Tensor:
        position = torch.nn.functional.pad(line_costs.cumsum(-1), (1, 0))
        return torch.exp(-(position.unsqueeze(-1) - position.unsqueeze(-2)).abs())

    expected = values
    for turn in range(TURNS):
        expected = torch.einsum("bcyx,byxz->bcyz", expected, weights(costs[0] * 2.0**turn))
        expected = torch.einsum("bcyx,bxyz->bczx", expected, weights(costs[1].transpose(1, 2) * 2.0**turn))
    got = spread(values, *costs)
    assert torch.allclose(got, expected, rtol=1e-10)
    # The costs themselves, so that those of a line of one cell, which nothing depends on, have a gradient, too.
    alike = [torch.autograd.grad(sum(part.sum() for part in (x.square(), *costs)), costs) for x in (got, expected)]
    for one, other in zip(*alike, strict=True):
        assert torch.allclose(one, other, rtol=1e-8)


def test_what_several_share_is_convolved_as_if_each_had_it() -> None:
    random = torch.Generator().manual_seed(0)
    convolution = Conv(5, 4)
    own = torch.randn(2, 3, 2, 6, 7, generator=random)
    shared = torch.randn(2, 3, 6, 7, generator=random)
    together = torch.cat((own, shared.unsqueeze(1).expand(-1, 3, -1, -1, -1)), 2)
    for _ in range(2):
        expected = convolution(together.flatten(0, 1)).unflatten(0, (2, 3))
        assert torch.allclose(convolution.beside(own, shared), expected, atol=1e-6)
        freeze(convolution)


def test_spread_stops_at_an_edge() -> None:
    lightness = torch.full((1, 1, 12, 16), 20.0)
    lightness[..., 8:] = 80.0
    weight = torch.zeros(1, 1, 12, 16)
    weight[..., 6, 3] = 1.0
    _, reached = spread_hints(torch.zeros(1, 2, 12, 16), weight, *step_costs(lightness, 16.0, 8.0))
    assert reached[0, 0, 6, 8] < 0.05 * reached[0, 0, 6, 7]


def test_spread_without_hints_is_nothing() -> None:
    ab, reached = spread_hints(
        torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8), *step_costs(torch.rand(1, 1, 8, 8) * 100, 8.0, 10.0)
    )
    assert not ab.any() and not reached.any()


def test_attention_trusts_nothing_without_hints_and_brings_the_only_hints_chroma() -> None:
    torch.manual_seed(0)
    attention = HintAttention(16, hears_nearest=False)
    features = torch.randn(1, 16, 6, 8)
    hint, weight = torch.zeros(1, 2, 6, 8), torch.zeros(1, 1, 6, 8)
    _, trust, _ = attention(features, hint, weight, None)
    assert trust.max() < 1e-6
    hint[:, :, 2, 2], weight[..., 2, 2] = 0.5, 1.0
    gathered, trust, _ = attention(features, hint, weight, None)
    alike = torch.stack((trust, trust), 2).flatten(1, 2)
    assert torch.allclose(gathered, 0.5 * alike, atol=1e-4)
    assert trust.min() > 0.0


def test_the_nearest_hint_keeps_alike_cells_from_hearing_hints_of_other_colours() -> None:
    torch.manual_seed(0)
    attention = HintAttention(16, hears_nearest=True)
    features = torch.randn(1, 16, 1, 1).expand(1, 16, 6, 8)  # everything looks alike
    hint, weight = torch.zeros(1, 2, 6, 8), torch.zeros(1, 1, 6, 8)
    red, blue = torch.tensor([0.5, 0.3]), torch.tensor([0.1, -0.5])
    hint[0, :, 2, 1], hint[0, :, 2, 6] = red, blue
    weight[..., 2, 1] = weight[..., 2, 6] = 1.0
    nearest = torch.where(torch.arange(8) < 6, red[:, None], blue[:, None])[None, :, None].expand(1, 2, 6, 8)
    for way, least, most in ((0.0, 0.0, 0.05), (50.0, 0.5, 1.0)):
        gathered, trust, _ = attention(features, hint, weight, (nearest, torch.full((1, 1, 6, 8), way)))
        heard = gathered.unflatten(1, (attention.heads, 2)) / trust.unsqueeze(2)
        share_of_blue = ((heard[0, :, :, 2, 5] - red) @ (blue - red)) / (blue - red).square().sum()
        assert share_of_blue.min() >= least - 1e-4 and share_of_blue.max() <= most


@pytest.mark.parametrize("hears_nearest", [False, True])
def test_what_another_picture_shows_is_heard_by_its_look_wherever_it_lay(hears_nearest: bool) -> None:
    torch.manual_seed(0)
    attention = HintAttention(16, hears_nearest=hears_nearest)
    attention.key.load_state_dict(attention.query.state_dict())  # as learned: what looks alike is alike
    looks = torch.randn(2, 16)
    features = looks[0].view(1, 16, 1, 1).repeat(1, 1, 6, 8)
    features[..., 4:] = looks[1].view(1, 16, 1, 1)  # right of the middle is something else
    hint, weight = torch.zeros(1, 2, 6, 8), torch.zeros(1, 1, 6, 8)
    red, blue = torch.tensor([0.5, 0.3]), torch.tensor([0.1, -0.5])
    hint[0, :, 3, 0], hint[0, :, 3, 7] = red, blue
    weight[..., 3, 0] = weight[..., 3, 7] = 1.0
    nearest = (torch.zeros_like(hint), torch.full_like(weight, 50.0)) if hears_nearest else None
    alone = attention(features, hint, weight, nearest)[2]
    # The other picture is its mirror image, so nothing stands where it stood, and has no hints of its own.
    mirrored = features.flip(-1)
    nothing = torch.zeros_like(hint), torch.zeros_like(weight)
    gathered, trust, _ = attention(mirrored, *nothing, nearest, alone)
    heard = (gathered.unflatten(1, (attention.heads, 2)) / trust.unsqueeze(2))[0, :, :, 3]
    assert ((heard[..., 0] - blue).norm(dim=-1) < (heard[..., 0] - red).norm(dim=-1)).all()
    assert ((heard[..., 7] - red).norm(dim=-1) < (heard[..., 7] - blue).norm(dim=-1)).all()
    # Two pictures that say the same are heard of the more, and say the same.
    both, more, _ = attention(mirrored, *nothing, nearest, HintedCells(*in_one_row([alone, alone])))
    assert (more > trust).all()
    heard_of_both = (both.unflatten(1, (attention.heads, 2)) / more.unsqueeze(2))[0, :, :, 3]
    assert torch.allclose(heard_of_both, heard, atol=1e-4)


def test_many_pictures_are_remembered_by_fewer_cells_of_each() -> None:
    one = HintedCells(torch.randn(1, 200, 16), torch.randn(1, 200, 2), torch.ones(1, 200, 1))
    for count, expected in ((1, 200), (10, 2000), (40, 2000)):
        heard = HintedCells(*in_one_row([one] * count, MOST_CELLS))
        assert heard.features.shape[1] == heard.ab.shape[1] == heard.weight.shape[1] == expected
    nothing = HintedCells(*(part[:, :0] for part in (one.features, one.ab, one.weight)))
    assert in_one_row([nothing], MOST_CELLS)[2].shape[1] == 0


def test_every_srgb_colour_is_near_its_bin() -> None:
    rgb = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    ab = lab_from_srgb(rgb)[:, 1:]
    centres = bin_centres()[nearest_bins(ab)].permute(0, 3, 1, 2)
    assert (centres - ab).abs().max() <= 10.0
    assert 200 < len(bin_centres()) < 320


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pictures_answer_does_not_depend_on_its_batch_or_on_freezing(variant: str) -> None:
    torch.manual_seed(0)
    network = VARIANTS[variant]()
    for parameter in network.parameters():  # heads start at zero, and would answer zero to anything
        parameter.data += 0.02 * torch.randn_like(parameter)
    lightness, ab = torch.rand(2, 1, 64, 96) * 100, torch.randn(2, 2, 64, 96) * 30
    mask = (torch.rand(2, 1, 64, 96) < 0.01).float()
    with torch.no_grad():
        both = network(lightness, ab, mask).ab
        alone = freeze(network)(lightness[:1], ab[:1], mask[:1]).ab
    assert both.abs().max() > 0.01
    assert torch.allclose(both[:1], alone, atol=1e-4)


def test_squeeze_has_at_most_a_quarter_of_the_parameters() -> None:
    sizes = {name: sum(p.numel() for p in make().parameters()) for name, make in VARIANTS.items()}
    assert 4 * sizes["squeeze"] <= sizes["two-tower"]
