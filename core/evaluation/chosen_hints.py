"""What one true hint on a small thing in colour does to all else: users hint faces, not random places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from .face_places import Face, find_faces, place_on_face
from .metrics import psnr
from .protocol import PATCH
from .stills import Method
from .tinting import kinds

# A place is chosen if its mean ab has this much chroma, if none of its two planes varies more than this, and if this
# part of the picture is of its kind: within these of its ab and L*.
_LEAST_CHROMA, _MOST_DEVIATION = 12.0, 5.0
_SMALLEST_PART, _LARGEST_PART = 0.004, 0.05
_ALIKE_AB, _ALIKE_LIGHTNESS = 10.0, 20.0
# How far from the middle of a face's ellipse a hint on it may lie.
_ON_FACE = 0.6
# Places that are tried in each picture.
_TRIES = 64


@dataclass(frozen=True)
class ChosenScore:
    """Means over pictures, without the hint and with it: ab error where things are of other kinds and where they are of
    the hint's own, and PSNR in dB. psnr_error: standard error of the difference in PSNR."""

    method: str
    pictures: int
    other_kinds: tuple[float, float]
    own_kind: tuple[float, float]
    psnr: tuple[float, float]
    psnr_error: float


class _Trial(NamedTuple):
    """A picture with a hint: picture uint8 (H, W, 3), its L* and chroma, the hint, and where kinds are, bool (H, W)."""

    picture: np.ndarray
    lightness: np.ndarray
    true_ab: np.ndarray
    hint_ab: np.ndarray
    mask: np.ndarray
    own: np.ndarray
    other: np.ndarray


def score_chosen_hints(
    pictures: Sequence[np.ndarray], methods: dict[str, Method], *, on_faces: bool = False
) -> Iterator[ChosenScore]:
    """pictures: uint8 (H, W, 3). One score a method, each with the same hints; pictures in which no place of 64 is one
    that somebody would choose are left out, or, on_faces, those in which no face is found."""
    if on_faces:
        found = zip(pictures, find_faces(pictures), strict=True)
        trials = [_on_face(picture, places.faces[0], seed) for seed, (picture, places) in enumerate(found)
                  if places.faces]  # fmt: skip
        trials = [trial for trial in trials if _tells(trial)]
    else:
        trials = [trial for seed, picture in enumerate(pictures) if (trial := _trial(picture, seed))]
    for name, method in methods.items():
        # (trials, without and with, figures)
        figures = np.array([[_figures(method, trial, hinted) for hinted in (False, True)] for trial in trials])
        if not len(figures):
            continue
        (other, own, mean), (other_then, own_then, mean_then) = figures.mean(0).tolist()
        gain = figures[:, 1, 2] - figures[:, 0, 2]
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
        yield ChosenScore(
            name, len(trials), (other, other_then), (own, own_then), (mean, mean_then), float(error)
        )  # fmt: skip


def _trial(picture: np.ndarray, seed: int) -> _Trial | None:
    true_ab, lightness = ab_from_srgb(picture), lightness_from_srgb(picture)
    height, width = lightness.shape
    rng = np.random.default_rng(seed)
    places = zip(rng.integers(0, height - PATCH, _TRIES), rng.integers(0, width - PATCH, _TRIES), strict=True)
    for top, left in places:
        patch = np.s_[top : top + PATCH, left : left + PATCH]
        hint, spread = true_ab[patch].mean((0, 1)), true_ab[patch].std((0, 1)).max()
        if np.linalg.norm(hint) < _LEAST_CHROMA or spread > _MOST_DEVIATION:
            continue
        trial = _hinted(picture, lightness, true_ab, patch)
        if _SMALLEST_PART < trial.own.mean() < _LARGEST_PART and _tells(trial):
            return trial
    return None


def _on_face(picture: np.ndarray, face: Face, seed: int) -> _Trial:
    true_ab, lightness = ab_from_srgb(picture), lightness_from_srgb(picture)
    x, y = place_on_face(face, *np.random.default_rng(seed).uniform(-_ON_FACE, _ON_FACE, 2))
    left, top = (
        int(np.clip(round(middle) - PATCH // 2, 0, side - PATCH))
        for middle, side in ((x, lightness.shape[1]), (y, lightness.shape[0]))
    )
    return _hinted(picture, lightness, true_ab, np.s_[top : top + PATCH, left : left + PATCH])


def _hinted(picture: np.ndarray, lightness: np.ndarray, true_ab: np.ndarray, patch: tuple[slice, slice]) -> _Trial:
    """A picture with its true mean colour on a patch."""
    hint_ab, mask = np.zeros_like(true_ab), np.zeros(lightness.shape, bool)
    hint_ab[patch], mask[patch] = true_ab[patch].mean((0, 1)), True
    own, other = kinds(true_ab, lightness, mask, _ALIKE_AB, _ALIKE_LIGHTNESS)
    return _Trial(picture, lightness, true_ab, hint_ab, mask, own, other)


def _tells(trial: _Trial) -> bool:
    """Whether there is anything of the hint's kind beside it, and of others."""
    return bool((trial.own & ~trial.mask).any() and trial.other.any())


def _figures(method: Method, trial: _Trial, hinted: bool) -> tuple[float, float, float]:
    """ab error of other kinds and of the own kind, and PSNR."""
    ab = method(trial.lightness, trial.hint_ab * hinted, trial.mask & hinted)
    error = np.linalg.norm(ab - trial.true_ab, axis=-1)
    return (
        float(error[trial.other].mean()),
        float(error[trial.own & ~trial.mask].mean()),
        psnr(recolor(trial.picture, ab), trial.picture),
    )
