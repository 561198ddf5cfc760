"""What surprising hints are kept to: the things that they are on, and what goes with these."""

from __future__ import annotations

import pytest
import torch

from core.hint_reach import unhinted_share
from core.hint_things import fewness, of_things
from core.seen_picture import SeenPicture

BLUE = (10.0, -45.0)


def hinted(lightness: torch.Tensor, places: list[tuple[int, int]], color: tuple[float, float] = BLUE) -> SeenPicture:
    """Dots of 8 pixels at places, y and x."""
    mask = torch.zeros_like(lightness)
    for y, x in places:
        mask[y : y + 8, x : x + 8] = 1.0
    return SeenPicture(lightness, torch.tensor(color)[:, None, None] * mask, mask, None)


def answers(share: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """ab without the hints and with them, (2, h, w), where so much of what they ask for is taken."""
    return torch.zeros(2, *share.shape), torch.tensor(BLUE)[:, None, None] * share


def halves(left: float, right: float) -> torch.Tensor:
    lightness = torch.full((128, 128), left)
    lightness[:, 64:] = right
    return lightness


NOTHING = torch.zeros(32, 32)
EVERYWHERE = torch.ones(64, 64)


def test_a_thing_ends_at_its_edge_though_the_network_floods_the_picture() -> None:
    lightness = halves(40.0, 58.0)
    things = of_things(hinted(lightness, [(60, 20)]), torch.zeros_like(lightness), NOTHING, *answers(EVERYWHERE), 1.0)
    assert things.shape == (64, 64)
    assert things[:, :30].min() > 0.9 and things[:, 34:].max() < 0.1


def test_a_hint_that_may_tell_of_more_reaches_further() -> None:
    lightness = halves(40.0, 40.0)
    picture, none = hinted(lightness, [(60, 20)]), torch.zeros_like(lightness)
    meant, more = (of_things(picture, none, NOTHING, *answers(EVERYWHERE * 0.5), one) for one in (1.0, 0.0))
    assert (more >= meant).all() and float(more.mean()) > 1.1 * float(meant.mean())


def test_shading_is_no_edge() -> None:
    lightness = torch.linspace(30.0, 70.0, 128).expand(128, 128).contiguous()
    things = of_things(hinted(lightness, [(60, 12)]), torch.zeros_like(lightness), NOTHING, *answers(EVERYWHERE), 1.0)
    assert things[:, :45].min() > 0.9


def test_what_looked_as_it_did_and_heeds_the_hint_goes_with_it_and_what_does_not_heed_it_stays() -> None:
    lightness = halves(40.0, 40.0)
    lightness[:, 56:72] = 80.0
    picture, none = hinted(lightness, [(60, 20)]), torch.zeros_like(lightness)
    assert of_things(picture, none, NOTHING, *answers(EVERYWHERE), 1.0)[:, 40:].min() > 0.9
    heedless = EVERYWHERE.clone()
    heedless[:, 30:] = 0.2
    assert of_things(picture, none, NOTHING, *answers(heedless), 1.0)[:, 40:].max() < 0.1


def test_what_hints_tell_goes_with_them_unless_little_is_told_anywhere() -> None:
    lightness = halves(40.0, 58.0)
    picture, none = hinted(lightness, [(60, 20)]), torch.zeros_like(lightness)
    told = torch.full((32, 32), 0.5)
    assert of_things(picture, none, told, *answers(EVERYWHERE), 1.0)[:, 34:].min() > 0.9
    assert of_things(picture, none, 0.1 * told, *answers(EVERYWHERE), 1.0)[:, 34:].max() < 0.1


def test_where_another_hint_is_and_around_it_is_no_thing_of_theirs() -> None:
    lightness = halves(40.0, 40.0)
    others = hinted(lightness, [(60, 100)]).mask
    things = of_things(hinted(lightness, [(60, 20)]), others, NOTHING, *answers(EVERYWHERE * 0.6), 1.0)
    assert things[28:36, 8:16].min() > 0.9 and things[30:34, 50:54].max() < 0.1


@pytest.mark.parametrize(("colors", "few"), [(1, 1.0), (3, 1.0), (9, 0.0)])
def test_few_colours_are_few_and_many_are_not(colors: int, few: float) -> None:
    mask, hints = torch.zeros(128, 128), torch.zeros(2, 128, 128)
    for i in range(colors):
        place = slice(12 * i, 12 * i + 6), slice(12 * i, 12 * i + 6)
        mask[place], hints[:, place[0], place[1]] = 1.0, torch.tensor((10.0 * i, -5.0 * i))[:, None, None]
    unhinted = unhinted_share(torch.full((128, 128), 50.0), mask, (64, 64)).clamp(min=0.5)
    assert fewness(unhinted, hints, mask) == few
    assert fewness(torch.full((64, 64), 1e-3), hints, mask) == 0.0
