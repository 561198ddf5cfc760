"""Whether one hint tints what it is not on: a place gets a colour that it never had, and all else is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb
from .protocol import protocol_hints
from .stills import Method

# ab units by which the hint differs from the truth of its place.
_SHIFT = 40.0
# What is of the hinted place's kind: within these of its true L* and ab. What is of another: farther in ab than this.
_ALIKE_LIGHTNESS, _ALIKE_AB, _UNLIKE_AB = 12.0, 6.0, 16.0
# Pictures with less than this share of either tell little.
_LEAST_SHARE = 0.02


@dataclass(frozen=True)
class TintScore:
    """Mean over pictures of the share of a surprising hint's change that other places take, along its direction: those
    of its kind, which should follow, and those of other kinds, which should not. other_error: standard error."""

    method: str
    pictures: int
    own_kind: float
    other_kinds: float
    other_error: float


def score_tinting(pictures: Sequence[np.ndarray], methods: dict[str, Method]) -> Iterator[TintScore]:
    """pictures: uint8 (H, W, 3). One score a method, each on the same places and colours."""
    trials = [trial for seed, picture in enumerate(pictures) if (trial := _trial(picture, seed))]
    for name, method in methods.items():
        shares = np.array([_shares(method, *trial) for trial in trials])
        own, other = shares.mean(0).tolist()
        error = shares[:, 1].std(ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else 0.0
        yield TintScore(name, len(shares), own, other, float(error))


def kinds(
    true_ab: np.ndarray, lightness: np.ndarray, place: np.ndarray, alike_ab: float, alike_lightness: float
) -> tuple[np.ndarray, np.ndarray]:
    """What is of a place's kind, within so much of its mean ab and L*, and what is of another: bool (H, W).

    true_ab: float32 (H, W, 2). lightness: (H, W). place: bool (H, W).
    """
    apart = np.linalg.norm(true_ab - true_ab[place].mean(0), axis=-1)
    own = (apart < alike_ab) & (np.abs(lightness - lightness[place].mean()) < alike_lightness)
    return own, apart > _UNLIKE_AB


def _trial(picture: np.ndarray, seed: int) -> tuple[np.ndarray, ...] | None:
    """lightness, hint_ab, hint_mask, and where the hint's kind and other kinds are, bool (H, W); None where there is
    too little of one."""
    lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
    hint_ab, mask = protocol_hints(true_ab, 1, seed)
    own, other = kinds(true_ab, lightness, mask, _ALIKE_AB, _ALIKE_LIGHTNESS)
    own &= ~mask
    if min(own.mean(), other.mean()) < _LEAST_SHARE:
        return None
    angle = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi)
    hint_ab[mask] += np.array([np.cos(angle), np.sin(angle)], np.float32) * _SHIFT
    return lightness, hint_ab, mask, own, other


def _shares(
    method: Method, lightness: np.ndarray, hint_ab: np.ndarray, mask: np.ndarray, own: np.ndarray, other: np.ndarray
) -> tuple[float, float]:
    unaided = method(lightness, np.zeros_like(hint_ab), np.zeros_like(mask))
    change = method(lightness, hint_ab, mask) - unaided
    asked = (hint_ab - unaided)[mask].mean(0)
    taken = change @ asked / np.dot(asked, asked)
    return float(taken[own].mean()), float(taken[other].mean())
