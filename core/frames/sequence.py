"""A folder of numbered pictures as a source of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from ..errors import InputError
from .picture import PICTURE_SUFFIXES, is_picture_name, read_picture
from .source import FrameSource, SourceInfo, file_digest

# The last run of digits in the name is the number: "shot2_take1.0042.png" is picture 42 of "shot2_take1.*.png".
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)")


class SequenceSource(FrameSource):
    """The pictures of a folder, in the order of their numbers; frame 0 is the lowest number.

    Files that are no pictures, and names that begin with a dot, are ignored. Raises InputError: no-pictures,
    several-sequences, sequence-holes, sequence-duplicates; while reading mixed-sizes, mixed-depths; and what
    `read_picture` raises.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = sequence_paths(folder)
        picture = read_picture(self._paths[0])
        height, width = picture.shape[:2]
        bit_depth = 16 if picture.dtype == np.uint16 else 8
        self.info = SourceInfo("sequence", width, height, len(self._paths), None, bit_depth)
        self._dtype = picture.dtype

    def _read(self, first: int, last: int) -> Iterator[np.ndarray]:
        for path in self._paths[first : last + 1]:
            yield self._checked(path, read_picture(path))

    def _checked(self, path: Path, picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            raise InputError(
                "mixed-sizes",
                f"{path} is {width} by {height} pixels, but the sequence begins with {self.info.width} by "
                f"{self.info.height}.",
                "All pictures of a sequence must have one size.",
            )
        if picture.dtype != self._dtype:
            raise InputError(
                "mixed-depths",
                f"{path} has {picture.dtype.itemsize * 8} bits a channel, but the sequence begins with "
                f"{self.info.bit_depth}.",
                "All pictures of a sequence must have one bit depth.",
            )
        return picture

    def digest(self) -> str:
        digest = sha256()
        for path in self._paths:
            digest.update(bytes.fromhex(file_digest(path)))
        return digest.hexdigest()


def sequence_paths(folder: Path) -> list[Path]:
    """The one image sequence of a folder, in the order of its numbers. Raises InputError if there is none, or
    more than one, or a number is missing or given twice."""
    try:
        names = sorted(path.name for path in folder.iterdir() if is_picture_name(path.name) and path.is_file())
    except OSError as error:
        raise InputError("unreadable-source", f"{folder} cannot be read: {error.strerror or error}.") from error
    if not names:
        raise InputError(
            "no-pictures",
            f"The folder {folder} has no pictures that can be read.",
            f"They may be {', '.join(sorted(PICTURE_SUFFIXES))}.",
        )
    sequences: dict[str, dict[int, str]] = {}
    for name in names:
        pattern, number = _pattern_and_number(name, folder)
        numbered = sequences.setdefault(pattern, {})
        if number in numbered:
            raise InputError(
                "sequence-duplicates",
                f"The folder {folder} has picture {number} twice: {numbered[number]} and {name}.",
                "Keep one of them.",
            )
        numbered[number] = name
    if len(sequences) > 1:
        raise InputError(
            "several-sequences",
            f"The folder {folder} has several sequences: {', '.join(list(sequences)[:4])}"
            f"{', ...' if len(sequences) > 4 else ''}.",
            "Put each into a folder of its own.",
        )
    ((pattern, numbered),) = sequences.items()
    first, last = min(numbered), max(numbered)
    if last - first + 1 != len(numbered):
        missing = next(number for number in range(first, last) if number not in numbered)
        raise InputError(
            "sequence-holes",
            f"The sequence {folder / pattern} goes from {first} to {last}, but picture {missing} is missing.",
            "Add the missing pictures, or renumber the rest.",
        )
    return [folder / numbered[number] for number in sorted(numbered)]


def _pattern_and_number(name: str, folder: Path) -> tuple[str, int]:
    stem, suffix = Path(name).stem, Path(name).suffix
    match = _NUMBERED.fullmatch(stem)
    if match is None:
        raise InputError(
            "several-sequences",
            f"The picture {folder / name} has no number in its name.",
            "A sequence's pictures are numbered; give a single picture by its own path.",
        )
    return f"{match['before']}*{match['after']}{suffix.lower()}", int(match["number"])
