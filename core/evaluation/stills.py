"""How well methods colour stills: the protocol's hints, the true lightness, the same places for every method."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from ..colorizer import Colorizer
from ..errors import InputError
from ..job import VARIANTS
from ..picture_sets import read_pictures
from .levin import levin_chroma
from .metrics import ab_error, colorfulness, psnr
from .protocol import centre_square, protocol_hints

# (lightness (H, W), hint_ab (H, W, 2), hint_mask (H, W)) → ab (H, W, 2)
Method = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
METHODS = ("grey", "levin", *VARIANTS)


@dataclass(frozen=True)
class Score:
    """Means over pictures. psnr in dB with its standard error, ab_error in Lab units, seconds a picture."""

    method: str
    hints: int
    psnr: float
    psnr_error: float
    ab_error: float
    colorfulness: float
    seconds: float


def load_method(name: str, device: str, saturation: float = 0.0) -> Method:
    """A method by its name in METHODS. saturation: of our own, as in `Colorizer.predict`. Raises InputError for another
    name, or weights that do not load."""
    if name == "grey":
        return lambda lightness, hint_ab, hint_mask: np.zeros_like(hint_ab)
    if name == "levin":
        return levin_chroma
    if name in VARIANTS:
        # As pipeline does with footage of one picture.
        return partial(Colorizer.load(name, device).predict, mirrored=True, saturation=saturation)
    raise InputError("bad-method", f"There is no method {name!r}.", f"Methods: {', '.join(METHODS)}.")


def load_stills(folder: str | Path) -> list[np.ndarray]:
    """All pictures of a folder or archive as centre squares, uint8 (256, 256, 3)."""
    return [centre_square(picture) for picture in read_pictures(folder)]


def score_stills(pictures: Sequence[np.ndarray], methods: dict[str, Method], counts: Sequence[int]) -> Iterator[Score]:
    """One Score a method and count, as soon as it is known; grey does not depend on hints and comes once."""
    truths = [(ab_from_srgb(picture), lightness_from_srgb(picture)) for picture in pictures]
    for count in counts:
        for name, method in methods.items():
            if name == "grey" and count != counts[0]:
                continue
            rows = [
                _score_picture(method, picture, *truth, count, seed)
                for seed, (picture, truth) in enumerate(zip(pictures, truths, strict=True))
            ]
            figures = np.array(rows)
            means = figures.mean(0)
            error = figures[:, 0].std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else 0.0
            yield Score(name, count, means[0], float(error), means[1], means[2], means[3])


def _score_picture(
    method: Method, picture: np.ndarray, true_ab: np.ndarray, lightness: np.ndarray, count: int, seed: int
) -> tuple[float, float, float, float]:
    hint_ab, hint_mask = protocol_hints(true_ab, count, seed)
    started = time.perf_counter()
    ab = method(lightness, hint_ab, hint_mask)
    seconds = time.perf_counter() - started
    colored = recolor(picture, ab)
    return psnr(colored, picture), ab_error(ab, true_ab), colorfulness(colored), seconds
