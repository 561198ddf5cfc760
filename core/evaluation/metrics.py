"""Figures of merit. Pictures are uint8 (H, W, 3) sRGB."""

from __future__ import annotations

import numpy as np


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """RGB PSNR in dB, on floats: differences of uint8 would wrap. Equal pictures give infinity."""
    mean_square = np.mean((picture.astype(np.float64) - truth.astype(np.float64)) ** 2)
    return float(10.0 * np.log10(255.0**2 / mean_square)) if mean_square else float("inf")


def ab_error(ab: np.ndarray, true_ab: np.ndarray) -> float:
    """Mean Euclidean distance in ab of (H, W, 2) chroma."""
    return float(np.linalg.norm(ab - true_ab, axis=-1).mean())


def colorfulness(picture: np.ndarray) -> float:
    """Hasler and Süsstrunk 2003, M3: spread plus 0.3 times the mean of opponent colours; 0 for grey."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))
