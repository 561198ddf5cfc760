"""Clips: metrics over time, baselines, and the protocol, on a synthetic pan with known motion."""

from __future__ import annotations

import json
import math
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.commands import evaluate
from core.errors import InputError
from core.evaluation.aged_footage import aged
from core.evaluation.carrying import score_carrying
from core.evaluation.clip_metrics import color_flicker, distribution_consistency, true_motion
from core.evaluation.clip_protocol import HINTS, Clip, given, read_clips
from core.evaluation.clips import load_clip_method, mean_scores, score_clips
from core.evaluation.metrics import psnr
from core.frames.sink import MovieSink
from core.raster import rasterize


def pan(count: int, step: int = 2) -> list[np.ndarray]:
    """uint8 (96, 128, 3): a colour photograph under a camera that moves right by `step` pixels a frame."""
    photograph = cv2.resize(skimage.data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    return [photograph[60:156, 40 + step * number : 168 + step * number].copy() for number in range(count)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clips")
    with MovieSink(folder / "pan.mkv", 128, 96, Fraction(24)) as sink:
        for frame in pan(12):
            sink.write(frame)
    (read,) = read_clips(folder, width=480, frames=9)
    return read


def test_a_clip_has_its_first_frames_and_their_lightness_without_chroma(clip: Clip) -> None:
    assert (clip.name, len(clip.truth), len(clip.grey)) == ("pan", 9, 9)
    for grey, truth in zip(clip.grey, clip.truth, strict=True):
        assert np.array_equal(grey[..., 0], grey[..., 1]) and np.array_equal(grey[..., 0], grey[..., 2])
        assert np.abs(lightness_from_srgb(grey) - lightness_from_srgb(truth)).max() <= 100 / 255


def test_wide_clips_are_reduced_and_one_clip_may_be_given_itself(tmp_path: Path) -> None:
    with MovieSink(tmp_path / "pan.mkv", 128, 96, Fraction(24)) as sink:
        for frame in pan(3):
            sink.write(frame)
    (small,) = read_clips(tmp_path / "pan.mkv", width=64)
    assert [frame.shape for frame in small.truth] == [(48, 64, 3)] * 3


def test_a_still_is_no_clip(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), pan(1)[0])
    with pytest.raises(InputError, match="one frame"):
        next(read_clips(tmp_path / "one.png"))


def test_hints_are_dots_of_the_true_chroma_on_three_frames(clip: Clip) -> None:
    told = given(clip, "hints")
    assert [keyframe.frame for keyframe in told.hints.keyframes] == [0, 4, 8]
    assert not told.references
    for keyframe in told.hints.keyframes:
        true_ab = ab_from_srgb(clip.truth[keyframe.frame])
        assert len(keyframe.strokes) == HINTS
        for stroke in keyframe.strokes:
            ab, mask = rasterize([stroke], 128, 96)
            assert np.abs(ab[mask].mean(0) - true_ab[mask].mean(0)).max() < 2.5
    assert given(clip, "hints") == told


def test_histograms_that_never_change_have_no_divergence_and_disjoint_ones_have_log_2() -> None:
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert distribution_consistency([black] * 6) == 0.0
    # At the distances 1, 2 and 4, all, none and none of the pairs differ.
    assert distribution_consistency([black, white] * 3) == pytest.approx(math.log(2) / 3)


def test_flicker_is_measured_along_the_motion(clip: Clip) -> None:
    motion = true_motion(clip.truth)
    steady = color_flicker(clip.truth, motion)
    flashing = [recolor(frame, ab_from_srgb(frame) + np.float32(4 * (n % 2))) for n, frame in enumerate(clip.truth)]
    assert color_flicker(flashing, motion) > steady + 3.0
    # The first frame's chroma left in place would be steady by the eye of a fixed pixel, and is not.
    frozen = list(load_clip_method("frozen", "first", "cpu")(clip.grey, given(clip, "first")))
    assert color_flicker(frozen, motion) > 2.0 * steady


def test_an_aged_clip_has_other_lightness_and_its_own_chroma(clip: Clip) -> None:
    old = aged(clip)
    assert [frame.shape for frame in old.truth] == [frame.shape for frame in clip.truth]
    exposures = []
    for grey, truth, clean in zip(old.grey, old.truth, clip.truth, strict=True):
        assert np.abs(lightness_from_srgb(grey) - lightness_from_srgb(truth)).max() <= 100 / 255
        # Between what grain and softness take, and what things of another place would have.
        distance = np.linalg.norm(ab_from_srgb(truth) - ab_from_srgb(clean), axis=-1).mean()
        assert distance < 0.5 * np.linalg.norm(ab_from_srgb(clean), axis=-1).mean()
        exposures.append(float(lightness_from_srgb(grey).mean() / lightness_from_srgb(clean).mean()))
    assert np.std(exposures) > 0.02


def test_a_clip_ages_alike_in_every_run_and_by_its_name(clip: Clip) -> None:
    first, again, other = aged(clip), aged(clip), aged(replace(clip, name="another"))
    assert all(np.array_equal(one, same) for one, same in zip(first.grey, again.grey, strict=True))
    assert not np.array_equal(first.grey[0], other.grey[0])


def test_baselines_rank_as_they_must_on_a_pan(clip: Clip) -> None:
    first = {name: load_clip_method(name, "first", "cpu") for name in ("grey", "frozen", "dis")}
    results = {result.score.method: result for _, result, _ in score_clips([clip], first, "first")}
    assert results["dis"].score.psnr > results["frozen"].score.psnr + 2.0
    assert results["dis"].score.psnr > results["grey"].score.psnr + 5.0
    assert results["dis"].score.ab_error < results["frozen"].score.ab_error
    hints = {name: load_clip_method(name, "hints", "cpu") for name in ("grey", "dis-levin")}
    results = {result.score.method: result for _, result, _ in score_clips([clip], hints, "hints")}
    assert results["dis-levin"].score.psnr > results["grey"].score.psnr + 3.0


def test_scores_are_those_of_the_frames(clip: Clip) -> None:
    methods = {"grey": load_clip_method("grey", "first", "cpu")}
    ((_, result, frames),) = score_clips([clip], methods, "first")
    wanted = [psnr(frame, truth) for frame, truth in zip(frames[1:], clip.truth[1:], strict=True)]
    assert result.frame_psnr == wanted
    score = result.score
    assert (score.psnr, score.worst, score.last) == (pytest.approx(np.mean(wanted)), min(wanted), wanted[-1])
    assert score.flicker < 0.01
    (mean,) = mean_scores([score, score])
    assert (mean.clip, mean.psnr) == ("mean", score.psnr)


def test_an_unknown_method_is_one_sentence() -> None:
    with pytest.raises(InputError, match="no method 'dis' where hints is given"):
        load_clip_method("dis", "hints", "cpu")


def arguments(*given_arguments: str) -> Namespace:
    parser = ArgumentParser()
    evaluate.add_arguments(parser)
    return parser.parse_args(given_arguments)


def test_the_command_prints_a_table_and_writes_json_and_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clips" / "pan"
    folder.mkdir(parents=True)
    for number, frame in enumerate(pan(4)):
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame[..., ::-1])
    outputs = ("--json", str(tmp_path / "scores.json"), "--sheet", str(tmp_path / "sheet.png"))
    assert evaluate.run(arguments("clips", str(tmp_path / "clips"), "--methods", "grey,dis,two-tower", *outputs)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        [name, method] for name in ("pan", "mean") for method in ("grey", "dis", "two-tower")
    ]
    document = json.loads((tmp_path / "scores.json").read_text())
    assert document["given"] == "first"
    assert [len(score["frame_psnr"]) for score in document["scores"]] == [3, 3, 3]
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None and sheet.shape[1] == 4 * 240


