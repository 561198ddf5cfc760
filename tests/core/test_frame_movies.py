"""Movies as frames: every picture, by its number, in its colours, from real files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.frames.source import open_source
from tests.core.numbered_movies import flat_picture, number_in, numbered_picture, numbers_in, write_movie

B_FRAMES = {"bf": "3", "g": "8"}
MOVIES = {
    "h264.mp4": {"options": B_FRAMES},
    "h264.mkv": {"options": B_FRAMES, "fps": Fraction(24000, 1001)},
    "h264.avi": {"options": B_FRAMES},
    "h264.flv": {"options": B_FRAMES},
    "h264.ts": {"options": B_FRAMES, "container": "mpegts"},
    "raw.h264": {"options": B_FRAMES, "container": "h264"},
    "open_gop.mp4": {"options": {"x264-params": "open-gop=1:keyint=8:bframes=3"}},
    "intra_refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=8:bframes=0"}},
    "hevc.mp4": {
        "codec": "libx265",
        "pixel_format": "yuv420p10le",
        "options": {"x265-params": "keyint=8:bframes=3:log-level=none"},
    },
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "8", "lag-in-frames": "8", "cpu-used": "5"}},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
    "ffv1.mkv": {"codec": "ffv1", "pixel_format": "gray"},
    "mjpeg.mov": {"codec": "mjpeg", "pixel_format": "yuvj420p", "full_range": True},
    "mpeg1.mpg": {"codec": "mpeg1video", "options": {"g": "8"}, "b_frames": 2, "container": "mpeg"},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "8"}, "b_frames": 2, "container": "mpeg"},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"g": "8"}, "b_frames": 2, "container": "mpegts"},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "8"}, "b_frames": 2},
    "wmv.asf": {"codec": "wmv2", "options": {"g": "8"}},
    "huffyuv.avi": {"codec": "huffyuv", "pixel_format": "yuv422p"},
}


@pytest.mark.parametrize("name", MOVIES)
def test_every_picture_is_a_frame_and_seeking_gives_the_very_same_pixels(name: str, tmp_path: Path):
    path = write_movie(tmp_path / name, **MOVIES[name])
    with open_source(path) as source:
        frames = list(source.read())
        assert [number_in(frame) for frame in frames] == list(range(24))
        assert source.info.frame_count == 24 and source.warnings == []
        assert source.info.fps == MOVIES[name].get("fps", 25)
        for first in (23, 7, 8, 9, 16, 0, 21):
            last = min(first + 1, 23)
            for sought, frame in zip(source.read(first, last), frames[first : last + 1], strict=True):
                assert np.array_equal(sought, frame)


# Pictures shown by the strips of Blender 4.2.23, 4.5.15 and 5.0.1 (they agree), rendered frame by frame.
IRREGULAR = [0, 80, 100, 120, 153, 173, 253, 333, 373, 393, 413, 446, 486, 541, 581, 614, 634, 689, 744, 764]
JITTER = [0, 2536, 5942, 8869, 12465, 15020, 17904, 20916, 24199, 27104, 29607, 33285, 36308, 39547, 42343, 44741]
JITTER += [47783, 51178, 54180, 57235]
BLENDER_SHOWS = {
    "irregular.mkv": (
        {"pictures": 20, "times": IRREGULAR, "clock": Fraction(1, 1000)},
        [0, 0, 1, 3, 4, 5, 5, 6, 6, 7, 9, 10, 11, 12, 13, 14, 16, 16, 17, 18],
    ),
    "irregular.mp4": (
        {"pictures": 20, "times": IRREGULAR, "clock": Fraction(1, 1000)},
        [0, 0, 1, 3, 4, 5, 5, 6, 6, 8, 10, 11, 12, 12, 13, 15, 16, 17, 18],
    ),
    "late_start.mkv": (
        {"pictures": 20, "times": [time + 333 for time in IRREGULAR], "clock": Fraction(1, 1000)},
        [0, 0, 1, 3, 4, 5, 5, 6, 6, 7, 9, 10, 11, 12, 13, 14, 16, 16, 17, 18],
    ),
    "jitter.mp4": (
        {"pictures": 20, "times": JITTER, "clock": Fraction(1, 90000), "fps": 30},
        [0, 1, 2, 3, 3, 5, 6, 7, 7, 9, 10, 10, 11, 12, 13, 15, 16, 17, 18, 19],
    ),
    "dropped.mp4": (
        {"pictures": 12, "times": [0, 1, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14], "fps": 30},
        [0, 1, 2, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9, 10, 11],
    ),
    "slow_then_fast.mp4": (
        {"pictures": 12, "times": [0, 2, 4, 6, 8, 10, 12, 13, 14, 15, 16, 17], "fps": 50},
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11],
    ),
    "hidden_start.mp4": ({"pictures": 16, "times": list(range(-5, 11))}, list(range(5, 16))),
    "ntsc.mkv": ({"pictures": 24, "fps": Fraction(24000, 1001)}, list(range(24))),
}


@pytest.mark.parametrize("name", BLENDER_SHOWS)
def test_frame_n_is_the_picture_that_blenders_strip_shows(name: str, tmp_path: Path):
    movie, blender = BLENDER_SHOWS[name]
    with open_source(write_movie(tmp_path / name, **movie)) as source:
        numbers = numbers_in(source)
        assert numbers[: len(blender)] == blender
        last_picture = [movie["pictures"] - 1]
        assert numbers[len(blender) :] in ([], last_picture), "only the last picture may be added"
        for frame in (len(numbers) - 1, len(numbers) // 2, 3):
            assert number_in(next(source.read(frame, frame))) == numbers[frame]


def test_a_range_of_frames_has_both_ends(tmp_path: Path):
    with open_source(write_movie(tmp_path / "a.mp4", 12)) as source:
        assert [number_in(frame) for frame in source.read(3, 6)] == [3, 4, 5, 6]
        assert [number_in(frame) for frame in source.read(9)] == [9, 10, 11]


def test_readers_do_not_disturb_each_other(tmp_path: Path):
    with open_source(write_movie(tmp_path / "a.mp4", 12)) as source:
        one, other = source.read(), source.read(5)
        mixed = [number_in(next(reader)) for reader in (one, other, one, other, one)]
        assert mixed == [0, 5, 1, 6, 2]
        next(one)[:] = 0
        assert number_in(next(one)) == 4, "a frame is its reader's own"


@pytest.mark.parametrize(
    ("rotation", "turns"),
    [(90, 1), (180, 2), (-90, 3)],
)
def test_the_display_rotation_is_applied(rotation: int, turns: int, tmp_path: Path):
    upright = write_movie(tmp_path / "upright.mp4", 2)
    turned = write_movie(tmp_path / "turned.mp4", 2, rotation=rotation)
    with open_source(upright) as source, open_source(turned) as turned_source:
        frame, turned_frame = next(source.read()), next(turned_source.read())
        assert turned_frame.shape[:2] == (turned_source.info.height, turned_source.info.width)
        assert np.array_equal(turned_frame, np.rot90(frame, turns))


FLAT_COLORS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (0, 0, 0), (0.5, 0.5, 0.5), (0.8, 0.1, 0.3)]
LUMA_WEIGHTS = {1: (0.2126, 0.7152, 0.0722), 5: (0.299, 0.587, 0.114), 9: (0.2627, 0.6780, 0.0593)}


def coded(color: tuple[float, float, float], matrix: int, bits: int, full_range: bool) -> list[int]:
    """Y', Cb, Cr of a colour, after ITU-R BT.601, BT.709 and BT.2020."""
    red, _, blue = LUMA_WEIGHTS[matrix]
    luma = float(np.dot(LUMA_WEIGHTS[matrix], color))
    difference = np.array([(color[2] - luma) / (1 - blue), (color[0] - luma) / (1 - red)]) / 2
    unit = 1 << (bits - 8)
    if full_range:
        chroma = np.rint(difference * (256 * unit - 1)) + 128 * unit
        return [round(luma * (256 * unit - 1)), *np.clip(chroma, 0, 256 * unit - 1).astype(int).tolist()]
    return [round((16 + 219 * luma) * unit), *np.rint((128 + 224 * difference) * unit).astype(int).tolist()]


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize(("pixel_format", "bits"), [("yuv420p", 8), ("yuv444p", 8), ("yuv422p10le", 10)])
def test_colors_follow_the_tagged_matrix_and_range(
    pixel_format: str, bits: int, matrix: int, full_range: bool, tmp_path: Path
):
    tags = {"matrix": matrix, "full_range": full_range}
    pictures = [flat_picture(pixel_format, coded(color, matrix, bits, full_range), **tags) for color in FLAT_COLORS]
    with open_source(write_movie(tmp_path / "a.mkv", pictures, "ffv1", pixel_format, **tags)) as source:
        white = 255 if bits == 8 else 65535
        # What rounding Y', Cb and Cr can do: half a step of each, and blue takes 1.9 of Cb.
        tolerance = (0.5 + 0.5 * 1.9) * white / (219 << (bits - 8)) + 1
        for frame, color in zip(source.read(), FLAT_COLORS, strict=True):
            assert np.abs(frame - np.array(color) * white).max() <= tolerance


