"""The protocol on clips: true frames, the same without colour, and what a method is told of the colours.

Three settings. "first": the first frame in true colour. "hints": HINTS dots on the first, the middle and the last
frame, each of its true mean ab, as large as the stills' patches are to their picture. "corrected": the first frame in
wrong colours, its hues turned by a right angle, and such dots on the middle frame.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from ..color import ab_from_srgb, lightness_from_srgb, recolor, srgb_from_lab
from ..errors import InputError
from ..frames.bit_depth import as_dtype
from ..frames.source import open_source
from ..hints import HintTrack, Keyframe, Stroke
from ..raster import rasterize
from .protocol import PATCH, SIDE

GIVEN = ("first", "hints", "corrected")
HINTS = 20
WIDTH = 480
FRAMES = 72


@dataclass(frozen=True)
class Clip:
    """truth: uint8 (H, W, 3) sRGB frames. grey: the same frames with no chroma and their lightness."""

    name: str
    truth: list[np.ndarray]
    grey: list[np.ndarray]


@dataclass(frozen=True)
class Given:
    """What every method is told of a clip's colours. references: frame → uint8 (H, W, 3)."""

    references: dict[int, np.ndarray]
    hints: HintTrack


def read_clips(folder: str | Path, width: int = WIDTH, frames: int = FRAMES) -> Iterator[Clip]:
    """The clips of a folder (movies, and folders of pictures), or the one clip at that path, by name.

    width: in pixels, to which wider footage is reduced, keeping its shape. frames: of each clip, at most.
    Raises InputError "short-clip", and what `open_source` raises.
    """
    folder = Path(folder)
    paths = [folder]
    if folder.is_dir():
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        clips = [path for path in inside if path.is_dir() or path.suffix.lower() in (".mp4", ".mov", ".mkv", ".webm")]
        paths = clips or paths
    for path in paths:
        with open_source(path) as source:
            if source.info.frame_count < 2:
                raise InputError("short-clip", f"{path} has one frame, and a clip needs at least two.")
            truth = [_reduced(rgb, width) for rgb in source.read(0, min(frames, source.info.frame_count) - 1)]
        yield Clip(path.stem, truth, [recolor(rgb, np.zeros((*rgb.shape[:2], 2), np.float32)) for rgb in truth])


def given(clip: Clip, setting: str) -> Given:
    """setting: one of GIVEN. The hints' places depend on the clip's name, so every run draws the same."""
    if setting == "first":
        return Given({0: clip.truth[0]}, HintTrack())
    last = len(clip.truth) - 1
    middle = (last + 1) // 2
    if setting == "corrected":
        a, b = np.moveaxis(ab_from_srgb(clip.truth[0]), -1, 0)
        return Given({0: recolor(clip.truth[0], np.stack((-b, a), -1))}, HintTrack((_keyframe(clip, middle),)))
    return Given({}, HintTrack(tuple(_keyframe(clip, frame) for frame in sorted({0, middle, last}))))


def _keyframe(clip: Clip, frame: int) -> Keyframe:
    rgb = clip.truth[frame]
    height, width = rgb.shape[:2]
    true_ab, lightness = ab_from_srgb(rgb), lightness_from_srgb(rgb)
    # A dot with the area of the stills' square patch.
    radius = PATCH / SIDE * min(height, width) / math.sqrt(math.pi) / width
    margin = np.array([radius, radius * width / height])
    rng = np.random.default_rng((zlib.crc32(clip.name.encode()), frame))
    strokes = []
    for x, y in margin + rng.random((HINTS, 2)) * (1.0 - 2.0 * margin):
        place = ((float(x), float(y)),)
        mask = rasterize([Stroke("#808080", radius, place)], width, height)[1]
        strokes.append(Stroke(_hex(lightness[mask].mean(), *true_ab[mask].mean(0)), radius, place))
    return Keyframe(frame, tuple(strokes))


def _hex(lightness: float, a: float, b: float) -> str:
    lab = torch.tensor([lightness, a, b], dtype=torch.float32)[:, None, None]
    return "#" + "".join(f"{round(float(value) * 255):02x}" for value in srgb_from_lab(lab).ravel())


def _reduced(rgb: np.ndarray, width: int) -> np.ndarray:
    rgb = as_dtype(rgb, np.uint8)
    if rgb.shape[1] <= width:
        return rgb
    height = max(1, round(rgb.shape[0] * width / rgb.shape[1]))
    return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
