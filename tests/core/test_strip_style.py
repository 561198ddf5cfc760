"""A job with a style: the picture leads the palette, lightness stays, and the cache knows what a style changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from core.__main__ import main
from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.errors import InputError
from core.frames.picture import read_picture
from core.frames.sink import encode_png, write_whole
from core.job import Job, Output, Settings, Source, Style
from core.nets.vgg import load_encoder
from core.pipeline import JobResult, run_job, run_preview
from core.style import fit_style

from .moving_pictures import camera_move

SETTINGS = Settings(device="cpu", working_size=128)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Two grey frames in the style of a warm picture."""
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(camera_move(2)):
        write_whole(tmp_path / "in" / f"shot.{number:04d}.png", encode_png(frame))
    warm = cv2.resize(skimage.data.astronaut(), (96, 96), interpolation=cv2.INTER_AREA) * [1.0, 0.7, 0.35]
    write_whole(tmp_path / "warm.png", encode_png(warm.astype(np.uint8)))
    style = Style(str(tmp_path / "warm.png"), 1.0)
    return Job(Source(str(tmp_path / "in")), Output(str(tmp_path / "out")), settings=SETTINGS, style=style)


def run(job: Job, tmp_path: Path) -> JobResult:
    return run_job(job, tmp_path / "cache", lambda progress: None, lambda frame, path: None, lambda: False)


def frames_of(job: Job) -> list[np.ndarray]:
    return [read_picture(path) for path in sorted(Path(job.output.path).iterdir())]


def test_the_style_leads_the_palette_and_lightness_stays(job: Job, tmp_path: Path) -> None:
    plain = replace(job, style=None, output=Output(str(tmp_path / "plain")))
    assert run(job, tmp_path).rendered == run(plain, tmp_path).rendered == 2
    for styled, without, grey in zip(frames_of(job), frames_of(plain), camera_move(2), strict=True):
        assert np.abs(lightness_from_srgb(styled) - lightness_from_srgb(grey)).max() < 100 / 255 + 0.01
        assert ab_from_srgb(styled)[..., 0].mean() > ab_from_srgb(without)[..., 0].mean() + 5.0


def test_a_style_leaves_vivid_colours_that_its_map_was_not_made_from_what_they_are() -> None:
    footage = cv2.resize(skimage.data.astronaut(), (96, 96), interpolation=cv2.INTER_AREA)
    lightness = lightness_from_srgb(footage)
    cold = cv2.resize(skimage.data.rocket(), (96, 96), interpolation=cv2.INTER_AREA)
    made = fit_style(load_encoder(), cold, [lightness], [np.full((96, 96, 2), (1.0, 4.0), np.float32)])
    for ab in ((50.0, 50.0), (40.0, -50.0), (-50.0, 40.0)):
        vivid = recolor(footage, np.full((96, 96, 2), ab, np.float32))
        before, after = (ab_from_srgb(rgb).mean((0, 1)) for rgb in (vivid, made.apply(vivid, footage)))
        turned = np.degrees(np.arctan2(*after[::-1]) - np.arctan2(*before[::-1]))
        assert abs((turned + 180.0) % 360.0 - 180.0) < 25.0


def test_the_cache_tells_styles_apart_and_previews_have_the_style(job: Job, tmp_path: Path) -> None:
    assert job.style is not None
    run(job, tmp_path)
    assert run(job, tmp_path).reused == 2
    finished = frames_of(job)
    preview = run_preview(replace(job, output=Output(str(tmp_path / "preview"))), 1, tmp_path / "other", lambda: False)
    assert np.array_equal(read_picture(preview), finished[1])
    assert run(replace(job, style=Style(job.style.path, 0.5)), tmp_path).rendered == 2
    half = frames_of(job)
    assert ab_from_srgb(half[0])[..., 0].mean() < ab_from_srgb(finished[0])[..., 0].mean() - 2.0


def test_a_style_that_is_no_picture_gets_a_sentence(job: Job, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="The style picture cannot be used: There is no picture") as caught:
        run(replace(job, style=Style(str(tmp_path / "none.png"))), tmp_path)
    assert caught.value.code == "bad-style"


def test_the_command_line_takes_a_style_and_its_strength(
    job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.style is not None
    common = ["colorize", job.source.path, str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    common += ["--device", "cpu", "--working-size", "128"]
    assert main([*common, "--style", job.style.path, "--style-strength", "0.5"]) == 0
    assert run(replace(job, style=Style(job.style.path, 0.5)), tmp_path).reused == 2
    assert main([*common, "--style-strength", "0.5"]) == 2
    assert "--style-strength needs --style" in capsys.readouterr().err
