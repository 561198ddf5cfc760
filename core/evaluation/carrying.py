"""How well hints are carried to another frame as strokes: how many dots arrive, and whether on their own colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..color import ab_from_srgb
from ..flow import motion_shape
from ..frame_spool import FrameSpool
from ..hint_carrying import carried_strokes
from ..hints import HintTrack
from ..raster import rasterize
from ..strip_motion import StripMotion
from .clip_protocol import Clip, given

# ab units between a dot and the truth where it arrives, from which on it lies on something else.
_WRONG = 10.0


@dataclass(frozen=True)
class CarryScore:
    """Of the protocol's dots, carried over half a clip and over the whole: how many there were, how many arrived, the
    mean ab error of those that did, and the share of them, 0..1, that came to lie on another colour."""

    clip: str
    dots: int
    arrived: int
    ab_error: float
    wrong: float


def score_carrying(clips: Iterable[Clip]) -> Iterator[CarryScore]:
    """Carried: dots of the first and of the last frame to the middle one, and of the first one to the last. A score a
    clip, then one named "all" of all dots."""
    total, everything = 0, []
    for clip in clips:
        dots, errors = _carried_errors(clip)
        yield _score(clip.name, dots, errors)
        total += dots
        everything += errors
    yield _score("all", total, everything)


def _carried_errors(clip: Clip) -> tuple[int, list[float]]:
    """How many dots were to be carried, and the ab error of each that arrived."""
    keyframes = given(clip, "hints").hints.keyframes
    first, last, middle = keyframes[0], keyframes[-1], keyframes[len(keyframes) // 2].frame
    height, width = clip.grey[0].shape[:2]
    dots, errors = 0, []
    with FrameSpool(clip.grey) as footage:
        motion = StripMotion(footage, motion_shape(width, height))
        for keyframe, frame in ((first, middle), (last, middle), (first, last.frame)):
            dots += len(keyframe.strokes)
            true_ab = ab_from_srgb(clip.truth[frame])
            for stroke in carried_strokes(HintTrack((keyframe,)), frame, motion):
                ab, mask = rasterize([stroke], width, height)
                errors.append(float(np.linalg.norm(true_ab[mask].mean(0) - ab[mask].mean(0))))
    return dots, errors


def _score(clip: str, dots: int, errors: list[float]) -> CarryScore:
    wrong = np.array(errors) > _WRONG
    return CarryScore(clip, dots, len(errors), *(float(np.mean(x)) if errors else 0.0 for x in (errors, wrong)))
