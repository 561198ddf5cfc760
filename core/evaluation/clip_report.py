"""Clips' scores as a table and as JSON; their colours as a sheet, a row a method, a column a frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ..frames.sink import encode_png, write_whole
from .clip_protocol import Clip
from .clips import ClipResult, ClipScore

_SHEET_COLUMNS = 6
_CELL_WIDTH = 240
_LABEL_HEIGHT = 22
# Grey only passes frames on.
_NO_WORK_FPS = 10_000.0


def clip_table_header() -> str:
    return (
        f"{'clip':<14}{'method':<11}{'PSNR dB':>8}{'worst':>7}{'last':>7}{'ab err':>8}{'CDC':>9}{'/ true':>8}"
        f"{'flicker':>9}{'true':>6}{'fps':>8}"
    )


def clip_table_row(score: ClipScore) -> str:
    """One line of the table under `clip_table_header`."""
    ratio = score.cdc / score.true_cdc if score.true_cdc else float("nan")
    return (
        f"{score.clip:<14.13}{score.method:<11}{score.psnr:>8.2f}{score.worst:>7.2f}{score.last:>7.2f}"
        f"{score.ab_error:>8.2f}{score.cdc:>9.5f}{ratio:>8.2f}{score.flicker:>9.3f}{score.true_flicker:>6.3f}"
        + (f"{score.fps:>8.2f}" if score.fps < _NO_WORK_FPS else f"{'-':>8}")
    )


def write_clip_json(path: Path, setting: str, results: Sequence[ClipResult], means: Sequence[ClipScore]) -> None:
    document = {
        "version": 1,
        "given": setting,
        "scores": [{**asdict(result.score), "frame_psnr": result.frame_psnr} for result in results],
        "means": [asdict(mean) for mean in means],
    }
    write_whole(path, json.dumps(document, indent=1).encode() + b"\n")


class ClipSheet:
    """A contact sheet that grows clip by clip: the truth's row, then a row a method."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._clip = ""

    def add(self, clip: Clip, score: ClipScore, frames: Sequence[np.ndarray]) -> None:
        """Scores come clip by clip."""
        if clip.name != self._clip:
            self._clip = clip.name
            self._rows.append(_row(f"{clip.name}: truth", clip.truth))
        self._rows.append(_row(f"{score.method}  {score.psnr:.2f} dB", frames))

    def write(self, path: Path) -> None:
        """The sheet as a PNG; clips of other shapes are filled up with white at the right."""
        width = max(row.shape[1] for row in self._rows)
        filled = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in self._rows]
        write_whole(path, encode_png(np.vstack(filled)))


def _row(label: str, frames: Sequence[np.ndarray]) -> np.ndarray:
    columns = np.unique(np.linspace(0, len(frames) - 1, _SHEET_COLUMNS).round().astype(int))
    height = max(1, round(_CELL_WIDTH * frames[0].shape[0] / frames[0].shape[1]))
    cells = [cv2.resize(frames[column], (_CELL_WIDTH, height), interpolation=cv2.INTER_AREA) for column in columns]
    strip = np.full((_LABEL_HEIGHT, _CELL_WIDTH * len(cells), 3), 255, np.uint8)
    for index, column in enumerate(columns):
        text = label if index == 0 else f"frame {column}"
        place = (index * _CELL_WIDTH + 4, _LABEL_HEIGHT - 7)
        cv2.putText(strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, np.hstack(cells)])
