"""Which picture of a movie is its frame n."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Timeline:
    """pictures: int64 (frame_count,), the picture (counted in presentation order) that each frame shows."""

    pictures: np.ndarray
    fps: Fraction | None


def read_timeline(path: Path, warnings: list[str]) -> Timeline:
    try:
        container = av.open(f"file:{path}", metadata_errors="replace")
    except (OSError, av.FFmpegError) as error:
        raise InputError("not-a-video", f"{path} is no movie that can be read.") from error
    with container:
        if not container.streams.video:
            raise InputError("not-a-video", f"{path} has no pictures in it.")
        stream = container.streams.video[0]
        count = sum(1 for packet in container.demux(stream) if packet.size and not packet.is_discard)
        rate = stream.guessed_rate
        return Timeline(np.arange(count), Fraction(rate) if rate else None)
