"""What a running job says, and how it hears that it is to stop. Standard library only."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

# The frame rate is that of this many last frames.
_RATE_FRAMES = 24
# Seconds after the first frame from which on the time left is told: frames are done several at once.
_LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """done of total frames are written. fps: frames a second lately; eta_s: seconds left; None while unknown."""

    done: int
    total: int
    fps: float | None = None
    eta_s: float | None = None


class ProgressClock:
    """Turns frames done into a rate and the time left, from the moment it is made.

    What comes before the first frame, networks to load and frames around it, comes once: it counts for the rate as long
    as there is hardly more than that to tell it by, and never for the time left.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._made = time.monotonic()
        self._first: float | None = None
        self._moments: deque[float] = deque(maxlen=_RATE_FRAMES)

    def tick(self, done: int) -> Progress:
        """One more frame is done, `done` in all."""
        now = time.monotonic()
        self._moments.append(now)
        self._first = now if self._first is None else self._first
        spent = now - self._moments[0]
        if now - self._first >= _LEAST_SECONDS and spent > 0.0:
            fps = (len(self._moments) - 1) / spent
            return Progress(done, self._total, fps, (self._total - done) / fps)
        since_made = now - self._made
        fps_so_far = len(self._moments) / since_made if since_made > 0.0 else None
        return Progress(done, self._total, fps_so_far, 0.0 if done == self._total else None)


class JobCancelledError(Exception):
    """A job was asked to stop. Frames written so far are kept."""
