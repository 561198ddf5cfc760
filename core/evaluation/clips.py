"""How well methods keep a clip's colours: the same first frame or the same hints for each, on the same grey frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..color import ab_from_srgb
from ..errors import InputError
from ..job import VARIANTS, Settings
from ..pipeline import colorize_frames
from .clip_baselines import chained_flow, frozen_chroma, grey_clip, levin_along_flow
from .clip_metrics import TrueMotion, color_flicker, distribution_consistency, true_motion
from .clip_protocol import Clip, Given, given
from .metrics import ab_error, psnr

# (frames uint8 (H, W, 3) without chroma, what is given) → the frames in colour
ClipMethod = Callable[[Sequence[np.ndarray], Given], Iterator[np.ndarray]]

_BASELINES: dict[str, dict[str, ClipMethod]] = {
    "first": {"grey": grey_clip, "frozen": frozen_chroma, "dis": chained_flow},
    "hints": {"grey": grey_clip, "dis-levin": levin_along_flow},
    "corrected": {"grey": grey_clip, "dis-levin": levin_along_flow},
}
MEAN = "mean"


@dataclass(frozen=True)
class ClipScore:
    """One method on one clip, or its mean over clips (clip "mean").

    psnr: RGB PSNR in dB, mean over all frames but the first; worst, last: of the worst and of the last frame; in
    Lab units, over the same frames, ab_error. cdc: over all frames, with the true clip's own beside it. flicker:
    ab distance along the true motion, the true clip's own beside it. fps: frames a second, all in.
    """

    clip: str
    method: str
    psnr: float
    worst: float
    last: float
    ab_error: float
    cdc: float
    true_cdc: float
    flicker: float
    true_flicker: float
    fps: float


@dataclass(frozen=True)
class ClipResult:
    """frame_psnr: in dB, of every frame but the first."""

    score: ClipScore
    frame_psnr: list[float]


def method_names(setting: str) -> tuple[str, ...]:
    """The methods that there are for a setting of GIVEN: the baselines, and the colorizer's variants."""
    return (*_BASELINES[setting], *VARIANTS)


def load_clip_method(name: str, setting: str, device: str) -> ClipMethod:
    """Raises InputError "bad-method" for a name that is not in `method_names`."""
    if name in _BASELINES[setting]:
        return _BASELINES[setting][name]
    if name not in VARIANTS:
        raise InputError(
            "bad-method",
            f"There is no method {name!r} where {setting} is given.",
            f"Methods: {', '.join(method_names(setting))}.",
        )
    settings = Settings(variant=name, device=device, saturation=0.0)

    def colorize(grey: Sequence[np.ndarray], told: Given) -> Iterator[np.ndarray]:
        return colorize_frames(grey, hints=told.hints, references=told.references, settings=settings)

    return colorize


def score_clips(
    clips: Iterable[Clip], methods: dict[str, ClipMethod], setting: str
) -> Iterator[tuple[Clip, ClipResult, list[np.ndarray]]]:
    """Each clip with each method's result and frames, uint8 (H, W, 3), as soon as they are known."""
    for clip in clips:
        told = given(clip, setting)
        motion = true_motion(clip.truth)
        true_cdc, true_flicker = distribution_consistency(clip.truth), color_flicker(clip.truth, motion)
        for name, method in methods.items():
            started = time.perf_counter()
            frames = list(method(clip.grey, told))
            fps = len(frames) / (time.perf_counter() - started)
            yield clip, _result(clip, name, frames, motion, true_cdc, true_flicker, fps), frames


def mean_scores(scores: Sequence[ClipScore]) -> list[ClipScore]:
    """One ClipScore a method: the plain mean over clips of every figure."""
    figures = [item.name for item in fields(ClipScore) if item.name not in ("clip", "method")]
    means = []
    for method in dict.fromkeys(score.method for score in scores):
        rows = [score for score in scores if score.method == method]
        means.append(
            ClipScore(MEAN, method, *(float(np.mean([getattr(row, name) for row in rows])) for name in figures))
        )
    return means


def _result(
    clip: Clip,
    name: str,
    frames: list[np.ndarray],
    motion: TrueMotion,
    true_cdc: float,
    true_flicker: float,
    fps: float,
) -> ClipResult:
    later = list(zip(frames[1:], clip.truth[1:], strict=True))
    frame_psnr = [psnr(frame, truth) for frame, truth in later]
    errors = [ab_error(ab_from_srgb(frame), ab_from_srgb(truth)) for frame, truth in later]
    score = ClipScore(
        clip.name, name, float(np.mean(frame_psnr)), min(frame_psnr), frame_psnr[-1], float(np.mean(errors)),
        distribution_consistency(frames), true_cdc, color_flicker(frames, motion), true_flicker, fps,
    )  # fmt: skip
    return ClipResult(score, frame_psnr)
