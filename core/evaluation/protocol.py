"""The protocol on stills: 256x256, the true lightness, N random 7x7 hints, each of its true mean ab (Zhang 2017)."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 256
PATCH = 7
VALIDATION_COUNTS = (0, 1, 10, 100)


def centre_square(picture: np.ndarray) -> np.ndarray:
    """The centre square of a picture uint8 (H, W, 3), at (SIDE, SIDE, 3)."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(picture[top : top + side, left : left + side])
    if side == SIDE:
        return square
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)


def protocol_hints(
    true_ab: np.ndarray, count: int, seed: int, patch_size: int = PATCH
) -> tuple[np.ndarray, np.ndarray]:
    """count patches of patch_size pixels at random places: hint_ab float32 (H, W, 2) and hint_mask bool (H, W).

    true_ab: float32 (H, W, 2). Every method sees the same places for the same picture, count and seed.
    """
    height, width = true_ab.shape[:2]
    hint_ab, hint_mask = np.zeros_like(true_ab), np.zeros((height, width), dtype=bool)
    rng = np.random.default_rng((seed, count))
    for top, left in zip(
        rng.integers(0, height - patch_size + 1, count), rng.integers(0, width - patch_size + 1, count), strict=True
    ):
        patch = np.s_[top : top + patch_size, left : left + patch_size]
        hint_ab[patch] = true_ab[patch].mean((0, 1))
        hint_mask[patch] = True
    return hint_ab, hint_mask
