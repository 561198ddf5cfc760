"""The demo's picture and figures, in the engine's environment.

    python -m build_tools.demo_report FOOTAGE RESULT PICTURE [--hints HINTS] [--truth TRUTH]

draws footage, hints, result and truth over several frames into PICTURE, and prints the result's PSNR against
the truth beside that of the footage itself (the grey baseline). TRUTH and RESULT are folders of pictures.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from skimage.metrics import peak_signal_noise_ratio

from core.frames.source import FrameSource, open_source
from core.hints import HintTrack, load_hints

_COLUMNS = 5
_TILE_INCHES = 3.6
_DPI = 110
_BACKGROUND, _INK = "#1d1d1d", "#e6e6e6"


def mean_psnr(frames: FrameSource, truth: FrameSource) -> float:
    """Mean over all frames of the RGB PSNR in dB, 8 bits. Both sources must have the same number of frames."""
    pairs = zip(frames.read(), truth.read(), strict=True)
    return float(np.mean([peak_signal_noise_ratio(right, given, data_range=255) for given, right in pairs]))


def shown_frames(frame_count: int, hints: HintTrack) -> list[int]:
    """The frames to draw: spread evenly, the nearest ones moved onto keyframes."""
    frames = np.unique(np.linspace(0, frame_count - 1, min(_COLUMNS, frame_count)).round().astype(int))
    for keyframe in hints.keyframes:
        frames[np.abs(frames - keyframe.frame).argmin()] = keyframe.frame
    return sorted({int(frame) for frame in frames})


def draw(picture: Path, rows: dict[str, FrameSource], hints: HintTrack, shown: Sequence[int]) -> None:
    """Write the picture: a row for each source, and one for the hints below the first where there are any.

    rows: title → frames, the footage first. shown: the frames that are the columns.
    """
    footage = next(iter(rows.values()))
    titles = list(rows)
    if hints.keyframes:
        titles.insert(1, "Hints")
    height = _TILE_INCHES * footage.info.height / footage.info.width
    figure, axes = plt.subplots(
        len(titles),
        len(shown),
        squeeze=False,
        figsize=(_TILE_INCHES * len(shown) + 1.2, (height + 0.05) * len(titles) + 0.4),
        facecolor=_BACKGROUND,
    )
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0.0, hspace=0.0)
    painted = {keyframe.frame: keyframe for keyframe in hints.keyframes}
    for title, line in zip(titles, axes, strict=True):
        source = rows.get(title, footage)
        line[0].set_ylabel(title, color=_INK, fontsize=15, rotation=0, ha="right", va="center", labelpad=12)
        for frame, axis in zip(shown, line, strict=True):
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            pixels = next(source.read(frame, frame))
            if title != "Hints":
                axis.imshow(pixels / np.iinfo(pixels.dtype).max)
                continue
            axis.imshow(pixels / np.iinfo(pixels.dtype).max * (0.75 if frame in painted else 0.25))
            if frame in painted:
                _paint(axis, painted[frame].strokes, pixels.shape, figure)
            else:
                axis.text(0.5, 0.5, "none on this frame", color=_INK, ha="center", transform=axis.transAxes)
    for frame, axis in zip(shown, axes[0], strict=True):
        axis.set_title(f"frame {frame}" + (" · keyframe" if frame in painted else ""), color=_INK, fontsize=13)
    temporary = picture.with_name(f"part-{picture.name}")
    figure.savefig(temporary, dpi=_DPI)
    plt.close(figure)
    os.replace(temporary, picture)


def _paint(axis: plt.Axes, strokes: Sequence, shape: tuple[int, ...], figure: plt.Figure) -> None:
    height, width = shape[:2]
    for stroke in strokes:
        x, y = (np.array(stroke.points) * (width, height) - 0.5).T
        points = 2 * stroke.radius * _TILE_INCHES * 72
        for color, wide in (("white", points + 2.0), (stroke.color, points)):
            axis.plot(x, y, color=color, linewidth=wide, solid_capstyle="round", scalex=False, scaley=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("footage", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--hints", type=Path)
    parser.add_argument("--truth", type=Path)
    arguments = parser.parse_args()
    hints = load_hints(arguments.hints) if arguments.hints else HintTrack()
    with open_source(arguments.footage) as footage, open_source(arguments.result) as result:
        rows = {"Footage": footage, "Colorized": result}
        if arguments.truth:
            truth = open_source(arguments.truth)
            grey, colorized = mean_psnr(footage, truth), mean_psnr(result, truth)
            rows = {f"Footage\n{grey:.1f} dB": footage, f"Colorized\n{colorized:.1f} dB": result, "Truth": truth}
            print(f"PSNR against the true colours, mean over {truth.info.frame_count} frames:")
            print(f"  grey baseline {grey:6.2f} dB\n  colorized     {colorized:6.2f} dB  ({colorized - grey:+.2f})")
        draw(arguments.picture, rows, hints, shown_frames(result.info.frame_count, hints))


if __name__ == "__main__":
    main()
