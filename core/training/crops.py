"""Square crops of pictures, drawn from several data sets at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

# Of pairs of crops, those that show the same.
_SAME_PLACE_SHARE = 0.25


def random_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A square of the picture, uint8 (size, size, 3): 60 to 100% of its short side, any place, either hand."""
    height, width = picture.shape[:2]
    side = max(8, round(min(height, width) * rng.uniform(0.6, 1.0)))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    return _square(picture, top, left, side, size, mirrored=rng.random() < 0.5)


def random_crop_pair(
    picture: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Two squares of the picture, uint8 (size, size, 3): 50 to 85% of its short side, of one size and hand; and how far
    down and right in the first one the second one's corner lies, in their pixels."""
    height, width = picture.shape[:2]
    side = max(8, round(min(height, width) * rng.uniform(0.5, 0.85)))
    tops, lefts = rng.integers(0, height - side + 1, 2), rng.integers(0, width - side + 1, 2)
    if rng.random() < _SAME_PLACE_SHARE:
        tops[1], lefts[1] = tops[0], lefts[0]
    mirrored = rng.random() < 0.5
    first, second = (
        _square(picture, top, left, side, size, mirrored=mirrored) for top, left in zip(tops, lefts, strict=True)
    )
    down, right = (round(float(places[1] - places[0]) * size / side) for places in (tops, lefts))
    return first, second, (down, -right if mirrored else right)


def _square(picture: np.ndarray, top: int, left: int, side: int, size: int, *, mirrored: bool) -> np.ndarray:
    crop = picture[top : top + side, left : left + side]
    if mirrored:
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
        return np.stack([random_crop(picture, size, rng) for picture in self._drawn(count, size, rng)])

    def crop_pairs(
        self, count: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
        """Two crops each of as many pictures, uint8 (count, size, size, 3), and of each the second one's place in the
        first, in pixels."""
        pairs = [random_crop_pair(picture, size, rng) for picture in self._drawn(count, size, rng)]
        first, second, offsets = zip(*pairs, strict=True)
        return np.stack(first), np.stack(second), list(offsets)

    def _drawn(self, count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        weights = self._weights * np.minimum(1.0, 2.0 * self._sides / size) ** 2
        for i in rng.choice(len(self._pictures), size=count, p=weights / weights.sum()):
            yield self._pictures[i][rng.integers(len(self._pictures[i]))]
