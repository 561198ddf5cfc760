"""What no frames can be read from gets one sentence; what is damaged gives what it has, and says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import InputError
from core.frames.sink import encode_png
from core.frames.source import open_source
from tests.core.numbered_movies import numbered_picture, numbers_in, write_movie

B_FRAMES = {"bf": "3", "g": "8"}


def refusal(path: Path) -> InputError:
    """The refusal of a source, which must be one sentence that names the file."""
    with pytest.raises(InputError) as refused:
        list(open_source(path).read())
    error = refused.value
    assert error.message.endswith(".") and "\n" not in str(error) and path.name in error.message
    return error


def test_a_missing_file(tmp_path: Path):
    assert refusal(tmp_path / "none.mp4").code == "missing-file"
    assert refusal(tmp_path / "none.png").code == "missing-file"
    assert refusal(tmp_path / "no" / "folder" / "at_all.mp4").code == "missing-file"


@pytest.mark.parametrize("path", ["movie\0.mp4", "movie\ud800.mp4", "http://localhost/a.mp4", "concat:a.mp4"])
def test_a_path_that_no_file_can_have(path: str):
    with pytest.raises(InputError) as refused:
        open_source(path)
    assert refused.value.code == "missing-file"
    str(refused.value).encode()


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a"])
def test_an_empty_file(name: str, tmp_path: Path):
    (tmp_path / name).touch()
    assert refusal(tmp_path / name).code == "empty-file"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.txt", "a"])
@pytest.mark.parametrize("content", [b"To be, or not to be.\n" * 300, b"\0" * 5000, os.urandom(5000)])
def test_no_movie(content: bytes, name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).code == "not-a-video"


def test_sound_without_pictures(tmp_path: Path):
    with av.open(str(tmp_path / "a.wav"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        output.mux(stream.encode(sound))
    assert refusal(tmp_path / "a.wav").code == "not-a-video"


def test_a_playlist_leads_nowhere(tmp_path: Path):
    write_movie(tmp_path / "secret.mp4", 3)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/a.ts\n#EXT-X-ENDLIST\n")
    assert refusal(tmp_path / "list.m3u8").code in ("not-a-video", "unreadable-source", "no-frames")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp", "a.bmp"])
def test_a_file_that_only_says_it_is_a_picture(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"no picture at all" * 50)
    assert refusal(tmp_path / name).code == "unreadable-picture"


def test_floating_point_pictures(tmp_path: Path):
    cv2 = pytest.importorskip("cv2")
    cv2.imwrite(str(tmp_path / "a.tif"), np.ones((8, 8, 3), np.float32))
    assert refusal(tmp_path / "a.tif").code == "unreadable-picture"
    (tmp_path / "a.exr").write_bytes(b"v/1\x01" + b"\0" * 100)
    assert "OpenEXR" in refusal(tmp_path / "a.exr").message


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_a_truncated_picture_is_not_taken_for_a_whole_one(share: float, suffix: str, tmp_path: Path):
    cv2 = pytest.importorskip("cv2")
    picture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    whole = cv2.imencode(f".{suffix}", picture)[1].tobytes()
    (tmp_path / f"a.{suffix}").write_bytes(whole[: int(len(whole) * share)])
    assert refusal(tmp_path / f"a.{suffix}").code == "unreadable-picture"


def test_something_that_is_neither_file_nor_folder(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refusal(tmp_path / "pipe.mp4").code == "unreadable-source"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path):
    write_movie(tmp_path / "a.mp4", 3).chmod(0)
    assert refusal(tmp_path / "a.mp4").code == "unreadable-source"


# --- image sequences ---------------------------------------------------------------------------------------------


def fill(folder: Path, *names: str, shape: tuple[int, int] = (4, 6), dtype: type = np.uint8) -> Path:
    for name in names:
        (folder / name).write_bytes(encode_png(np.full((*shape, 3), 9, dtype)))
    return folder


def test_a_folder_without_pictures(tmp_path: Path):
    (tmp_path / "readme.txt").write_text("nothing here")
    assert refusal(tmp_path).code == "no-pictures"


def test_a_hole_in_the_numbering_names_the_first_missing_number(tmp_path: Path):
    error = refusal(fill(tmp_path, *(f"shot_{number:04d}.png" for number in (97, 98, 99, 102, 104))))
    assert error.code == "sequence-holes" and "100" in error.message


def test_several_sequences_are_named(tmp_path: Path):
    error = refusal(fill(tmp_path, "day_1.png", "day_2.png", "night_1.png"))
    assert error.code == "several-sequences" and "day_*.png" in error.message and "night_*.png" in error.message


def test_a_number_twice(tmp_path: Path):
    error = refusal(fill(tmp_path, "a_1.png", "a_01.png", "a_2.png"))
    assert error.code == "sequence-duplicates" and "a_01.png" in error.message


def test_a_picture_without_a_number_among_numbered_ones(tmp_path: Path):
    assert "cover.png" in refusal_in(fill(tmp_path, "a_1.png", "a_2.png", "cover.png")).message


def refusal_in(folder: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        open_source(folder)
    return refused.value


def test_pictures_of_other_size_or_depth_are_named_when_they_are_reached(tmp_path: Path):
    fill(tmp_path, "a_1.png", "a_2.png")
    fill(tmp_path, "a_3.png", shape=(4, 7))
    fill(tmp_path, "a_4.png", dtype=np.uint16)
    with open_source(tmp_path) as source:
        frames = source.read()
        assert [next(frames).shape for _ in range(2)] == [(4, 6, 3)] * 2
        for first, code, name in ((2, "mixed-sizes", "a_3.png"), (3, "mixed-depths", "a_4.png")):
            with pytest.raises(InputError) as refused:
                next(source.read(first))
            assert refused.value.code == code and name in refused.value.message


def test_a_broken_picture_in_a_sequence_is_named(tmp_path: Path):
    fill(tmp_path, "a_1.png", "a_2.png")
    (tmp_path / "a_2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with open_source(tmp_path) as source, pytest.raises(InputError, match=r"a_2\.png"):
        list(source.read())


@pytest.mark.parametrize(("first", "last"), [(-1, None), (0, 3), (3, None), (2, 1), (10, 20)])
def test_frames_that_are_not_there(first: int, last: int | None, tmp_path: Path):
    with open_source(fill(tmp_path, "1.png", "2.png", "3.png")) as source:
        with pytest.raises(InputError) as refused:
            source.read(first, last)
        assert refused.value.code == "frame-range"


# --- damaged movies ----------------------------------------------------------------------------------------------


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_mp4_without_its_index_is_known_as_cut_short(share: float, tmp_path: Path):
    error = refusal(cut(write_movie(tmp_path / "a.mp4", options=B_FRAMES), share))
    assert error.code == "unreadable-source" and "cut short" in error.message


@pytest.mark.parametrize(
    "movie",
    [
        {"path": "a.mp4", "options": B_FRAMES, "container_options": {"movflags": "faststart"}},
        {"path": "a.mkv", "options": B_FRAMES},
        {"path": "a.avi", "codec": "mjpeg", "pixel_format": "yuvj420p", "full_range": True},
        {"path": "a.flv", "options": B_FRAMES},
    ],
    ids=lambda movie: movie["path"],
)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_movie_that_is_cut_short_gives_the_frames_that_it_has_and_says_how_many(
    movie: dict, share: float, tmp_path: Path
):
    path = cut(write_movie(**{**movie, "path": tmp_path / movie["path"]}), share)
    with open_source(path) as source:
        count = source.info.frame_count
        assert 4 <= count < 24
        assert numbers_in(source) == list(range(count)), "no frame is missing, none is made up"
        (warning,) = source.warnings
        assert "cut short" in warning and str(count) in warning


def test_a_movie_that_is_cut_before_its_first_picture(tmp_path: Path):
    path = write_movie(tmp_path / "a.mp4", options=B_FRAMES, container_options={"movflags": "faststart"})
    header = path.read_bytes().index(b"mdat")
    path.write_bytes(path.read_bytes()[: header + 8])
    assert refusal(path).code == "no-frames"


def test_a_movie_with_no_frame(tmp_path: Path):
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 32
        output.start_encoding()
    assert refusal(tmp_path / "a.mkv").code in ("no-frames", "not-a-video", "unreadable-source")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flv", "a.ts"])
def test_damage_leaves_the_frames_before_it_and_is_not_silent_about_lost_ones(name: str, tmp_path: Path):
    path = write_movie(tmp_path / name, options=B_FRAMES)
    content = bytearray(path.read_bytes())
    start = len(content) * 3 // 4
    content[start : start + 200] = bytes(200)
    path.write_bytes(content)
    with open_source(path) as source:
        numbers = numbers_in(source)
        assert numbers[:8] == list(range(8))
        assert len(numbers) == source.info.frame_count
        assert len(numbers) == 24 or source.warnings


def test_a_picture_that_is_lost_is_stood_in_for_by_the_one_before(tmp_path: Path):
    path = write_movie(tmp_path / "a.avi", codec="mjpeg", pixel_format="yuvj420p", full_range=True)
    content = bytearray(path.read_bytes())
    places = [place for place in range(len(content)) if content[place : place + 3] == b"\xff\xd8\xff"]
    end = places[11] - 16
    content[places[10] : end] = bytes(end - places[10])
    path.write_bytes(content)
    with open_source(path) as source:
        expected = [*range(10), 9, *range(11, 24)]
        assert numbers_in(source) == expected
        (warning,) = source.warnings
        assert "frame 10" in warning


def test_a_size_that_changes_within_a_movie_is_named(tmp_path: Path):
    one = write_movie(tmp_path / "one.ts", 4, container="mpegts")
    other = write_movie(
        tmp_path / "other.ts", [numbered_picture(0)[:32, :64]] * 4, container="mpegts", times=[20, 21, 22, 23]
    )
    with (tmp_path / "both.ts").open("wb") as both:
        for part in (one, other):
            with part.open("rb") as file:
                shutil.copyfileobj(file, both)
    with open_source(tmp_path / "both.ts") as source, pytest.raises(InputError) as refused:
        list(source.read())
    assert refused.value.code == "mixed-sizes"
