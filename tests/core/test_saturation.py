"""The saturation setting: less of a warm tint that all shares, as much chroma as before, and hints as they are."""

from __future__ import annotations

import pytest
import torch

from core.nets.ab_bins import bin_centres
from core.saturation import saturated, vividness

EVERYWHERE, NOTHING_MORE = torch.ones(32, 32), torch.zeros(2, 32, 32)


def of_two_halves(left: tuple[float, float], right: tuple[float, float]) -> torch.Tensor:
    ab = torch.empty(2, 32, 32)
    ab[:, :, :16], ab[:, :, 16:] = (torch.tensor(half)[:, None, None] for half in (left, right))
    return ab


def logits_of(*colors: tuple[float, float]) -> torch.Tensor:
    """Logits (Q, 8, 8) of a distribution in which these colours are equally likely, and nothing else."""
    logits = torch.full((len(bin_centres()), 8, 8), -30.0)
    for color in colors:
        logits[int((bin_centres() - torch.tensor(color)).norm(dim=1).argmin())] = 0.0
    return logits


def test_of_two_equally_likely_colours_the_more_saturated_is_asked_for_and_of_one_nothing() -> None:
    vivid = vividness(logits_of((0.0, 0.0), (50.0, 20.0)), (32, 32))
    assert vivid.shape == (2, 32, 32)
    assert vivid[0].min() > 15.0 and vivid[1].min() > 6.0
    assert vividness(logits_of((50.0, 20.0)), (32, 32)).abs().max() < 1e-4


def test_a_warm_tint_that_all_shares_gives_way_to_what_differs() -> None:
    ab = of_two_halves((20.0, 24.0), (0.0, 8.0))
    changed = saturated(ab, EVERYWHERE, NOTHING_MORE, 0.6)
    tint, left = ab.mean((1, 2)), changed.mean((1, 2))
    assert left.norm() < 0.9 * tint.norm()
    assert (changed[:, :, :16] - changed[:, :, 16:]).norm() > 1.2 * (ab[:, :, :16] - ab[:, :, 16:]).norm()
    assert float(changed.norm(dim=0).mean()) == pytest.approx(float(ab.norm(dim=0).mean()), rel=1e-3)


def test_what_is_of_one_warm_tint_keeps_its_colour_however_much_is_asked_for() -> None:
    """Without its tint hardly anything of such a picture is left to strengthen."""
    ab = of_two_halves((10.0, 24.0), (9.0, 21.0))
    for saturation in (0.3, 0.6, 1.0):
        changed = saturated(ab, EVERYWHERE, NOTHING_MORE, saturation)
        assert float(changed.norm(dim=0).mean()) == pytest.approx(float(ab.norm(dim=0).mean()), rel=1e-3)
        assert (changed[:, :, :16] - changed[:, :, 16:]).norm() > 1.3 * (ab[:, :, :16] - ab[:, :, 16:]).norm()


def test_what_is_nearly_neutral_does_not_turn_to_the_tints_opposite() -> None:
    ab = of_two_halves((20.0, 24.0), (0.5, 1.0))
    changed = saturated(ab, EVERYWHERE, NOTHING_MORE, 1.0)
    assert changed[:, :, 16:].min() > -0.5


@pytest.mark.parametrize("tint", [(-12.0, 20.0), (-2.0, -18.0), (0.0, 0.0)], ids=["meadow", "sky", "grey"])
def test_a_tint_that_is_not_warm_stays(tint: tuple[float, float]) -> None:
    ab = of_two_halves(tint, (tint[0] * 0.8, tint[1] * 0.9))
    assert torch.allclose(saturated(ab, EVERYWHERE, NOTHING_MORE, 1.0), ab, atol=1e-4)


def test_hinted_places_and_the_mean_prediction_stay_as_they_are() -> None:
    ab, unhinted = of_two_halves((20.0, 24.0), (0.0, 8.0)), EVERYWHERE.clone()
    unhinted[:, :8] = 0.0
    assert torch.equal(saturated(ab, EVERYWHERE, NOTHING_MORE, 0.0), ab)
    changed = saturated(ab, unhinted, NOTHING_MORE, 1.0)
    assert torch.allclose(changed[:, :, :8], ab[:, :, :8], atol=1e-5)
    assert not torch.allclose(changed[:, :, 8:], ab[:, :, 8:], atol=1.0)
    assert torch.allclose(saturated(ab, 0.0 * EVERYWHERE, NOTHING_MORE, 1.0), ab)
