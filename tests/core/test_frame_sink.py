"""Pictures and movies are written whole or not at all, and come back as they were."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from core.errors import InputError
from core.frames.sink import MovieSink, encode_png, write_whole
from core.frames.source import open_source


def noise(seed: int, dtype: type = np.uint8, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("height", "width"), [(48, 64), (1, 1), (7, 3)])
def test_a_png_is_lossless_and_always_the_same(height: int, width: int, dtype: type):
    picture = noise(0, dtype, height, width)
    data = encode_png(picture)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.dtype == dtype and np.array_equal(decoded[..., ::-1], picture)
    assert encode_png(picture.copy()) == data


def test_a_file_is_replaced_as_a_whole_with_usual_permissions(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a.png"]
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("write", ["picture", "movie"])
def test_a_folder_that_is_none_gets_a_sentence(write: str, tmp_path: Path):
    (tmp_path / "file").touch()
    for folder in ("missing", "file"):
        with pytest.raises(InputError) as refused:
            if write == "picture":
                write_whole(tmp_path / folder / "a.png", b"data")
            else:
                MovieSink(tmp_path / folder / "a.mp4", 64, 48, Fraction(25))
        assert refused.value.code == "unwritable-output" and "a." in refused.value.message
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_in_the_way_keeps_what_it_has(tmp_path: Path):
    (tmp_path / "a.mp4" / "inside").mkdir(parents=True)
    with pytest.raises(InputError) as refused, MovieSink(tmp_path / "a.mp4", 64, 48, Fraction(25)) as sink:
        sink.write(noise(0))
    assert refused.value.code == "unwritable-output"
    with pytest.raises(InputError):
        write_whole(tmp_path / "a.mp4", b"data")
    assert os.listdir(tmp_path) == ["a.mp4"] and os.listdir(tmp_path / "a.mp4") == ["inside"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_full_disk_leaves_nothing_of_a_movie_and_keeps_the_old_one(name: str, small_disk: Path):
    (small_disk / name).write_bytes(b"the old one")
    with pytest.raises(InputError) as refused, MovieSink(small_disk / name, 64, 48, Fraction(25)) as sink:
        for seed in range(200):
            sink.write(noise(seed))
    assert refused.value.code == "disk-full"
    assert os.listdir(small_disk) == [name] and (small_disk / name).read_bytes() == b"the old one"


def test_a_full_disk_leaves_nothing_of_a_picture(small_disk: Path):
    with pytest.raises(InputError) as refused:
        write_whole(small_disk / "a.png", os.urandom(300_000))
    assert refused.value.code == "disk-full" and os.listdir(small_disk) == []


def test_a_file_size_limit_counts_as_a_full_disk(tmp_path: Path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(InputError) as refused:
            write_whole(tmp_path / "a.png", os.urandom(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.code == "disk-full" and refused.value.__cause__.errno == errno.EFBIG
    assert os.listdir(tmp_path) == []


COLORS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (200, 30, 60),
    (17, 99, 240),
]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_movie_comes_back_in_its_colors_at_its_rate(name: str, dtype: type, tmp_path: Path):
    scale = 257 if dtype == np.uint16 else 1
    with MovieSink(tmp_path / name, 32, 32, Fraction(30000, 1001)) as sink:
        for color in COLORS:
            sink.write(np.full((32, 32, 3), np.array(color) * scale, dtype))
    assert os.listdir(tmp_path) == [name]
    with open_source(tmp_path / name) as source:
        assert source.info.fps == Fraction(30000, 1001) and source.info.frame_count == len(COLORS)
        for frame, color in zip(source.read(), COLORS, strict=True):
            assert np.abs(frame.astype(int) - color).max() <= 2


def test_a_movie_is_tagged_bt709_and_limited(tmp_path: Path):
    with MovieSink(tmp_path / "a.mp4", 32, 32, Fraction(25)) as sink:
        sink.write(np.zeros((32, 32, 3), np.uint8))
    with av.open(str(tmp_path / "a.mp4")) as movie:
        context = movie.streams.video[0].codec_context
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 20), (20, 33), (33, 33)])
def test_odd_sizes_lose_no_pixel(width: int, height: int, tmp_path: Path):
    picture = np.linspace(40, 200, width * height).reshape(height, width, 1).repeat(3, 2).astype(np.uint8)
    with MovieSink(tmp_path / "a.mp4", width, height, Fraction(25)) as sink:
        sink.write(picture)
    with open_source(tmp_path / "a.mp4") as source:
        frame = next(source.read())
        assert frame.shape == (height + height % 2, width + width % 2, 3)
        assert np.abs(frame[:height, :width].astype(int) - picture).max() <= 6
        assert np.abs(frame[-1].astype(int) - frame[height - 1]).max() <= 6


def test_an_aborted_movie_leaves_nothing_and_keeps_the_old_one(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"the old one")
    with pytest.raises(RuntimeError), MovieSink(tmp_path / "a.mp4", 64, 48, Fraction(25)) as sink:
        sink.write(noise(0))
        raise RuntimeError("cancelled")
    sink.abort()
    assert os.listdir(tmp_path) == ["a.mp4"] and (tmp_path / "a.mp4").read_bytes() == b"the old one"


def test_a_movie_needs_a_name_that_says_its_container(tmp_path: Path):
    for name in ("a.avi", "a", "a.png"):
        with pytest.raises(InputError) as refused:
            MovieSink(tmp_path / name, 64, 48, Fraction(25))
        assert refused.value.code == "bad-output" and name in refused.value.message
