"""The command line as a process: exit codes, sentences, interruptions. The network is the shipped one."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.color import lightness_from_srgb, recolor
from core.frames.picture import read_picture
from core.frames.sink import encode_png, write_whole
from core.frames.source import open_source

from .moving_pictures import camera_move
from .numbered_movies import write_movie

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = ("--device", "cpu", "--working-size", "128")
HINT = {"color": "#c03020", "radius": 0.05, "points": [[0.5, 0.5]]}


def start(*arguments: object, program: Path = REPOSITORY / "core", **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", str(program / "__main__.py"), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed run says, whatever a progress bar has written before it."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    lines = [line for line in re.split(r"[\r\n]", result.stderr) if line.strip() and "frames/s" not in line]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_movie(tmp_path_factory.mktemp("movie") / "clip.mp4", camera_move(24))


def hints_file(folder: Path, **changes: object) -> Path:
    """A hints file with one keyframe, whose fields, or whose only stroke's, are changed."""
    document: dict = {"version": 1, "keyframes": [{"frame": 0, "strokes": [dict(HINT)]}]}
    for name, value in changes.items():
        target = document if name in document else document["keyframes"][0]
        (target if name in target else target["strokes"][0])[name] = value
    path = folder / "hints.json"
    path.write_text(json.dumps(document))
    return path


def test_a_movie_becomes_a_folder_of_coloured_frames_with_their_lightness_kept(movie: Path, tmp_path: Path) -> None:
    result = run("colorize", movie, tmp_path / "out", "--hints", hints_file(tmp_path), "--frames", "3:7",
                 "--cache", tmp_path / "cache", *QUICK)  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "5 frames of 192 by 144, 5 rendered, 0 from the cache" in result.stdout
    assert "5/5" in result.stderr and "frames/s" in result.stderr
    paths = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in paths] == [f"frame_{number:06d}.png" for number in range(3, 8)]
    with open_source(movie) as source:
        for path, frame in zip(paths, source.read(3, 7), strict=True):
            difference = lightness_from_srgb(read_picture(path)) - lightness_from_srgb(frame)
            assert np.abs(difference).max() <= 100 / 255


def test_a_reference_comes_back_and_a_changed_one_is_told_by_its_count(movie: Path, tmp_path: Path) -> None:
    still = tmp_path / "a=b.png"
    with open_source(movie) as source:
        (frame,) = source.read(4, 4)
    arguments = ("colorize", movie, tmp_path / "out", "--reference", f"4={still}", "--frames", "3:5",
                 "--cache", tmp_path / "cache", *QUICK)  # fmt: skip
    for shade in (20.0, -20.0):
        picture = recolor(frame, np.full((*frame.shape[:2], 2), shade, np.float32))
        write_whole(still, encode_png(picture))
        result = run(*arguments)
        assert result.returncode == 0, result.stderr
        assert "3 rendered, 0 from the cache" in result.stdout
        assert np.array_equal(read_picture(tmp_path / "out" / "frame_000004.png"), picture)
    assert "0 rendered, 3 from the cache" in run(*arguments).stdout


def test_a_movie_cut_short_is_coloured_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    whole = write_movie(tmp_path / "whole.mkv", camera_move(24), options={"g": "4"})
    movie = tmp_path / "cut.mkv"
    movie.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    result = run("colorize", movie, tmp_path / "out", "--cache", tmp_path / "cache", *QUICK)
    assert result.returncode == 0, result.stderr
    count = len(list((tmp_path / "out").iterdir()))
    assert 4 < count < 24
    assert f"{count} frames of" in result.stdout
    assert "is cut short" in result.stderr


def cut_short(movie: Path, path: Path) -> None:
    path.write_bytes(movie.read_bytes()[:2000])


