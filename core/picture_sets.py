"""Colour pictures to learn from: ImageNet-style folders, tar archives of pictures, and CIFAR-10 as published.

Pictures are decoded once and kept as uint8. CIFAR-10's python batches are pickles; their pixels are read off
the pickle's opcodes, and nothing is ever unpickled.
"""

from __future__ import annotations

import pickletools
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from .errors import InputError

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
_CIFAR_SIDE = 32
_CIFAR_RECORD = 1 + 3 * _CIFAR_SIDE * _CIFAR_SIDE


def read_pictures(path: str | Path) -> list[np.ndarray]:
    """All pictures of a data set, uint8 (H, W, 3) RGB, in the order of their names.

    path: a folder (searched to any depth; folders of CIFAR-10 batches count), a tar archive, compressed or
    not, or one CIFAR-10 batch (data_batch_1 or data_batch_1.bin). Raises InputError if nothing is found.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("missing-file", f"There is no data set at {path}.")
    pictures = list(_pictures_in_folder(path) if path.is_dir() else _pictures_in_file(path))
    if not pictures:
        raise InputError(
            "empty-data", f"{path} holds no pictures.", "Give a folder or tar of pictures, or CIFAR-10 batches."
        )
    return pictures


class LabelledPictures(NamedTuple):
    """pictures: uint8 (H, W, 3) RGB. labels: each one's index in classes, which are in the order of their names."""

    pictures: list[np.ndarray]
    labels: list[int]
    classes: list[str]


def read_labelled_pictures(path: str | Path) -> LabelledPictures:
    """All pictures of an ImageNet-style folder or tar, whose class is the name of a folder that they lie in.

    That folder is the first below those that all pictures share: CLASS/x.png, or train/CLASS/images/x.png.
    Raises InputError ("no-classes") if the pictures do not lie in two folders or more.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("missing-file", f"There is no data set at {path}.")
    files = _encoded_in_folder(path) if path.is_dir() else _encoded_in_tar(path)
    folders: list[tuple[str, ...]] = []
    pictures: list[np.ndarray] = []
    for name, data in files:
        if Path(name).suffix.lower() in PICTURE_SUFFIXES:
            pictures += _decode(name, data)
            folders.append(Path(name).parts[:-1])
    levels = zip(*folders, strict=False)
    shared = next(
        (depth for depth, names in enumerate(levels) if len(set(names)) > 1), max(map(len, folders), default=0)
    )
    if not pictures or not all(len(parts) > shared for parts in folders):
        raise InputError(
            "no-classes", f"The pictures of {path} are not sorted by class.", "Give a folder or tar of class folders."
        )
    names = [parts[shared] for parts in folders]
    classes = sorted(set(names))
    index = {name: i for i, name in enumerate(classes)}
    return LabelledPictures(pictures, [index[name] for name in names], classes)


def _encoded_in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        yield str(path.relative_to(folder)), path.read_bytes()


def _encoded_in_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the archive's files, in the order of their names; nothing if it is no archive."""
    if not tarfile.is_tarfile(path):
        return
    with tarfile.open(path) as archive:
        for member in sorted((member for member in archive if member.isfile()), key=lambda member: member.name):
            stream = archive.extractfile(member)
            if stream is not None:
                yield member.name, stream.read()


def _pictures_in_folder(folder: Path) -> Iterator[np.ndarray]:
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        if path.suffix.lower() in PICTURE_SUFFIXES or _is_cifar_batch(path.name):
            yield from _pictures_in_file(path)


def _pictures_in_file(path: Path) -> Iterator[np.ndarray]:
    if path.suffix.lower() in PICTURE_SUFFIXES or _is_cifar_batch(path.name):
        yield from _decode(path.name, path.read_bytes())
    elif tarfile.is_tarfile(path):
        yield from _pictures_in_tar(path)


def _pictures_in_tar(path: Path) -> Iterator[np.ndarray]:
    for member, data in _encoded_in_tar(path):
        if Path(member).suffix.lower() in PICTURE_SUFFIXES or _is_cifar_batch(Path(member).name):
            yield from _decode(member, data)


def _is_cifar_batch(name: str) -> bool:
    return name.removesuffix(".bin") in {f"data_batch_{i}" for i in range(1, 6)} | {"test_batch"}


def _decode(name: str, data: bytes) -> Iterator[np.ndarray]:
    if _is_cifar_batch(Path(name).name):
        yield from _decode_cifar(name, data)
        return
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError("unreadable-picture", f"The picture {name} cannot be decoded.", "Remove it or mend it.")
    yield np.ascontiguousarray(picture[..., ::-1])


def _decode_cifar(name: str, data: bytes) -> Iterator[np.ndarray]:
    """CIFAR-10 (Krizhevsky 2009), section "Dataset layout" of its page: planes R, G, B, row by row."""
    pixels = _binary_batch(data) if name.endswith(".bin") else _python_batch(data)
    if pixels is None:
        raise InputError("unreadable-picture", f"{name} is not a CIFAR-10 batch.")
    yield from np.ascontiguousarray(pixels.reshape(-1, 3, _CIFAR_SIDE, _CIFAR_SIDE).transpose(0, 2, 3, 1))


def _binary_batch(data: bytes) -> np.ndarray | None:
    if not data or len(data) % _CIFAR_RECORD:
        return None
    return np.frombuffer(data, np.uint8).reshape(-1, _CIFAR_RECORD)[:, 1:]


def _python_batch(data: bytes) -> np.ndarray | None:
    """The longest string of the pickle is the pixels' array; opcodes are read, none is run."""
    longest = b""
    try:
        for _, argument, _ in pickletools.genops(data):
            if isinstance(argument, str | bytes) and len(argument) > len(longest):
                longest = argument.encode("latin-1") if isinstance(argument, str) else argument
    except (ValueError, UnicodeEncodeError):
        return None
    usable = longest and len(longest) % (_CIFAR_RECORD - 1) == 0
    return np.frombuffer(longest, np.uint8) if usable else None
