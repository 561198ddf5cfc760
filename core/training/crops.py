"""Square crops of pictures, drawn from several data sets at once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np


def random_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A square of the picture, uint8 (size, size, 3): 60 to 100% of its short side, any place, either hand."""
    height, width = picture.shape[:2]
    side = max(8, round(min(height, width) * rng.uniform(0.6, 1.0)))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    crop = picture[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    interpolation = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(crop), (size, size), interpolation=interpolation)


class PictureMix:
    """Draws crops from several data sets, each with its share of the draws.

    Where crops are more than twice as large as a data set's pictures, its share falls with the square of that: what is
    only enlarged has no edges to teach.
    """

    def __init__(self, data_sets: Sequence[tuple[list[np.ndarray], float]]) -> None:
        self._pictures = [pictures for pictures, _ in data_sets]
        self._weights = np.array([share for _, share in data_sets], dtype=np.float64)
        self._sides = np.array([np.median([min(p.shape[:2]) for p in pictures]) for pictures in self._pictures])

    def crops(self, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
        """uint8 (count, size, size, 3)."""
        weights = self._weights * np.minimum(1.0, 2.0 * self._sides / size) ** 2
        chosen = rng.choice(len(self._pictures), size=count, p=weights / weights.sum())
        return np.stack(
            [random_crop(self._pictures[i][rng.integers(len(self._pictures[i]))], size, rng) for i in chosen]
        )
