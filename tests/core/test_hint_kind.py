"""What surprises the colorizer, and what hints may change."""

from __future__ import annotations

import numpy as np
import torch

from core.hint_kind import (
    SMALL_PARTS,
    aloneness,
    beyond_kind,
    expected,
    painted,
    smallness,
    strictness,
    surprise,
    surprise_around,
    thing_meant,
    unsurprising,
)
from core.nets.ab_bins import bin_centres

RED, BLUE, GREEN = (60.0, 40.0), (20.0, -60.0), (-50.0, 50.0)
PARTS = SMALL_PARTS["two-tower"]


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


def test_hints_of_one_colour_surprise_alike_and_those_of_another_do_not() -> None:
    hints, mask = hint(GREEN)
    hints[:, 24:27, 4:6], mask[24:27, 4:6] = torch.tensor(GREEN)[:, None, None], 1.0
    hints[:, 24:27, 24:27], mask[24:27, 24:27] = torch.tensor(RED)[:, None, None], 0.5
    surprising = surprise(hints, mask, logits_of(RED, BLUE))
    surprising[3, 0] = 0.0  # a place where green was to be expected
    kept = unsurprising(surprising, hints, mask)
    assert torch.equal(kept, torch.where(torch.arange(32) >= 24, mask, torch.zeros_like(mask)))
    assert torch.equal(unsurprising(torch.zeros_like(surprising), hints, mask), mask)


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
    unhinted, told, lightness = torch.ones(16, 16), torch.zeros(8, 8), torch.full((32, 32), 20.0)
    told[:, :4], lightness[:, 16:] = 0.5, 80.0
    unhinted[:, 15] = 0.0
    beyond = beyond_kind(unhinted, told, lightness, 0.0)
    assert beyond.shape == (16, 16)
    assert beyond[:, :4].max() < 0.1 and beyond[:, 10:14].min() > 0.9 and beyond[:, 15].max() < 0.1


def test_what_is_told_of_a_thing_wavers_from_cell_to_cell_and_ends_at_its_edge() -> None:
    unhinted, told, lightness = torch.ones(16, 16), torch.zeros(8, 8), torch.full((32, 32), 20.0)
    told[:, :4], lightness[:, 16:] = 0.2, 80.0
    told[::2, 0:4:2] = told[1::2, 1:4:2] = 1.0
    beyond = beyond_kind(unhinted, told, lightness, 1.0)
    assert beyond[:, :7].max() < 0.1 and beyond[:, 9:].min() > 0.9


def test_where_hints_stand_alone_what_is_told_by_half_is_another_thing() -> None:
    unhinted, told, lightness = torch.ones(16, 16), torch.full((8, 8), 0.8), torch.full((32, 32), 20.0)
    told[:, 4:], lightness[:, 16:] = 0.25, 80.0
    assert beyond_kind(unhinted, told, lightness, 0.0).max() < 0.1
    alone = beyond_kind(unhinted, told, lightness, 1.0)
    assert alone[:, :6].max() < 0.1 and alone[:, 10:].min() > 0.5


def test_hints_stand_alone_where_they_reach_little_and_have_few_colours() -> None:
    few, mask = hint(RED), torch.zeros(32, 32)
    mask[28, ::4] = 1.0
    many = torch.stack((10.0 * torch.arange(32.0).expand(32, 32), torch.full((32, 32), 3.0))) * mask, mask
    little, much = torch.full((16, 16), 0.95), torch.full((16, 16), 0.3)
    assert aloneness(little, *few) == 1.0 and aloneness(much, *few) == 0.0
    assert aloneness(little, *many) < 0.5
    assert strictness(little, 1.0) == 1.0 and strictness(much, 1.0) < 0.5


def test_hints_are_on_small_things_where_little_is_surely_of_their_kind() -> None:
    mask = torch.zeros(256, 256)
    mask[10:17, 10:17] = 1.0
    dot = torch.tensor(RED)[:, None, None] * mask, mask
    told = torch.full((40, 40), 0.2)
    told[0, 0] = 0.9
    assert smallness(told, *dot, PARTS) == 1.0
    told[:2, :20] = 0.8
    assert smallness(told, *dot, PARTS) == 0.0
    told[0, 4:], told[1] = 0.2, 0.2
    assert 0.0 < smallness(told, *dot, PARTS) < 1.0


