"""Transferred colours as they are made up for training."""

from __future__ import annotations

import torch

from core.training.transfer_sampling import TRANSFERRED_SHARE, sample_transferred


def test_a_share_of_the_pictures_gets_colours_near_the_truth_with_holes() -> None:
    generator = torch.Generator().manual_seed(4)
    smooth = torch.nn.functional.interpolate(torch.randn(200, 2, 4, 4), size=(64, 64), mode="bicubic") * 30
    ab, confidence = sample_transferred(smooth, generator)
    given = confidence.flatten(1).amax(1) > 0
    assert abs(given.float().mean() - TRANSFERRED_SHARE) < 0.1
    assert (confidence >= 0).all() and (confidence <= 1).all()
    assert ((confidence[given] == 0).float().mean() > 0.02) and ((confidence[given] > 0.5).float().mean() > 0.4)
    error = (ab - smooth).norm(dim=1, keepdim=True)
    sure = confidence > 0.8
    assert error[sure].median() < 5.0


def test_the_same_seed_gives_the_same_colours() -> None:
    ab = torch.randn(3, 2, 32, 32)
    first, again = (sample_transferred(ab, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
