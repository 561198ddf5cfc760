"""The original's table: colorizer and reference path with hints on a clip's first frame alone, in four variants.

15 to 20 hints, a number drawn per clip, lie on the first frame. The colorizer alone colours every frame with them left
where they are; with transfer, the first frame in colour is the reference of all later ones.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from ..colorizer import Colorizer
from ..frames.sink import write_whole
from ..nets.vgg import Encoder
from ..reference_transfer import ReferenceTransfer, TransferSettings, transfer_colors
from .clip_protocol import Clip
from .metrics import psnr
from .protocol import protocol_hints

FEWEST_HINTS, MOST_HINTS = 15, 20
_NOTE = (
    "PSNR over all frames but the first, its mean over clips ± standard error, of differences that do not wrap; the\n"
    "published figures are of other clips, and some of them were computed on uint8 differences that wrap, so only the\n"
    "order of the rows and their distance to grey compare."
)


@dataclass(frozen=True)
class Variant:
    """One row. network: the colorizer's variant; None is grey. transfer: None, or whether its content has the added
    L1 term. published: (PSNR in dB, standard error) of the original's row."""

    name: str
    network: str | None
    transfer_l1: bool | None
    published: tuple[float, float] | None


VARIANTS = (
    Variant("grey", None, None, None),
    Variant("colorizer", "two-tower", None, (11.46, 0.35)),
    Variant("colorizer + transfer", "two-tower", False, (12.57, 0.13)),
    Variant("colorizer + transfer with L1", "two-tower", True, (13.04, 0.18)),
    Variant("squeeze + transfer with L1", "squeeze", True, (12.55, 0.24)),
)


@dataclass(frozen=True)
class SeedScore:
    """psnr: in dB, mean over clips of the mean over frames, with its standard error over clips."""

    variant: str
    psnr: float
    psnr_error: float
    published: tuple[float, float] | None


def score_seed_table(
    clips: Iterable[Clip], colorizers: dict[str, Colorizer], encoder: Encoder
) -> Iterator[tuple[str, dict[str, float]]]:
    """(clip's name, PSNR in dB by variant), clip by clip, as soon as it is known. colorizers: by network."""
    for clip in clips:
        answers = {name: _left_in_place(clip, colorizer) for name, colorizer in colorizers.items()}
        yield clip.name, {variant.name: _psnr(clip, _colored(clip, variant, answers, encoder)) for variant in VARIANTS}


def seed_scores(rows: Sequence[dict[str, float]]) -> list[SeedScore]:
    """The table's rows from the clips' figures."""
    scores = []
    for variant in VARIANTS:
        figures = np.array([row[variant.name] for row in rows])
        error = float(figures.std(ddof=1) / np.sqrt(len(figures))) if len(figures) > 1 else 0.0
        scores.append(SeedScore(variant.name, float(figures.mean()), error, variant.published))
    return scores


def seed_table(scores: Sequence[SeedScore]) -> str:
    """The table with its note, without a newline at the end."""
    grey = scores[0].psnr
    lines = [f"{'variant':<30}{'PSNR dB':>8} ± {'s.e.':<6}{'over grey':>9}   published"]
    for score in scores:
        published = "" if score.published is None else "{:.2f} ± {:.2f}".format(*score.published)
        line = (
            f"{score.variant:<30}{score.psnr:>8.2f} ± {score.psnr_error:<6.2f}{score.psnr - grey:>+9.2f}   {published}"
        )
        lines.append(line.rstrip())
    return "\n".join([*lines, _NOTE])


def write_seed_json(path: Path, clips: dict[str, dict[str, float]], scores: Sequence[SeedScore]) -> None:
    document = {"version": 1, "clips": clips, "scores": [asdict(score) for score in scores]}
    write_whole(path, json.dumps(document, indent=1).encode() + b"\n")


def _colored(
    clip: Clip, variant: Variant, answers: dict[str, list[np.ndarray]], encoder: Encoder
) -> Iterator[np.ndarray]:
    """Chroma of the later frames."""
    if variant.network is None:
        return (np.zeros((*frame.shape[:2], 2), np.float32) for frame in clip.grey[1:])
    first, *later = answers[variant.network]
    if variant.transfer_l1 is None:
        return iter(later)
    reference = recolor(clip.grey[0], first)
    transfer = ReferenceTransfer(encoder, reference, TransferSettings(absolute_term=variant.transfer_l1))
    return transfer_colors(clip.grey[1:], later, transfer, before=(clip.grey[0], first))


def _left_in_place(clip: Clip, colorizer: Colorizer) -> list[np.ndarray]:
    """Every frame's chroma from the first frame's hints, where they are."""
    true_ab = ab_from_srgb(clip.truth[0])
    seed = zlib.crc32(clip.name.encode())
    count = int(np.random.default_rng(seed).integers(FEWEST_HINTS, MOST_HINTS + 1))
    hint_ab, mask = protocol_hints(true_ab, count, seed)
    return [colorizer.predict(lightness_from_srgb(frame), hint_ab, mask) for frame in clip.grey]


def _psnr(clip: Clip, chroma: Iterable[np.ndarray]) -> float:
    pairs = zip(clip.grey[1:], chroma, clip.truth[1:], strict=True)
    return float(np.mean([psnr(recolor(grey, ab), truth) for grey, ab, truth in pairs]))
