"""Scores as a table, as JSON, as a plot; colours as a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from ..frames.sink import encode_png, write_whole
from .protocol import protocol_hints
from .stills import Method, Score

_LABEL_HEIGHT = 26


def table_row(score: Score) -> str:
    """One line of the table under `table_header`."""
    return (
        f"{score.method:<12}{score.hints:>6}{score.psnr:>9.2f} ± {score.psnr_error:<5.2f}{score.ab_error:>9.2f}"
        f"{score.colorfulness:>14.1f}{score.seconds * 1000:>10.0f}"
    )


def table_header() -> str:
    return f"{'method':<12}{'hints':>6}{'PSNR dB':>9}   {'s.e.':<5}{'ab error':>9}{'colourfulness':>14}{'ms':>10}"


def write_json(path: Path, scores: Sequence[Score]) -> None:
    document = json.dumps({"version": 1, "scores": [asdict(score) for score in scores]}, indent=1)
    write_whole(path, document.encode() + b"\n")


def write_plot(path: Path, scores: Sequence[Score]) -> None:
    """PSNR over the number of hints, a line a method, grey as the floor."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name in dict.fromkeys(score.method for score in scores):
        rows = [score for score in scores if score.method == name]
        if name == "grey":
            axes.axhline(rows[0].psnr, color="0.6", label="grey")
        else:
            axes.plot([row.hints for row in rows], [row.psnr for row in rows], marker="o", label=name)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks(counts := sorted({score.hints for score in scores}), [str(count) for count in counts])
    axes.set(xlabel="hints", ylabel="RGB PSNR (dB)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def write_sheet(path: Path, pictures: Sequence[np.ndarray], methods: dict[str, Method], counts: Sequence[int]) -> None:
    """A contact sheet: a row a picture; the footage, each method at each count with its hints drawn, the truth."""
    columns = [(name, count) for name in methods for count in counts if (name, count) != ("levin", 0)]
    labels = ["footage", *(f"{name}, {count}" for name, count in columns), "truth"]
    rows = [_labels(labels, pictures[0].shape[1])]
    for seed, picture in enumerate(pictures):
        lightness, true_ab = lightness_from_srgb(picture), ab_from_srgb(picture)
        grey = recolor(picture, np.zeros_like(true_ab))
        cells = [_with_hints(grey, picture, protocol_hints(true_ab, max(counts), seed)[1])]
        for name, count in columns:
            ab = methods[name](lightness, *protocol_hints(true_ab, count, seed))
            cells.append(recolor(grey, ab))
        rows.append(np.hstack([*cells, picture]))
    write_whole(path, encode_png(np.vstack(rows)))


def _with_hints(grey: np.ndarray, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask[..., None], picture, grey)


def _labels(labels: Sequence[str], width: int) -> np.ndarray:
    strip = np.full((_LABEL_HEIGHT, width * len(labels), 3), 255, np.uint8)
    for index, label in enumerate(labels):
        cv2.putText(strip, label, (index * width + 6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
