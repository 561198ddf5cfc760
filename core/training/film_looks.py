"""What old film and its transfers do to lightness: the input is never a clean photograph's L*."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ..color import lab_from_srgb, lightness_from_srgb
from ..evaluation.aged_footage import compressed, grain


def as_seen(crops: np.ndarray, share: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Lab (B, 3, S, S) of colour pictures uint8 (B, S, S, 3), and their L* (B, 1, S, S) as it is seen: of a share of
    the pictures as an old film would show it."""
    lab = lab_from_srgb(torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255.0)
    seen = lab[:, :1].clone()
    for i in np.flatnonzero(rng.random(len(crops)) < share):
        seen[i, 0] = torch.from_numpy(film_look(crops[i], rng))
    return lab, seen


def film_look(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """L* float32 (H, W), 0..100, of a colour picture uint8 (H, W, 3) as an old film would show it.

    Each ageing comes by chance: an emulsion's colour response, faded contrast, soft focus, grain, compression.
    """
    lightness = _emulsion_lightness(rgb, rng) if rng.random() < 0.5 else lightness_from_srgb(rgb)
    if rng.random() < 0.6:
        lightness = _faded(lightness, rng)
    if rng.random() < 0.4:
        lightness = cv2.GaussianBlur(lightness, (0, 0), rng.uniform(0.5, 1.8))
    if rng.random() < 0.6:
        lightness = lightness + _grain(lightness.shape, rng)
    if rng.random() < 0.3:
        lightness = _compressed(lightness, rng)
    return np.clip(lightness, 0.0, 100.0).astype(np.float32)


def _emulsion_lightness(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Orthochromatic film hardly sees red; panchromatic film sees blue more than the eye does."""
    red_blindness = rng.uniform(0.0, 1.0)
    response = np.array([0.30 * (1.0 - red_blindness) + 0.03, 0.45, 0.25 + 0.25 * red_blindness])
    linear = (rgb.astype(np.float32) / 255.0) ** 2.2 @ (response / response.sum()).astype(np.float32)
    return 116.0 * np.cbrt(np.maximum(linear, 0.0)) - 16.0


def _faded(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    black, white = rng.uniform(0.0, 18.0), rng.uniform(82.0, 100.0)
    toe = np.clip(lightness / 100.0, 0.0, 1.0) ** rng.uniform(0.75, 1.35)
    return (black + (white - black) * toe).astype(np.float32)


def _grain(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(shape, dtype=np.float32)
    return grain(noise, size=rng.uniform(0.3, 1.0), strength=rng.uniform(1.0, 5.0))


def _compressed(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return compressed(np.clip(lightness * 2.55, 0, 255).astype(np.uint8), int(rng.integers(25, 75)))
