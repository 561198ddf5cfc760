"""From footage to finished frames, with the shipped network: lightness, hints, reach, cache, outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import ab_from_hex, ab_from_srgb, lightness_from_srgb, recolor
from core.errors import InputError
from core.frames.picture import read_picture
from core.frames.sink import encode_png, write_whole
from core.frames.source import open_source
from core.hints import HintTrack, Keyframe, Stroke
from core.interpolation import PREDICTED_EVERY
from core.job import Job, Output, Settings, Source, Style
from core.pipeline import JobResult, colorize_frames, run_job, run_preview
from core.prediction_pool import finisher_count, worker_count
from core.progress import JobCancelledError, Progress
from core.raster import rasterize
from core.steadiness import STEADY_REACH
from core.strip_motion import BLOCK

from .moving_pictures import BLUE, GREY, HEIGHT, RED, WIDTH, camera_move, grey

# One 8-bit step of L*.
STEP = 100.0 / 255.0
SETTINGS = Settings(device="cpu", working_size=128)


def stroke(color: str, x: float = 0.5, y: float = 0.5, radius: float = 0.04) -> Stroke:
    return Stroke(color, radius, ((x, y), (x + 0.05, y)))


def hints(*keyframes: tuple[int, Stroke]) -> HintTrack:
    return HintTrack(tuple(Keyframe(frame, (line,)) for frame, line in keyframes))


def colorized(frames: Iterable[np.ndarray], track: HintTrack | None = None, **settings: Any) -> list[np.ndarray]:
    return list(colorize_frames(frames, hints=track, settings=replace(SETTINGS, **settings)))


def write_folder(folder: Path, frames: Iterable[np.ndarray], first: int = 0) -> str:
    folder.mkdir(exist_ok=True)
    for number, frame in enumerate(frames, first):
        write_whole(folder / f"shot.{number:04d}.png", encode_png(frame))
    return str(folder)


def deep(frame: np.ndarray) -> np.ndarray:
    """The frame as uint16, with values between the 8-bit steps."""
    return frame.astype(np.uint16) * np.uint16(257) + np.uint16(100) * (frame < 200)


def run(job: Job, cache: Path) -> JobResult:
    return run_job(job, cache, lambda progress: None, lambda frame, path: None, lambda: False)


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Pictures


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_frame_comes_back_in_colour_with_its_own_lightness(dtype: type) -> None:
    frames = camera_move(3)
    if dtype is np.uint16:
        frames = [deep(frame) for frame in frames]
    results = colorized(frames, hints((0, stroke(RED))))
    assert len(results) == 3
    for frame, result in zip(frames, results, strict=True):
        assert result.shape == frame.shape
        assert result.dtype == frame.dtype
        assert np.abs(lightness_from_srgb(result) - lightness_from_srgb(frame)).max() <= STEP
        assert np.abs(ab_from_srgb(result)).mean() > 1.0


def test_under_a_stroke_the_keyframe_has_exactly_the_strokes_chroma() -> None:
    frames = camera_move(3)
    track = HintTrack((Keyframe(1, (stroke(RED), stroke(BLUE, 0.2, 0.2), stroke(GREY, 0.8, 0.8))),))
    result = colorized(frames, track)[1]
    ab, mask = rasterize(track.keyframes[0].strokes, WIDTH, HEIGHT)
    assert np.array_equal(result[mask], recolor(frames[1], ab)[mask])
    grey = rasterize([stroke(GREY, 0.8, 0.8)], WIDTH, HEIGHT)[1]
    assert np.array_equal(result[grey], frames[1][grey])


@pytest.mark.parametrize("keyframe", [0, 12])
def test_a_hint_colours_what_it_lies_on_in_the_frames_before_and_after(keyframe: int) -> None:
    frames = camera_move(13, step=2.0)
    results = colorized(frames, hints((keyframe, stroke(BLUE, 0.4, 0.75, 0.06))))
    plain = colorized(frames)
    for number in (0, 4, 8, 12):
        x = int(0.425 * WIDTH - 2.0 * (number - keyframe))
        patch = np.s_[int(0.75 * HEIGHT) - 3 : int(0.75 * HEIGHT) + 4, x - 5 : x + 6]
        # Dark ground cannot hold all of the blue: compare with as much of it as it can.
        wanted = ab_from_srgb(recolor(frames[number], np.full((HEIGHT, WIDTH, 2), ab_from_hex(BLUE), np.float32)))
        error = np.linalg.norm(ab_from_srgb(results[number])[patch] - wanted[patch], axis=-1).mean()
        unhinted = np.linalg.norm(ab_from_srgb(plain[number])[patch] - wanted[patch], axis=-1).mean()
        assert error < 6.0
        assert error < 0.3 * unhinted


def test_beside_a_keyframe_too_a_surprising_colour_stays_on_its_thing() -> None:
    """A blue suit leaves hair, walls and flag as hints in their own colours tell them, on the keyframe and after it."""
    picture = skimage.data.astronaut()[:480]
    panned = grey([np.ascontiguousarray(picture[:, 2 * i : 2 * i + 480]) for i in range(5)])
    places = ((225, 130), (60, 40), (440, 100), (360, 60))
    own = [picture[y - 8 : y + 8, x - 8 : x + 8].mean((0, 1)).round().astype(int) for x, y in places]
    dots = tuple(
        Stroke("#{:02x}{:02x}{:02x}".format(*color), 0.018, ((x / 480, y / 480),))
        for (x, y), color in zip(places, own, strict=True)
    )
    suit = (((0.25, 0.8), (0.45, 0.82)), ((0.25, 0.64), (0.33, 0.66)), ((0.17, 0.9), (0.37, 0.92)))
    blue = tuple(Stroke("#2060b0", 0.018, points) for points in suit)
    without, among = (
        list(colorize_frames(panned, hints=HintTrack((Keyframe(0, strokes),)), settings=Settings(device="cpu")))
        for strokes in (dots, dots + blue)
    )
    for number in (0, 1, 4):
        change = np.linalg.norm(ab_from_srgb(among[number]) - ab_from_srgb(without[number]), axis=-1)
        left = 2 * number
        for rows, columns in (((20, 110), (90, 140)), ((20, 190), (400, 470)), ((30, 60), (190, 240))):
            assert change[slice(*rows), columns[0] - left : columns[1] - left].mean() < 1.5
        assert ab_from_srgb(among[number])[350:420, 110 - left : 180 - left].mean((0, 1))[1] < -30.0


def test_a_later_keyframe_s_stroke_elsewhere_leaves_an_earlier_one_s_colour_on_its_own_frame() -> None:
    frames = camera_move(9, step=1.0)
    track = hints((0, stroke(BLUE, 0.4, 0.75, 0.06)), (8, stroke(RED, 0.2, 0.2)))
    result, plain = colorized(frames, track)[8], colorized(frames)[8]
    x = int(0.425 * WIDTH - 8.0)
    patch = np.s_[int(0.75 * HEIGHT) - 3 : int(0.75 * HEIGHT) + 4, x - 5 : x + 6]
    wanted = ab_from_srgb(recolor(frames[8], np.full((HEIGHT, WIDTH, 2), ab_from_hex(BLUE), np.float32)))[patch]
    error, unhinted = (np.linalg.norm(ab_from_srgb(one)[patch] - wanted, axis=-1).mean() for one in (result, plain))
    assert error < 0.3 * unhinted


def test_a_keyframe_and_the_frames_beside_it_are_predicted_as_if_all_were() -> None:
    """The keyframe is on none of the frames that are predicted wherever there is no keyframe."""
    frames, track = camera_move(10, step=2.0), hints((4, stroke(BLUE, 0.4, 0.75, 0.06)))
    barely_steady, each_for_itself = (colorized(frames, track, temporal_strength=strength) for strength in (1e-6, 0.0))
    apart = [np.abs(one.astype(int) - other).max() for one, other in zip(barely_steady, each_for_itself, strict=True)]
    assert max(apart[number] for number in (0, 3, 4, 5, 6, 9)) <= 1
    assert min(apart[number] for number in (1, 2, 7, 8)) > 1


def test_a_frame_between_predicted_ones_has_their_colours_whatever_its_own_light() -> None:
    frames = camera_move(7, 0.0)
    frames[4] = (frames[4] * 0.7).astype(np.uint8)
    steady, dark = (ab_from_srgb(frame) for frame in colorized(frames)[3:5])
    chroma = np.linalg.norm(steady, axis=-1).mean()
    assert chroma > 4.0
    assert abs(np.linalg.norm(dark, axis=-1).mean() / chroma - 1.0) < 0.03


def test_hints_and_steadiness_end_at_a_cut() -> None:
    second = camera_move(4, name="coins")
    with_red = colorized([*camera_move(4), *second], hints((1, stroke(RED))))
    with_blue = colorized([*camera_move(4), *second], hints((1, stroke(BLUE))))
    assert all(np.any(a != b) for a, b in zip(with_red[:4], with_blue[:4], strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(with_red[4:], with_blue[4:], strict=True))


def test_strokes_on_the_face_of_two_keyframes_leave_the_wall_mostly_as_it_was() -> None:
    picture = cv2.resize(skimage.data.astronaut(), (264, 256), interpolation=cv2.INTER_AREA)
    frames = grey([picture[:, step : step + 256] for step in (0, 2, 4)])
    track = HintTrack(
        (
            Keyframe(0, (Stroke("#c08070", 0.018, ((0.45, 0.24),)),)),
            Keyframe(2, (Stroke("#c08070", 0.018, ((0.47, 0.26),)),)),
        )
    )
    told, unaided = (colorized(frames, hints, working_size=256, saturation=0.0) for hints in (track, HintTrack()))
    for with_hints, without in zip(told, unaided, strict=True):
        change = np.linalg.norm(ab_from_srgb(with_hints) - ab_from_srgb(without), axis=-1)
        assert change[52:82, 105:125].mean() > 3.5 * change[5:60, 5:60].mean()


def test_without_hints_there_is_colour_and_a_single_frame_is_enough() -> None:
    (result,) = colorized(camera_move(1))
    assert np.abs(ab_from_srgb(result)).mean() > 1.0
    assert colorized([]) == []


def test_a_still_is_looked_at_twice_so_that_its_mirror_image_comes_out_mirrored(tmp_path: Path) -> None:
    still = camera_move(1)[0]
    mirrored = np.ascontiguousarray(still[:, ::-1])
    (alone,), (other,) = colorized([still]), colorized([mirrored])
    assert np.abs(other[:, ::-1].astype(int) - alone).max() <= 1
    write_whole(tmp_path / "still.png", encode_png(still))
    run(Job(Source(str(tmp_path / "still.png")), Output(str(tmp_path / "out")), settings=SETTINGS), tmp_path / "cache")
    assert np.array_equal(read_picture(next((tmp_path / "out").iterdir())), alone)


def test_the_same_frames_give_the_same_pixels() -> None:
    track = hints((0, stroke(RED)), (5, stroke(BLUE)))
    first, second = colorized(camera_move(6), track), colorized(iter(camera_move(6)), track)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_sizes_below_and_beside_the_networks_own_work() -> None:
    for height, width in ((1, 1), (7, 33), (131, 65)):
        frames = [cv2.resize(frame, (width, height)) for frame in camera_move(2)]
        results = colorized(frames, hints((0, stroke(RED))))
        assert [result.shape for result in results] == [(height, width, 3)] * 2


def test_steadiness_makes_flickering_colours_change_less_and_keeps_the_lightness() -> None:
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 6, (7, HEIGHT, WIDTH, 1))
    # 16 bits: the rounding of 8 would change the colours as much as the network does.
    grainy = list((np.clip(np.stack(camera_move(7, 0.0)) + grain, 0, 255) * 257).astype(np.uint16))
    steady, unsteady = colorized(grainy, temporal_strength=1.0), colorized(grainy, temporal_strength=0.0)
    assert flicker(steady) < 0.7 * flicker(unsteady)
    assert np.abs(lightness_from_srgb(steady[3]) - lightness_from_srgb(grainy[3])).max() <= STEP


def flicker(results: list[np.ndarray]) -> float:
    """The mean change of ab from frame to frame, the camera standing still."""
    chroma = [ab_from_srgb(result) for result in results]
    return float(np.mean([np.abs(later - earlier).mean() for earlier, later in pairwise(chroma)]))


# Some more than the steadiness needs, because frames are seen, predicted and finished at once.
NEEDED_AHEAD = STEADY_REACH + (worker_count("cpu") + 1) * PREDICTED_EVERY + finisher_count() + 2


@pytest.mark.parametrize("step, most", [(0.0, NEEDED_AHEAD), (1.0, 2 * BLOCK + 1)], ids=["still", "moving"])
def test_frames_are_read_no_further_ahead_than_steadiness_and_dissolves_need(step: float, most: int) -> None:
    taken = 0

    def counted() -> Iterable[np.ndarray]:
        nonlocal taken
        for frame in camera_move(3 * BLOCK, step):
            taken += 1
            yield frame

    next(colorize_frames(counted(), settings=SETTINGS))
    assert taken <= most


def test_a_keyframe_after_the_last_frame_is_one_sentence() -> None:
    with pytest.raises(InputError, match="keyframe on frame 9") as caught:
        colorized(camera_move(3), hints((9, stroke(RED))))
    assert caught.value.code == "bad-hints"


# Jobs


def test_a_folder_becomes_a_folder_numbered_by_source_frame(tmp_path: Path) -> None:
    frames = camera_move(6)
    source = Source(write_folder(tmp_path / "in", frames, first=101), 2, 4)
    job = Job(source, Output(str(tmp_path / "out")), settings=SETTINGS)
    said: list[Progress] = []
    files: list[tuple[int, Path]] = []
    result = run_job(job, tmp_path / "cache", said.append, lambda *file: files.append(file), lambda: False)
    assert result == JobResult(3, 3, 0, WIDTH, HEIGHT, str(tmp_path / "out"))
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [f"frame_{n:06d}.png" for n in (2, 3, 4)]
    assert files == [(n, tmp_path / "out" / f"frame_{n:06d}.png") for n in (2, 3, 4)]
    assert [(progress.done, progress.total) for progress in said] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert said[-1].fps and said[-1].fps > 0
    assert said[-1].eta_s == 0
    expected = colorized(frames)
    for number, path in files:
        assert np.array_equal(read_picture(path), expected[number])


def test_a_second_run_takes_every_frame_from_the_cache(tmp_path: Path) -> None:
    job = Job(Source(write_folder(tmp_path / "in", camera_move(4))), Output(str(tmp_path / "out")), settings=SETTINGS)
    first = run(job, tmp_path / "cache")
    before = written(tmp_path / "out")
    second = run(replace(job, output=Output(str(tmp_path / "again"))), tmp_path / "cache")
    assert (first.rendered, first.reused, second.rendered, second.reused) == (4, 0, 0, 4)
    assert written(tmp_path / "again") == before


def test_part_of_a_strip_gives_the_frames_of_the_whole_with_hints_from_outside_the_part(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", camera_move(12))
    track = hints((0, stroke(RED)), (11, stroke(BLUE, 0.3)))
    whole = Job(Source(source), Output(str(tmp_path / "whole")), track, settings=SETTINGS)
    run(whole, tmp_path / "cache")
    part = replace(whole, source=Source(source, 5, 7), output=Output(str(tmp_path / "part")))
    assert run(part, tmp_path / "another cache").rendered == 3
    assert written(tmp_path / "part").items() <= written(tmp_path / "whole").items()


def test_a_changed_hint_renders_only_the_frames_that_it_reaches_and_all_come_out_as_if_new(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", camera_move(14, 0.5))
    places = [(0, RED), (5, BLUE), (9, RED)]
    before = hints(*((frame, stroke(color)) for frame, color in places), (13, stroke(BLUE)))
    after = hints(*((frame, stroke(color)) for frame, color in places), (13, stroke(GREY)))
    job = Job(Source(source), Output(str(tmp_path / "out")), before, settings=SETTINGS)
    run(job, tmp_path / "cache")
    result = run(replace(job, hints=after), tmp_path / "cache")
    # From the keyframe on frame 9 on.
    assert (result.rendered, result.reused) == (5, 9)
    run(replace(job, hints=after, output=Output(str(tmp_path / "new"))), tmp_path / "new cache")
    assert written(tmp_path / "out") == written(tmp_path / "new")


def test_damaged_cache_entries_are_rendered_again(tmp_path: Path) -> None:
    job = Job(Source(write_folder(tmp_path / "in", camera_move(5))), Output(str(tmp_path / "out")), settings=SETTINGS)
    run(job, tmp_path / "cache")
    before = written(tmp_path / "out")
    entries = sorted((tmp_path / "cache").glob("*/*.png"))
    entries[0].write_bytes(entries[0].read_bytes()[:-40])
    entries[1].write_bytes(b"")
    result = run(job, tmp_path / "cache")
    assert (result.rendered, result.reused) == (2, 3)
    assert written(tmp_path / "out") == before


def test_other_files_in_the_output_folder_stay_and_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("notes.txt", "frame_000001.png", ".frame_000000.png.abc123.part", ".other.part"):
        (out / name).write_text("mine")
    source = Source(write_folder(tmp_path / "in", camera_move(1)))
    run(Job(source, Output(str(out)), settings=SETTINGS), tmp_path / "cache")
    assert {path.name for path in out.iterdir()} == {"notes.txt", "frame_000000.png", "frame_000001.png", ".other.part"}


@pytest.mark.parametrize("source_depth, depth", [(8, 8), (8, 16), (16, 8), (16, 16)])
def test_bit_depths_mix_and_lightness_is_kept(tmp_path: Path, source_depth: int, depth: int) -> None:
    frame = camera_move(1)[0]
    if source_depth == 16:
        frame = deep(frame)
    source = tmp_path / "still.png"
    write_whole(source, encode_png(frame))
    output = Output(str(tmp_path / "out.png"), "png", depth)
    run(Job(Source(str(source)), output, settings=SETTINGS), tmp_path / "cache")
    result = read_picture(tmp_path / "out.png")
    assert result.dtype == {8: np.uint8, 16: np.uint16}[depth]
    assert np.abs(lightness_from_srgb(result) - lightness_from_srgb(frame)).max() <= STEP


def test_a_still_becomes_a_picture_or_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "still.png"
    write_whole(source, encode_png(camera_move(1)[0]))
    picture = Output(str(tmp_path / "new" / "out.png"))
    job = Job(Source(str(source)), picture, hints((0, stroke(RED))), settings=SETTINGS)
    assert run(job, tmp_path / "cache").frames == 1
    assert run(replace(job, output=Output(str(tmp_path / "folder"))), tmp_path / "cache").reused == 1
    assert (tmp_path / "new" / "out.png").read_bytes() == (tmp_path / "folder" / "frame_000000.png").read_bytes()


def test_a_folder_becomes_a_movie_and_the_movie_a_folder(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", camera_move(5))
    movie = tmp_path / "out.mp4"
    movie.write_bytes(b"an older one")
    job = Job(Source(source), Output(str(movie), "mp4"), hints((2, stroke(RED))), settings=SETTINGS)
    result = run(job, tmp_path / "cache")
    assert (result.frames, result.path) == (5, str(movie))
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(".*"))
    with open_source(movie) as colored:
        assert colored.info.frame_count == 5
        # H.264 at 4:2:0 is not exact, but the colours are there.
        expected = colorized(camera_move(5), job.hints)
        for got, wanted in zip(colored.read(), expected, strict=True):
            assert np.abs(got.astype(int) - wanted).mean() < 6.0
    again = Job(Source(str(movie), 1, 3), Output(str(tmp_path / "frames")), settings=SETTINGS)
    assert run(again, tmp_path / "cache").frames == 3


def test_a_cancel_keeps_the_frames_so_far_and_the_next_run_goes_on(tmp_path: Path) -> None:
    job = Job(Source(write_folder(tmp_path / "in", camera_move(8))), Output(str(tmp_path / "out")), settings=SETTINGS)
    files: list[Path] = []
    with pytest.raises(JobCancelledError):
        run_job(
            job, tmp_path / "cache", lambda progress: None, lambda _, path: files.append(path), lambda: len(files) == 3
        )  # fmt: skip
    assert sorted((tmp_path / "out").iterdir()) == files
    result = run(job, tmp_path / "cache")
    assert result.reused >= 3
    assert result.frames == 8


def test_a_cancelled_movie_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", camera_move(6))
    job = Job(Source(source), Output(str(tmp_path / "out.mkv"), "mkv"), settings=SETTINGS)
    said: list[Progress] = []
    with pytest.raises(JobCancelledError):
        run_job(job, tmp_path / "cache", said.append, lambda *_: None, lambda: len(said) > 3)
    assert {path.name for path in tmp_path.iterdir()} == {"in", "cache"}


def test_a_preview_is_the_frame_that_the_whole_job_gives(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "in", camera_move(9))
    job = Job(Source(source), Output(str(tmp_path / "out")), hints((8, stroke(RED))), settings=SETTINGS)
    path = run_preview(job, 3, tmp_path / "cache", lambda: False)
    assert path == tmp_path / "out" / "frame_000003.png"
    preview = path.read_bytes()
    assert run(job, tmp_path / "cache").reused == 1
    assert path.read_bytes() == preview


@pytest.mark.parametrize(
    "change, code, words",
    [
        (
            {"references": {0: "no.png"}},
            "bad-reference",
            "The reference for frame 0 cannot be used: There is no picture",
        ),
        ({"style": Style("a.png")}, "bad-style", "The style picture cannot be used: There is no picture"),
        ({"source_range": (2, 7)}, "frame-range", "frames 0 to 3"),
        ({"source_range": (9, None)}, "frame-range", "frames 0 to 3"),
        ({"hints": hints((4, stroke(RED)))}, "bad-hints", "frame 4"),
        ({"output": ("out.png", "png")}, "bad-output", "one picture"),
        ({"output": ("in", "png")}, "bad-output", "footage itself"),
        ({"output": ("in/shot.0002.png", "png"), "source_range": (2, 2)}, "bad-output", "footage itself"),
        ({"output": ("taken/out", "png")}, "unwritable-output", "taken"),
        ({"output": ("taken/out.mp4", "mp4")}, "unwritable-output", "taken"),
    ],
)
def test_jobs_that_cannot_be_done_get_one_sentence(tmp_path: Path, change: dict, code: str, words: str) -> None:
    source = write_folder(tmp_path / "in", camera_move(4))
    (tmp_path / "taken").write_text("a file")
    job = Job(Source(source, *change.pop("source_range", ())), Output(str(tmp_path / "out")), settings=SETTINGS)
    if "output" in change:
        name, kind = change["output"]
        change["output"] = Output(str(tmp_path / name), kind)
    with pytest.raises(InputError, match=words) as caught:
        run(replace(job, **change), tmp_path / "cache")
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_still_does_not_become_a_movie(tmp_path: Path) -> None:
    write_whole(tmp_path / "still.png", encode_png(camera_move(1)[0]))
    job = Job(Source(str(tmp_path / "still.png")), Output(str(tmp_path / "out.mp4"), "mp4"), settings=SETTINGS)
    with pytest.raises(InputError, match="is a still"):
        run(job, tmp_path / "cache")
    assert not (tmp_path / "out.mp4").exists()
