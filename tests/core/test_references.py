"""References through the pipeline: the frame itself comes back exactly, others lead, bad ones are a sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.errors import InputError
from core.frames.picture import read_picture
from core.frames.sink import encode_png, write_whole
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Job, Output, Settings, Source
from core.pipeline import JobResult, colorize_frames, run_job
from core.raster import rasterize
from core.references import check_frames, fitted, is_frame_in_colour, read_references

from .moving_pictures import grey

HEIGHT, WIDTH = 96, 128
STEP = 100.0 / 255.0
SETTINGS = Settings(device="cpu", working_size=128, saturation=0.0)


def pan(count: int, step: int = 1) -> list[np.ndarray]:
    """uint8 (96, 128, 3): a colour photograph under a camera that moves right by `step` pixels a frame."""
    photograph = cv2.resize(skimage.data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    return [photograph[60:156, 40 + step * n : 168 + step * n].copy() for n in range(count)]


def luma(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def deep(frame: np.ndarray) -> np.ndarray:
    return frame.astype(np.uint16) * np.uint16(257)


def colorized(frames: list[np.ndarray], references: dict[int, np.ndarray], **hints: HintTrack) -> list[np.ndarray]:
    return list(colorize_frames(frames, references=references, settings=SETTINGS, **hints))


@pytest.mark.parametrize("place", [0, 2, 4])
def test_the_frame_itself_in_colour_comes_back_exactly_and_leads_its_neighbours(place: int) -> None:
    truth = pan(5)
    results = colorized(grey(truth), {place: truth[place]})
    assert np.array_equal(results[place], truth[place])
    for result, frame in zip(results, truth, strict=True):
        assert np.abs(lightness_from_srgb(result) - lightness_from_srgb(frame)).max() <= 2 * STEP
        error = np.linalg.norm(ab_from_srgb(result) - ab_from_srgb(frame), axis=-1).mean()
        assert error < 0.3 * np.linalg.norm(ab_from_srgb(frame), axis=-1).mean()


def test_it_comes_back_exactly_from_footage_made_grey_by_luma_and_from_coded_footage() -> None:
    truth = pan(2)
    assert np.array_equal(colorized([luma(frame) for frame in truth], {0: truth[0]})[0], truth[0])
    coded = [cv2.imdecode(cv2.imencode(".jpg", frame)[1], cv2.IMREAD_COLOR) for frame in grey(truth)]
    assert np.array_equal(colorized(coded, {0: truth[0]})[0], truth[0])


def test_sixteen_bits_come_back_exactly_too() -> None:
    truth = pan(2)
    in_depth = [deep(frame) + np.uint16(40) * (frame < 200) for frame in truth]
    results = colorized(grey(in_depth), {1: in_depth[1]})
    assert results[1].dtype == np.uint16
    assert np.array_equal(results[1], in_depth[1])
    assert np.array_equal(colorized(grey(in_depth), {1: truth[1]})[1], deep(truth[1]))


def test_a_stroke_on_a_reference_frame_is_obeyed_and_the_rest_stays_the_reference() -> None:
    truth = pan(2)
    stroke = Stroke("#2040c0", 0.06, ((0.5, 0.5),))
    result = colorized(grey(truth), {0: truth[0]}, hints=HintTrack((Keyframe(0, (stroke,)),)))[0]
    ab, mask = rasterize([stroke], WIDTH, HEIGHT)
    assert np.array_equal(result[mask], recolor(grey(truth)[0], ab)[mask])
    assert np.array_equal(result[~mask], truth[0][~mask])


@pytest.mark.parametrize("other", ["another picture", "a later frame", "darker", "larger"])
def test_another_picture_leaves_the_frame_its_own_lightness(other: str) -> None:
    truth = pan(2, step=9)
    picture = {
        "another picture": cv2.resize(skimage.data.astronaut(), (WIDTH, HEIGHT)),
        "a later frame": truth[1],
        "darker": (truth[0] * 0.8).astype(np.uint8),
        "larger": cv2.resize(truth[0], (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_NEAREST)[1:],
    }[other]
    (result,) = colorized(grey(truth[:1]), {0: picture})
    assert not np.array_equal(result, picture)
    assert np.abs(lightness_from_srgb(result) - lightness_from_srgb(grey(truth)[0])).max() <= STEP


def test_one_small_thing_that_moved_makes_it_another_picture() -> None:
    truth = pan(1)[0]
    frame = luma(truth)
    assert is_frame_in_colour(truth, frame)
    frame[40:48, 60:68] = 255 - frame[40:48, 60:68]
    assert not is_frame_in_colour(truth, frame)


def test_pictures_are_fitted_to_the_footage_without_distortion() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 200
    wide[:, 150] = 255
    near = np.zeros((50, 67, 3), np.uint16)
    pictures = fitted({3: wide, 5: near}, 128, 96, np.dtype(np.uint8))
    assert [picture.shape for picture in pictures.values()] == [(96, 128, 3)] * 2
    assert pictures[5].dtype == np.uint8
    # Of 300 columns the middle 133 are taken: a sixth of them black on either side of what is bright.
    bright = (pictures[3][48, :, 0] > 100).mean()
    assert bright == pytest.approx(100 / 133, abs=0.02)


def test_bad_references_are_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for path, words in ((tmp_path / "none.png", "There is no picture"), (tmp_path / "text.png", "is no picture")):
        with pytest.raises(InputError, match=rf"^The reference for frame 7 cannot be used: .*{words}") as caught:
            read_references({7: str(path)})
        assert caught.value.code == "bad-reference"
    with pytest.raises(InputError, match="reference for frame 9; the footage has frames 0 to 4"):
        check_frames({2: "", 9: ""}, 5)
    with pytest.raises(InputError, match="frame 1 is float32"):
        colorized(grey(pan(2)), {1: np.zeros((4, 4, 3), np.float32)})
    with pytest.raises(InputError, match="reference for frame -1"):
        colorized(grey(pan(1)), {-1: pan(1)[0]})
    with pytest.raises(InputError, match="keyframe on frame 9"):
        colorized(grey(pan(2)), {9: pan(1)[0]})


# Jobs


def folder_of(folder: Path, frames: list[np.ndarray]) -> str:
    folder.mkdir()
    for number, frame in enumerate(frames):
        write_whole(folder / f"{number:04d}.png", encode_png(frame))
    return str(folder)


def still(path: Path, picture: np.ndarray) -> str:
    write_whole(path, encode_png(picture))
    return str(path)


def run(job: Job, cache: Path) -> JobResult:
    return run_job(job, cache, lambda progress: None, lambda frame, path: None, lambda: False)


def test_a_job_s_reference_comes_back_exactly_and_a_changed_one_is_rendered_anew(tmp_path: Path) -> None:
    truth = pan(4)
    first = still(tmp_path / "first.png", truth[0])
    job = Job(
        Source(folder_of(tmp_path / "in", grey(truth))), Output(str(tmp_path / "out")),
        references={0: first}, settings=SETTINGS,
    )  # fmt: skip
    assert run(job, tmp_path / "cache").rendered == 4
    assert np.array_equal(read_picture(tmp_path / "out" / "frame_000000.png"), truth[0])
    assert run(job, tmp_path / "cache").rendered == 0
    # The same pixels under another name are the same reference.
    still(tmp_path / "renamed.png", truth[0])
    assert run(Job(job.source, job.output, references={0: str(tmp_path / "renamed.png")}, settings=SETTINGS),
               tmp_path / "cache").rendered == 0  # fmt: skip
    still(tmp_path / "first.png", recolor(truth[0], -ab_from_srgb(truth[0])))
    assert run(job, tmp_path / "cache").rendered == 4
    assert not np.array_equal(read_picture(tmp_path / "out" / "frame_000003.png"), truth[3])


@pytest.mark.parametrize("depth, reference_depth", [(8, 16), (16, 8)])
def test_references_come_back_at_the_output_s_depth(tmp_path: Path, depth: int, reference_depth: int) -> None:
    truth = pan(1)
    picture = deep(truth[0]) if reference_depth == 16 else truth[0]
    output = Output(str(tmp_path / "out.png"), "png", depth)
    references = {0: still(tmp_path / "reference.png", picture)}
    run(Job(Source(still(tmp_path / "in.png", grey(truth)[0])), output, references=references, settings=SETTINGS),
        tmp_path / "cache")  # fmt: skip
    assert np.array_equal(read_picture(tmp_path / "out.png"), truth[0] if depth == 8 else deep(truth[0]))