def test_untagged_footage_is_bt601_and_limited(tmp_path: Path):
    picture = flat_picture("yuv420p", coded((0.8, 0.1, 0.3), 5, 8, False))
    with open_source(write_movie(tmp_path / "a.mkv", [picture], "ffv1", matrix=2)) as source:
        assert np.abs(next(source.read()) - np.array([204, 25.5, 76.5])).max() <= 3


@pytest.mark.parametrize(
    ("codec", "pixel_format"), [("ffv1", "gray"), ("utvideo", "gbrp"), ("ffv1", "bgr0"), ("png", "rgb24")]
)
def test_lossless_8_bit_footage_is_exact(codec: str, pixel_format: str, tmp_path: Path):
    pictures = [np.random.default_rng(seed).integers(0, 256, (21, 35, 1), np.uint8).repeat(3, 2) for seed in range(3)]
    path = tmp_path / {"ffv1": "a.mkv", "utvideo": "a.avi", "png": "a.mov"}[codec]
    matrix = 5 if pixel_format == "gray" else 0
    write_movie(path, pictures, codec, pixel_format, matrix=matrix, full_range=True)
    with open_source(path) as source:
        assert source.info.bit_depth == 8
        assert np.array_equal(list(source.read()), pictures)


@pytest.mark.parametrize(
    ("pixel_format", "bits"), [("gray10le", 10), ("gray16le", 16), ("gbrp12le", 12), ("gbrp16le", 16)]
)
def test_deep_footage_is_exact_from_black_to_white(pixel_format: str, bits: int, tmp_path: Path):
    most = (1 << bits) - 1
    levels = [0, 1, most // 3, most // 2, most - 1, most]
    planes = 3 if "gbr" in pixel_format else 1
    tags = {"matrix": 0 if planes == 3 else 5, "full_range": True}
    pictures = [flat_picture(pixel_format, [level] * planes, **tags) for level in levels]
    with open_source(write_movie(tmp_path / "a.mkv", pictures, "ffv1", pixel_format, **tags)) as source:
        assert source.info.bit_depth == 16
        for frame, level in zip(source.read(), levels, strict=True):
            assert frame.dtype == np.uint16
            assert np.abs(frame.astype(int) - level / most * 65535).max() <= 1


def test_odd_sizes_and_alpha(tmp_path: Path):
    picture = numbered_picture(5)[:47, :95]
    for pixel_format in ("yuva444p", "bgra"):
        path = write_movie(tmp_path / f"{pixel_format}.mkv", [picture, picture], "ffv1", pixel_format)
        with open_source(path) as source:
            assert (source.info.width, source.info.height) == (95, 47)
            assert np.abs(next(source.read()).astype(int) - picture).max() <= 2


def test_the_film_at_hand_is_read_whole(film: Path):
    with open_source(film) as source:
        assert (source.info.width, source.info.height, source.info.frame_count) == (640, 468, 120)
        assert source.info.fps == 25
        frames = list(source.read(100))
        assert len(frames) == 20
        assert np.array_equal(frames[7], next(source.read(107, 107)))
        assert all(np.array_equal(frame[..., 0], frame[..., 2]) for frame in frames), "black and white stays so"


@pytest.fixture
def film() -> Path:
    path = Path(__file__).parents[2].parent / "shared" / "data" / "film" / "interior_bw.mp4"
    if not path.is_file():
        pytest.skip("the film is not at hand beside the repository")
    return path
