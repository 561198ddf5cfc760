"""What a source of frames is, and the door that opens one.

Source frames count from 0. A frame is uint8 or uint16 (H, W, 3) sRGB, as coded: no colour management, no
scaling, alpha dropped, display rotation applied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np

from ..errors import InputError

# A file up to this size is hashed whole; of a larger one, evenly spaced blocks (see file_digest).
WHOLE_DIGEST_BYTES = 64 * 1024 * 1024
DIGEST_BLOCKS = 64
DIGEST_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class SourceInfo:
    """width, height: of a frame as `read` gives it, in pixels. fps: None where there is no time (pictures).
    bit_depth: 8 for uint8 frames, 16 for uint16 ones."""

    kind: Literal["movie", "sequence", "still"]
    width: int
    height: int
    frame_count: int
    fps: Fraction | None
    bit_depth: int


class FrameSource(ABC):
    """Frames by number. Use it as a context manager, or call close()."""

    info: SourceInfo

    @property
    def warnings(self) -> list[str]:
        """Sentences on what had to be made good (a file cut short, a picture that does not decode). Reading may
        add to them, so look again when it is done."""
        return []

    def read(self, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
        """Frames first..last, both included and counted from 0, in order; last None means the end.

        Each is uint8 or uint16 (H, W, 3) and the caller's own. Any number of readers may be open at once.
        Raises InputError "frame-range" if a frame is asked for that is not there.
        """
        count = self.info.frame_count
        if last is None:
            last = count - 1
        if not 0 <= first <= last < count:
            raise InputError(
                "frame-range", f"Frames {first} to {last} were asked for, but the source has frames 0 to {count - 1}."
            )
        return self._read(first, last)

    @abstractmethod
    def _read(self, first: int, last: int) -> Iterator[np.ndarray]:
        """As `read`, with 0 <= first <= last < frame_count."""

    @abstractmethod
    def digest(self) -> str:
        """The identity of the source's content: 64 hexadecimal digits, independent of its name and place.

        See `file_digest` for how much of a large file it sees.
        """

    def close(self) -> None:  # noqa: B027 - only some sources hold anything
        """Give back what the source holds."""

    def __enter__(self) -> FrameSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(path: str | Path) -> FrameSource:
    """The frames of a movie file, of a folder of numbered pictures, or of one picture.

    Raises InputError: missing-file, empty-file, unreadable-source, not-a-video, and what the kinds of source
    add in movie.py, sequence.py and picture.py.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InputError("missing-file", f"There is no file or folder {str(path)!r}.", "Check the path.") from error
    except OSError as error:
        raise InputError("unreadable-source", f"{path} cannot be read: {error.strerror or error}.") from error
    # Each kind's decoder is loaded only when it is needed: PyAV and OpenCV take a while.
    if path.is_dir():
        from .sequence import SequenceSource

        return SequenceSource(path)
    if not path.is_file():
        raise InputError("unreadable-source", f"{path} is neither a file nor a folder.")
    if size == 0:
        raise InputError("empty-file", f"The file {path} is empty.")
    from .picture import is_picture_name

    if is_picture_name(path.name):
        from .still import StillSource

        return StillSource(path)
    from .movie import MovieSource

    return MovieSource(path)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's size and content, in hexadecimal.

    Up to 64 MiB all of it is read; of a larger file 64 evenly spaced blocks of 1 MiB, the first and the last
    included. So a change inside a large file that keeps its size may go unseen; a new encode never does.
    """
    try:
        size = path.stat().st_size
        digest = sha256(size.to_bytes(8, "big"))
        with path.open("rb") as file:
            if size <= WHOLE_DIGEST_BYTES:
                while block := file.read(DIGEST_BLOCK_BYTES):
                    digest.update(block)
            else:
                for number in range(DIGEST_BLOCKS):
                    file.seek((size - DIGEST_BLOCK_BYTES) * number // (DIGEST_BLOCKS - 1))
                    digest.update(file.read(DIGEST_BLOCK_BYTES))
    except OSError as error:
        raise InputError("unreadable-source", f"{path} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()
