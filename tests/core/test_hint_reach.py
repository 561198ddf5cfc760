"""How far hints reach, and what they say of what they do not reach."""

from __future__ import annotations

import numpy as np
import torch

from core.hint_reach import drawn_to_hints, hinted_share, kept_share

RED = (60.0, 40.0)


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
    mask = torch.zeros(32, 32)
    mask[10:13, 10:13] = 1.0
    hints = torch.tensor(RED)[:, None, None] * mask
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
