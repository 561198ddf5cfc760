"""What surprises the colorizer, and what hints may change."""

from __future__ import annotations

import numpy as np
import torch

from core.hint_reach import (
    beyond_kind,
    drawn_to_hints,
    expected,
    hinted_share,
    kept_share,
    smallness,
    surprise,
    surprise_around,
)
from core.nets.ab_bins import bin_centres

RED, BLUE, GREEN = (60.0, 40.0), (20.0, -60.0), (-50.0, 50.0)


def logits_of(*colors: tuple[float, float]) -> torch.Tensor:
    """(Q, 4, 4), everywhere these colours alike and hardly any other."""
    apart = torch.stack([torch.cdist(torch.tensor([color]), bin_centres())[0] for color in colors]).amin(0)
    return (-0.5 * (apart / 10.0).square())[:, None, None].expand(-1, 4, 4)


def hint(color: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """One dot in a picture of 32 by 32."""
    mask = torch.zeros(32, 32)
    mask[10:13, 10:13] = 1.0
    return torch.tensor(color)[:, None, None] * mask, mask


def test_one_of_two_likely_colours_does_not_surprise_though_it_is_far_from_their_mean() -> None:
    assert surprise(*hint(RED), logits_of(RED, BLUE)).max() == 0.0
    assert surprise(*hint(BLUE), logits_of(RED, BLUE)).max() == 0.0


def test_an_unlikely_colour_surprises_in_full_and_a_likely_one_beside_it_does_not() -> None:
    hints, mask = hint(GREEN)
    hints[:, 24:27, 24:27], mask[24:27, 24:27] = torch.tensor(RED)[:, None, None], 1.0
    surprising = surprise(hints, mask, logits_of(RED, BLUE))
    assert surprising.shape == (4, 4)
    assert surprising[1, 1] == 1.0 and surprising[3, 3] == 0.0 and surprising.sum() == 1.0


def test_a_surprise_is_that_of_the_nearest_hint_along_edges() -> None:
    lightness = torch.where(torch.arange(128) < 96, 20.0, 80.0).expand(128, 128)
    mask = torch.zeros(128, 128)
    mask[64, 10] = mask[64, 120] = 1.0
    surprising = torch.zeros(16, 16)
    surprising[8, 1] = 1.0
    around = surprise_around(surprising, lightness, mask, (64, 64))
    assert around.shape == (64, 64)
    assert around[32, 40] > 0.99  # nearer to the other hint, but for the edge
    assert around[32, 58] < 0.01


def test_what_hints_neither_reach_nor_tell_of_is_beyond_their_kind() -> None:
    unhinted, told = torch.ones(8, 8), torch.zeros(8, 8)
    told[:, :4] = 0.5
    unhinted[:, 7] = 0.0
    beyond = beyond_kind(unhinted, told)
    assert beyond.shape == (8, 8)
    assert beyond[:, 0].max() < 0.1 and beyond[:, 6].min() > 0.9 and beyond[:, 7].max() < 0.1


def test_hints_are_on_small_things_where_little_is_surely_of_their_kind() -> None:
    told = torch.full((40, 40), 0.2)
    told[0, 0] = 0.9
    assert smallness(told) == 1.0
    told[:2, :20] = 0.8
    assert smallness(told) == 0.0
    told[0, 4:], told[1] = 0.2, 0.2
    assert 0.0 < smallness(told) < 1.0


def test_what_hints_told_counts_where_they_arrived_and_not_where_they_were_lost() -> None:
    lightness = np.where(np.arange(160) < 80, 20.0, 80.0).astype(np.float32)[None].repeat(96, 0)
    hints = np.zeros((96, 160), np.float32)
    hints[46:50, 30:34] = hints[46:50, 126:130] = 1.0
    told = hinted_share(lightness, hints)
    assert kept_share(lightness, hints, told).min() > 0.999
    lost = np.where(np.arange(160) < 80, 0.0, hints).astype(np.float32)
    kept = kept_share(lightness, lost, told)
    assert kept.shape == (96, 160) and kept.dtype == np.float32
    assert kept[48, 32] < 0.5 and kept[48, 128] > 0.95


def test_hints_that_reach_further_than_before_have_kept_all_that_they_told() -> None:
    lightness = np.full((96, 160), 50.0, np.float32)
    hints = np.zeros((96, 160), np.float32)
    hints[40:56, 70:90] = 1.0
    kept = kept_share(lightness, hints, np.zeros((96, 160), np.float32))
    assert np.array_equal(kept, np.ones((96, 160), np.float32))


def test_what_no_hint_reaches_is_drawn_a_little_to_the_hints_and_what_is_grey_or_hinted_stays() -> None:
    hints, mask = hint(RED)
    ab = torch.zeros(2, 8, 8)
    ab[:, :, 4:] = torch.tensor((10.0, 10.0))[:, None, None]
    unhinted = torch.ones(8, 8)
    unhinted[0] = 0.0
    drawn = drawn_to_hints(ab, hints, mask, unhinted, 1.0)
    moved = (drawn - ab).square().sum(0).sqrt()
    assert moved[0].max() == 0.0 and moved[1:, :4].max() == 0.0
    assert 1.0 < moved[1:, 4:].min() and moved.max() <= 5.0 + 1e-4
    assert (drawn - ab)[0, 1, 6] > 0.0  # to red
    assert torch.equal(drawn_to_hints(ab, hints, mask, unhinted, 0.0), ab)


def test_hints_that_surprise_tell_nothing_of_the_whole() -> None:
    hints, mask = hint(GREEN)
    assert expected(surprise(hints, mask, logits_of(RED, BLUE)), mask) == 0.0
    hints[:, 24:27, 24:27], mask[24:27, 24:27] = torch.tensor(RED)[:, None, None], 1.0
    assert expected(surprise(hints, mask, logits_of(RED, BLUE)), mask) == 0.5
