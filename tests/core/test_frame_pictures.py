"""Pictures and image sequences as frames, exact to the last bit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.frames.picture import read_picture
from core.frames.source import open_source


def noise(seed: int, dtype: type = np.uint8, height: int = 9, width: int = 14) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype)


def save(path: Path, rgb: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), rgb[..., ::-1] if rgb.ndim == 3 else rgb)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".PNG"])
def test_lossless_pictures_come_back_exactly(suffix: str, dtype: type, tmp_path: Path):
    picture = noise(1, dtype)
    with open_source(save(tmp_path / f"a{suffix}", picture)) as source:
        assert source.info.kind == "still" and source.info.fps is None
        assert (source.info.width, source.info.height, source.info.frame_count) == (14, 9, 1)
        assert source.info.bit_depth == np.dtype(dtype).itemsize * 8
        (frame,) = source.read()
        assert frame.dtype == dtype and np.array_equal(frame, picture)


@pytest.mark.parametrize("suffix", [".bmp", ".jpg", ".webp"])
def test_8_bit_formats_are_read(suffix: str, tmp_path: Path):
    picture = np.full((16, 16, 3), (200, 90, 40), np.uint8)
    assert np.abs(read_picture(save(tmp_path / f"a{suffix}", picture)).astype(int) - picture).max() <= 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_becomes_three_equal_channels(dtype: type, tmp_path: Path):
    grey = noise(2, dtype)[..., 0]
    frame = read_picture(save(tmp_path / "grey.png", grey))
    assert frame.shape == (9, 14, 3) and np.array_equal(frame, grey[..., None].repeat(3, 2))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "I;16"])
def test_every_kind_of_png_is_read_and_alpha_is_dropped(mode: str, tmp_path: Path):
    grey = np.where(noise(3)[..., 0] > 127, 255, 0).astype(np.uint8)
    if mode == "I;16":
        image, expected = Image.fromarray(grey.astype(np.uint16) * 200), grey.astype(np.uint16) * 200
    else:
        image, expected = Image.fromarray(grey).convert("RGB" if mode in ("P", "RGBA") else "L").convert(mode), grey
    if "A" in mode:
        image.putalpha(Image.fromarray(noise(4)[..., 1]))
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png"), expected[..., None].repeat(3, 2))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_cameras_orientation_tag_is_ignored_as_in_blender(suffix: str, tmp_path: Path):
    tag = Image.Exif()
    tag[0x0112] = 6
    Image.fromarray(noise(5)).save(tmp_path / f"turned.{suffix}", exif=tag)
    assert read_picture(tmp_path / f"turned.{suffix}").shape == (9, 14, 3)


def test_a_picture_of_one_pixel(tmp_path: Path):
    with open_source(save(tmp_path / "a.png", np.array([[[1, 2, 3]]], np.uint8))) as source:
        assert next(source.read()).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_sequence_is_read_in_the_order_of_its_numbers(dtype: type, tmp_path: Path):
    pictures = {number: noise(number, dtype) for number in (8, 9, 10, 11)}
    for number, picture in reversed(pictures.items()):
        save(tmp_path / f"take2_shot{number}.png", picture)
    for name in (".DS_Store", "Thumbs.db", "hints.json", "._take2_shot8.png", "notes 3.txt"):
        (tmp_path / name).write_bytes(b"not a picture")
    (tmp_path / "take2_shot7.png").mkdir()
    with open_source(tmp_path) as source:
        assert source.info.kind == "sequence" and source.info.fps is None
        assert (source.info.width, source.info.height, source.info.frame_count) == (14, 9, 4)
        assert source.info.bit_depth == np.dtype(dtype).itemsize * 8
        assert np.array_equal(list(source.read()), list(pictures.values()))
        assert np.array_equal(list(source.read(1, 2)), [pictures[9], pictures[10]])


def test_grey_and_colour_may_mix_in_a_sequence(tmp_path: Path):
    save(tmp_path / "a1.png", noise(1))
    save(tmp_path / "a2.png", noise(2)[..., 0])
    with open_source(tmp_path) as source:
        assert [frame.shape for frame in source.read()] == [(9, 14, 3)] * 2


def test_the_digest_knows_the_content_and_not_the_place(tmp_path: Path):
    def digest(folder: str, seeds: list[int], first: int = 1) -> str:
        (tmp_path / folder).mkdir()
        for number, seed in enumerate(seeds, first):
            save(tmp_path / folder / f"{folder}_{number:04d}.png", noise(seed))
        with open_source(tmp_path / folder) as source:
            return source.digest()

    reference = digest("a", [1, 2, 3])
    assert len(reference) == 64
    assert digest("b", [1, 2, 3], first=1001) == reference
    assert reference not in (digest("c", [1, 3, 2]), digest("d", [1, 2]), digest("e", [1, 2, 4]))
    with open_source(tmp_path / "a" / "a_0001.png") as still, open_source(tmp_path / "b" / "b_1001.png") as same:
        assert still.digest() == same.digest() != reference