def test_the_command_ages_clips_when_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clips" / "pan"
    folder.mkdir(parents=True)
    for number, frame in enumerate(pan(3)):
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame[..., ::-1])
    rows = []
    for more in ((), ("--aged",)):
        assert evaluate.run(arguments("clips", str(tmp_path / "clips"), "--methods", "dis", *more)) == 0
        rows.append(capsys.readouterr().out.splitlines()[1].split())
    clean, old = (float(row[2]) for row in rows)
    assert old < clean


def test_carried_dots_are_counted_and_held_against_the_truth_where_they_arrive() -> None:
    frames = pan(9, step=5)
    score, everything = score_carrying([Clip("pan", frames, [without_chroma(frame) for frame in frames])])
    assert (score.clip, everything.clip, score.dots) == ("pan", "all", 3 * HINTS)
    # Of 128 pixels 20 go out of sight over half the clip, and 40 over all of it.
    assert 30 <= score.arrived < score.dots
    assert score.ab_error < 4.0 and score.wrong < 0.05


def test_dots_that_arrive_on_another_colour_are_wrong() -> None:
    """The truth turns grey where nothing moves."""
    colour = pan(1)[0]
    grey = without_chroma(colour)
    assert next(score_carrying([Clip("still", [colour, *[grey] * 8], [grey] * 9)])).wrong > 0.3


def without_chroma(frame: np.ndarray) -> np.ndarray:
    return recolor(frame, np.zeros((*frame.shape[:2], 2), np.float32))
