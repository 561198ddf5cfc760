"""Whether hints do more where `Colorizer.uncertainty` asks for them than at random places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from ..colorizer import Colorizer
from .metrics import psnr
from .protocol import PATCH, protocol_hints

PLACEMENT_COUNTS = (5, 10)


@dataclass(frozen=True)
class PlacementScore:
    """Mean PSNR in dB with hints at random places and where uncertainty asked; gain's standard error over pictures."""

    hints: int
    random: float
    uncertainty: float
    gain_error: float


def uncertain_hints(
    colorizer: Colorizer, lightness: np.ndarray, true_ab: np.ndarray, count: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(hint_ab, hint_mask) with one patch more each time, `count` times: each of PATCH by PATCH pixels around the
    place that uncertainty, knowing the ones before, puts highest, and of its true mean ab."""
    hint_ab, mask = np.zeros_like(true_ab), np.zeros(lightness.shape, bool)
    inside = np.zeros(lightness.shape, bool)
    margin = PATCH // 2
    inside[margin:-margin, margin:-margin] = True
    for _ in range(count):
        worth = colorizer.uncertainty(lightness, hint_ab, mask)
        near = cv2.dilate(mask.astype(np.uint8), np.ones((PATCH, PATCH), np.uint8)) > 0
        row, column = np.unravel_index(np.where(inside & ~near, worth, -1.0).argmax(), worth.shape)
        patch = np.s_[row - margin : row + margin + 1, column - margin : column + margin + 1]
        hint_ab[patch] = true_ab[patch].mean((0, 1))
        mask[patch] = True
        yield hint_ab.copy(), mask.copy()


def score_placement(colorizer: Colorizer, pictures: Sequence[np.ndarray]) -> list[PlacementScore]:
    """pictures: uint8 (H, W, 3). One score for each of PLACEMENT_COUNTS."""
    figures: dict[int, list[tuple[float, float]]] = {count: [] for count in PLACEMENT_COUNTS}
    for seed, picture in enumerate(pictures):
        lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
        asked = list(uncertain_hints(colorizer, lightness, true_ab, max(PLACEMENT_COUNTS)))
        for count in PLACEMENT_COUNTS:
            hints = protocol_hints(true_ab, count, seed), asked[count - 1]
            at_random, at_uncertain = (
                psnr(recolor(picture, colorizer.predict(lightness, *given)), picture) for given in hints
            )
            figures[count].append((at_random, at_uncertain))
    scores = []
    for count, rows in figures.items():
        pairs = np.array(rows)
        gains = pairs[:, 1] - pairs[:, 0]
        error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else 0.0
        at_random, at_uncertain = pairs.mean(0).tolist()
        scores.append(PlacementScore(count, at_random, at_uncertain, float(error)))
    return scores
