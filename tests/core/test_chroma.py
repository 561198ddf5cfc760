"""Chroma upsampling: linear on flat ground, led by the pixel's own side at an edge."""

from __future__ import annotations

import cv2
import numpy as np

from core.chroma import upsample_chroma


def test_same_size_is_returned_unchanged() -> None:
    ab = np.random.default_rng(0).normal(0, 20, (9, 7, 2)).astype(np.float32)
    assert np.array_equal(upsample_chroma(ab, np.zeros((9, 7), np.float32)), ab)


def test_flat_ground_gives_bilinear_interpolation() -> None:
    ab = np.random.default_rng(0).normal(0, 20, (12, 10, 2)).astype(np.float32)
    up = upsample_chroma(ab, np.full((48, 40), 50.0, np.float32))
    expected = cv2.resize(ab, (40, 48), interpolation=cv2.INTER_LINEAR)
    assert np.abs(up - expected).max() < 0.1


def test_an_edge_inside_a_cell_stays_sharp() -> None:
    """A dark red half and a bright green one meet off the cells' grid."""
    lightness = np.full((64, 96), 30.0, np.float32)
    lightness[:, 45:] = 80.0
    true_ab = np.zeros((64, 96, 2), np.float32)
    true_ab[..., 0] = np.where(lightness < 50.0, 60.0, -60.0)
    small = cv2.resize(true_ab, (12, 8), interpolation=cv2.INTER_AREA)
    guided = np.abs(upsample_chroma(small, lightness) - true_ab).mean()
    bilinear = np.abs(cv2.resize(small, (96, 64), interpolation=cv2.INTER_LINEAR) - true_ab).mean()
    assert guided < 0.5 * bilinear


def test_constant_chroma_stays_constant_over_any_lightness() -> None:
    lightness = np.random.default_rng(0).uniform(0, 100, (33, 50)).astype(np.float32)
    up = upsample_chroma(np.full((5, 8, 2), 17.0, np.float32), lightness)
    assert np.abs(up - 17.0).max() < 1e-4