def test_a_stroke_on_a_small_thing_does_not_make_it_a_large_one_and_two_colours_are_two_things() -> None:
    told = torch.full((64, 64), 0.2)
    told[0, :24] = 0.9
    mask = torch.zeros(256, 256)
    mask[10:17, 20:76] = 1.0
    hints = torch.tensor(RED)[:, None, None] * mask
    dot = mask.clone()
    dot[:, 27:] = 0.0
    assert smallness(told, hints * dot, dot, PARTS) == 0.0
    assert smallness(told, hints, mask, PARTS) > 0.5
    colors = 4.0 * torch.arange(256.0).div(7, rounding_mode="floor") * mask
    assert smallness(told, hints + colors, mask, PARTS) == 0.0


def test_hints_that_surprise_tell_nothing_of_the_whole() -> None:
    hints, mask = hint(GREEN)
    assert expected(surprise(hints, mask, logits_of(RED, BLUE)), mask) == 0.0
    hints[:, 24:27, 24:27], mask[24:27, 24:27] = torch.tensor(RED)[:, None, None], 1.0
    assert expected(surprise(hints, mask, logits_of(RED, BLUE)), mask) == 0.5


def test_a_stroke_of_a_colour_that_a_dot_might_have_surprises() -> None:
    """With a dot one may tell of the picture, with a stroke one means a thing."""
    picture = logits_of((5.0, 10.0))
    picture = picture[:, :1, :1].expand(-1, 32, 32)
    found = []
    for length in (7, 70):
        mask = torch.zeros(256, 256)
        mask[100:107, 100 : 100 + length] = 1.0
        color = torch.tensor((20.0, 25.0))[:, None, None]
        found.append(float(surprise(color * mask, mask, picture).max()))
    assert found[0] < 0.5 and found[1] > found[0] + 0.3


def test_what_is_painted_are_strokes_of_any_length_and_no_dots_not_even_many() -> None:
    rng = np.random.default_rng(3)
    mask, hints = torch.zeros(256, 256), torch.zeros(2, 256, 256)
    for row, column in rng.integers(0, 249, (60, 2)).tolist():
        place = slice(row, row + 7), slice(column, column + 7)
        mask[place], hints[:, *place] = 1.0, torch.tensor(rng.normal(0.0, 20.0, 2)).float()[:, None, None]
    assert painted(hints, mask) == 0.0
    # One colour, as on a white wall, but apart.
    apart = torch.zeros(256, 256)
    within = torch.arange(256) % 10 < 7
    apart[within[:, None] & within] = 1.0
    assert painted(torch.zeros(2, 256, 256), apart) == 0.0
    for number in range(9):
        mask[20 * number : 20 * number + 6, 30:60], hints[0, 20 * number : 20 * number + 6, 30:60] = 1.0, 5.0 * number
    assert 0.5 < painted(hints, mask) < 1.0
    strokes = torch.zeros(256, 256)
    strokes[:, 30:60] = mask[:, 30:60]
    assert painted(hints, strokes) == 1.0


def test_strokes_and_very_unlikely_dots_mean_a_thing_and_other_dots_may_tell_of_more() -> None:
    picture = logits_of((5.0, 10.0))[:, :1, :1].expand(-1, 32, 32)
    dot, stroke = torch.zeros(256, 256), torch.zeros(256, 256)
    dot[100:107, 100:107], stroke[100:107, 100:170] = 1.0, 1.0
    quiet, strange = (torch.tensor(color)[:, None, None] for color in ((14.0, 18.0), BLUE))
    assert thing_meant(quiet * dot, dot, picture) == 0.0
    assert thing_meant(strange * dot, dot, picture) == 1.0
    assert thing_meant(quiet * stroke, stroke, picture) == 1.0
