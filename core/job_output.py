"""Where a job's frames go: a folder of pictures, a movie, or one picture."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from .errors import InputError
from .frames.sink import MovieSink, write_error, write_whole
from .frames.source import SourceInfo
from .job import Job

# What a movie made from pictures runs at: pictures have no time of their own.
PICTURES_FPS = Fraction(24)
_LEFT_BY_KILLED_RENDERS = re.compile(r"\.frame_\d{6,}\.png\..*\.part")


class JobOutput(ABC):
    """Takes a job's frames in order. Use it as a context manager: an error or a cancel leaves nothing half-written."""

    @abstractmethod
    def write(self, frame: int, png: bytes) -> Path | None:
        """Put a source frame in place. Returns its file, or None where frames are not files of their own."""

    def __enter__(self) -> JobOutput:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:  # noqa: B027 - files are whole at once
        """Finish, or drop what is unfinished."""


class FolderOutput(JobOutput):
    """`frame_000000.png` and so on, numbered by source frame; other files in the folder stay as they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for left in [path for path in folder.iterdir() if _LEFT_BY_KILLED_RENDERS.fullmatch(path.name)]:
                with suppress(OSError):
                    left.unlink()
        except OSError as error:
            raise write_error(folder, error) from error

    def write(self, frame: int, png: bytes) -> Path:
        path = self._folder / f"frame_{frame:06d}.png"
        write_whole(path, png)
        return path


class PictureOutput(JobOutput):
    """One picture."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, frame: int, png: bytes) -> Path:
        write_whole(self._path, png)
        return self._path


class MovieOutput(JobOutput):
    """A movie; an older one of that name stays until this one is whole."""

    def __init__(self, path: Path, width: int, height: int, fps: Fraction) -> None:
        self._sink = MovieSink(path, width, height, fps)

    def write(self, frame: int, png: bytes) -> None:
        picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None  # it was encoded here, or carries a seal
        self._sink.write(np.ascontiguousarray(picture[..., ::-1]))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._sink.close()
        else:
            self._sink.abort()


def open_output(job: Job, info: SourceInfo, frame_count: int) -> JobOutput:
    """The output that a job asks for. frame_count: how many frames it will get.

    Raises InputError: "bad-output" (the footage itself; many frames for one picture; one frame for a movie),
    "unwritable-output", "disk-full".
    """
    path = Path(job.output.path)
    if _is_footage(path, Path(job.source.path)):
        raise InputError("bad-output", f"{path} is the footage itself, or among its pictures.", "Choose another place.")
    if job.output.format != "png":
        if info.kind == "still":
            raise InputError(
                "bad-output", f"{job.source.path} is a still, and {path} is a movie.", "Choose a picture or a folder."
            )
        _make_folder(path.parent)
        return MovieOutput(path, info.width, info.height, info.fps or PICTURES_FPS)
    if path.suffix.lower() != ".png" or path.is_dir():
        return FolderOutput(path)
    if frame_count > 1:
        raise InputError(
            "bad-output",
            f"{path} is one picture, and {frame_count} frames are to be written.",
            "Choose a folder or a movie, or a single frame.",
        )
    _make_folder(path.parent)
    return PictureOutput(path)


def output_folder(job: Job) -> Path:
    """The folder that a job writes into."""
    path = Path(job.output.path)
    is_folder = job.output.format == "png" and (path.suffix.lower() != ".png" or path.is_dir())
    return path if is_folder else path.parent


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error


def _is_footage(output: Path, source: Path) -> bool:
    """Whether writing to `output` could write over the source's own files."""
    if output.exists() and output.samefile(source):
        return True
    # A picture beside those of a sequence would be one of them.
    return source.is_dir() and output.suffix.lower() == ".png" and output.parent.resolve() == source.resolve()
