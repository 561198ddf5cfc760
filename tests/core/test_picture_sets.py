"""Pictures from folders, tar archives and CIFAR-10 as published."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from core.picture_sets import read_pictures


def batch_pixels(count: int) -> np.ndarray:
    """CIFAR-10's layout: (count, 3072), planes R, G, B."""
    return np.random.default_rng(0).integers(0, 256, (count, 3072), dtype=np.uint8)


def expected_picture(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(3, 32, 32).transpose(1, 2, 0)


def test_cifar_10_binary_batches_are_read(tmp_path: Path) -> None:
    pixels = batch_pixels(4)
    labels = np.arange(4, dtype=np.uint8)[:, None]
    (tmp_path / "data_batch_1.bin").write_bytes(np.hstack([labels, pixels]).tobytes())
    pictures = read_pictures(tmp_path)
    assert len(pictures) == 4
    assert np.array_equal(pictures[2], expected_picture(pixels[2]))


@pytest.mark.parametrize("protocol", [2, 4])
def test_cifar_10_python_batches_are_read_without_unpickling(tmp_path: Path, protocol: int) -> None:
    pixels = batch_pixels(5)
    batch = {b"labels": [1, 2, 3, 4, 5], b"data": pixels, b"filenames": [b"a.png"] * 5}
    (tmp_path / "data_batch_2").write_bytes(pickle.dumps(batch, protocol))
    pictures = read_pictures(tmp_path / "data_batch_2")
    assert len(pictures) == 5
    assert np.array_equal(pictures[4], expected_picture(pixels[4]))


class Explosive:
    """A pickle that would write a file when unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return Path.touch, (self.marker,)


def test_a_hostile_batch_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(Explosive(tmp_path / "ran")))
    with pytest.raises(InputError, match="not a CIFAR-10 batch"):
        read_pictures(tmp_path / "data_batch_1")
    assert not (tmp_path / "ran").exists()


def test_folders_of_classes_and_tar_archives_give_the_same_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    rng = np.random.default_rng(0)
    with tarfile.open(tmp_path / "train.tar.gz", "w:gz") as archive:
        for name in ("cat/1.png", "cat/2.png", "dog/1.webp"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
            data = cv2.imencode(path.suffix, picture)[1].tobytes()
            path.write_bytes(data)
            member = tarfile.TarInfo(f"train/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (folder / "notes.txt").write_text("no picture")
    from_folder, from_tar = read_pictures(folder), read_pictures(tmp_path / "train.tar.gz")
    assert [p.shape for p in from_folder] == [(20, 30, 3)] * 3
    assert all(np.array_equal(a, b) for a, b in zip(from_folder, from_tar, strict=True))


def test_a_missing_an_empty_and_a_damaged_data_set_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set at"):
        read_pictures(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no pictures"):
        read_pictures(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"broken\.jpg cannot be decoded"):
        read_pictures(tmp_path)
