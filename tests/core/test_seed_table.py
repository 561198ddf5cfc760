"""The original's table: every variant is there, its figures add up, and it says what the published ones are worth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from core.__main__ import main
from core.evaluation.seed_table import VARIANTS, seed_scores, seed_table

PUBLISHED = ("11.46 ± 0.35", "12.57 ± 0.13", "13.04 ± 0.18", "12.55 ± 0.24")


def write_clip(folder: Path, frames: int) -> None:
    """A colour photograph under a camera that moves right."""
    folder.mkdir(parents=True)
    photograph = cv2.resize(skimage.data.astronaut(), (96, 96), interpolation=cv2.INTER_AREA)
    for number in range(frames):
        picture = photograph[:, 3 * number : 3 * number + 80]
        cv2.imwrite(str(folder / f"{number:04d}.png"), np.ascontiguousarray(picture[..., ::-1]))


def test_means_and_standard_errors_are_over_clips() -> None:
    rows = [{variant.name: 10.0 + clip + i for i, variant in enumerate(VARIANTS)} for clip in (0.0, 2.0)]
    scores = seed_scores(rows)
    assert [score.psnr for score in scores] == [11.0, 12.0, 13.0, 14.0, 15.0]
    assert all(score.psnr_error == pytest.approx(1.0) for score in scores)
    table = seed_table(scores).splitlines()
    assert "+4.00" in table[5] and all(figure in row for figure, row in zip(PUBLISHED, table[2:6], strict=True))
    assert "published" not in table[1] and "wrap" in table[-2]


def test_the_command_prints_four_variants_beside_grey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(tmp_path / "clips" / "one", 4)
    arguments = ["evaluate", "seed-table", str(tmp_path / "clips"), "--frames", "3", "--json", str(tmp_path / "t.json")]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert all(figure in table for figure in PUBLISHED)
    document = json.loads((tmp_path / "t.json").read_text())
    figures = document["clips"]["one"]
    assert list(figures) == [variant.name for variant in VARIANTS]
    assert figures["colorizer"] > figures["grey"] + 0.5


def test_a_size_that_cannot_be_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "seed-table", str(tmp_path), "--width", "8"]) == 2
    assert "must be 64 to 1920" in capsys.readouterr().err
