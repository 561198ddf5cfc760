"""What a running job says, and how it hears that it is to stop. Standard library only."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

# The frame rate is that of this many last frames.
_RATE_FRAMES = 24


@dataclass(frozen=True)
class Progress:
    """done of total frames are written. fps: frames a second lately; eta_s: seconds left; None while unknown."""

    done: int
    total: int
    fps: float | None = None
    eta_s: float | None = None


class ProgressClock:
    """Turns frames done into a rate and the time left, from the moment it is made."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._moments = deque([time.monotonic()], maxlen=_RATE_FRAMES)

    def tick(self, done: int) -> Progress:
        """One more frame is done, `done` in all."""
        self._moments.append(time.monotonic())
        spent = self._moments[-1] - self._moments[0]
        if spent <= 0.0:
            return Progress(done, self._total)
        fps = (len(self._moments) - 1) / spent
        return Progress(done, self._total, fps, (self._total - done) / fps)


class JobCancelledError(Exception):
    """A job was asked to stop. Frames written so far are kept."""