def with_a_hole(_: Path, folder: Path) -> None:
    folder.mkdir()
    for number in (1, 2, 4):
        write_whole(folder / f"{number:03d}.png", encode_png(camera_move(1)[0]))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda movie, path: None, "There is no file or folder"),
        (lambda movie, path: path.write_bytes(b""), "is empty"),
        (lambda movie, path: path.write_text("no movie at all\n" * 100), "is no movie"),
        (cut_short, "input"),
        (with_a_hole, "picture 3 is missing"),
        (lambda movie, path: path.mkdir(), "has no pictures"),
    ],
    ids=["missing", "empty", "no-video", "truncated", "holes", "empty-folder"],
)
def test_footage_that_cannot_be_read_is_one_sentence(
    movie: Path, tmp_path: Path, make: Callable[[Path, Path], object], words: str
) -> None:
    make(movie, tmp_path / "input")
    result = run("colorize", tmp_path / "input", tmp_path / "out", "--cache", tmp_path / "cache", *QUICK)
    assert words in sentence(result)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"version": 2}, "version is 2"),
        ({"frame": 24}, "keyframe on frame 24; the footage has frames 0 to 23"),
        ({"points": [[0.5, float("nan")]]}, "points[0] is nan"),
        ({"color": "red"}, "color is 'red'"),
        ({"radius": 0}, "radius is 0"),
    ],
    ids=["version", "frame", "nan", "colour", "radius"],
)
def test_bad_hints_are_one_sentence(movie: Path, tmp_path: Path, change: dict, words: str) -> None:
    result = run("colorize", movie, tmp_path / "out", "--hints", hints_file(tmp_path, **change),
                 "--cache", tmp_path / "cache", *QUICK)  # fmt: skip
    assert words in sentence(result)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--frames", "7:3"), "ends before it begins"),
        (("--frames", "a:b"), "must be A:B"),
        (("--hints", "nowhere.json"), "nowhere.json cannot be read"),
        (("--reference", "first.png"), "must be FRAME=PICTURE"),
        (("--reference", "1=a.png", "--reference", "01=b.png"), "frame 1 twice"),
        (("--reference", "1=nowhere.png"), "The reference for frame 1 cannot be used: There is no picture"),
        (("--reference", "24=nowhere.png"), "reference for frame 24; the footage has frames 0 to 23"),
        (("--working-size", "7"), "working_size is 7"),
        (("--temporal-strength", "nan"), "temporal_strength is nan"),
        (("--bit-depth", "12"), "invalid choice"),
        (("--device", "abacus"), "invalid choice"),
        (("--no-such-option",), "unrecognized arguments"),
    ],
)
def test_bad_arguments_are_one_sentence(movie: Path, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in sentence(run("colorize", movie, tmp_path / "out", *arguments))


@pytest.mark.parametrize("name, words", [("out.avi", "no output in the format .avi"), ("out.png", "one picture")])
def test_outputs_that_cannot_be_are_one_sentence(movie: Path, tmp_path: Path, name: str, words: str) -> None:
    assert words in sentence(run("colorize", movie, tmp_path / name, "--cache", tmp_path / "cache", *QUICK))
    assert not (tmp_path / name).exists()


def test_a_file_in_the_cache_s_place_is_one_sentence(movie: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    result = run("colorize", movie, tmp_path / "out", "--cache", tmp_path / "cache", *QUICK)
    assert "The cache folder" in sentence(result)


def test_weights_cut_short_are_one_sentence_and_the_doctor_says_it_too(movie: Path, tmp_path: Path) -> None:
    program = shutil.copytree(REPOSITORY / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    weights = program / "nets" / "weights" / "two-tower.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    cache = ("--cache", tmp_path / "cache")
    result = run("colorize", movie, tmp_path / "out", *cache, *QUICK, program=program)
    assert "two-tower.safetensors" in sentence(result)
    report = json.loads(run("doctor", "--json", *cache, program=program).stdout)
    assert not report["ok"]
    assert "two-tower.safetensors" in report["message"]


def small_files_only() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(movie: Path, tmp_path: Path, name: str) -> None:
    arguments = ("colorize", movie, tmp_path / name, "--cache", tmp_path / "cache", "--frames", "0:1", *QUICK)
    assert "The disk is full" in sentence(run(*arguments, preexec_fn=small_files_only))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def wait_for_frames(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob("frame_*.png"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def frames_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_killed_render_goes_on_and_gives_the_frames_of_an_uninterrupted_one(movie: Path, tmp_path: Path) -> None:
    arguments = ("--hints", hints_file(tmp_path, frame=12), *QUICK)
    process = start("colorize", movie, tmp_path / "out", "--cache", tmp_path / "cache", *arguments)
    wait_for_frames(tmp_path / "out", 6, process)
    process.kill()
    process.communicate()
    assert len(list((tmp_path / "out").glob("frame_*.png"))) < 24
    resumed = run("colorize", movie, tmp_path / "out", "--cache", tmp_path / "cache", *arguments)
    counts = re.search(r"(\d+) rendered, (\d+) from the cache", resumed.stdout)
    assert counts is not None, resumed.stderr
    assert int(counts[2]) >= 6
    assert int(counts[1]) + int(counts[2]) == 24
    assert run("colorize", movie, tmp_path / "whole", "--cache", tmp_path / "new", *arguments).returncode == 0
    assert frames_in(tmp_path / "out") == frames_in(tmp_path / "whole")
    assert len(frames_in(tmp_path / "whole")) == 24


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_cleanly_with_the_frames_so_far(movie: Path, tmp_path: Path, number: signal.Signals) -> None:
    process = start("colorize", movie, tmp_path / "out", "--cache", tmp_path / "cache", *QUICK)
    wait_for_frames(tmp_path / "out", 2, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Cancelled" in err
    kept = frames_in(tmp_path / "out")
    assert 2 <= len(kept) < 24
    assert all(re.fullmatch(r"frame_\d{6}\.png", name) for name in kept)


def test_its_version_needs_no_library_so_it_starts_fast() -> None:
    script = "import runpy, sys; sys.argv[1:] = ['--version']; runpy.run_path(sys.argv[0], run_name='__main__')"
    script = script.replace("sys.argv[0]", repr(str(REPOSITORY / "core" / "__main__.py")))
    loaded = "import sys, atexit; atexit.register(lambda: print(*sys.modules)); "
    result = subprocess.run([sys.executable, "-I", "-c", loaded + script], capture_output=True, text=True, check=True)
    version, modules = result.stdout.splitlines()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert not {"torch", "numpy", "cv2", "av", "tqdm"} & set(modules.split())


def test_no_command_and_help_need_nothing_but_python() -> None:
    assert "COMMAND" in sentence(run())
    listed = run("--help").stdout
    assert all(name in listed for name in ("colorize", "serve", "train", "evaluate", "bench", "doctor"))


def test_bench_times_every_stage(tmp_path: Path) -> None:
    result = run("bench", "--width", 288, "--height", 272, "--frames", 8, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    figures = [float(line.split()[-2 if line.endswith("ms") else -1]) for line in result.stdout.splitlines()]
    assert len(figures) >= 9
    assert all(figure > 0 for figure in figures)
    assert list(tmp_path.iterdir()) == []
