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
    """Draws crops from several data sets, each with its share of the draws."""

    def __init__(self, data_sets: Sequence[tuple[list[np.ndarray], float]]) -> None:
        self._pictures = [pictures for pictures, _ in data_sets]
        shares = np.array([share for _, share in data_sets], dtype=np.float64)
        self._shares = shares / shares.sum()

    def crops(self, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
        """uint8 (count, size, size, 3)."""
        chosen = rng.choice(len(self._pictures), size=count, p=self._shares)
        return np.stack(
            [random_crop(self._pictures[i][rng.integers(len(self._pictures[i]))], size, rng) for i in chosen]
        )
