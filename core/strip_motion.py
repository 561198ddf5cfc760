"""The motion of a whole strip, measured where it is asked for and kept for a bounded stretch."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from itertools import count, islice
from typing import Protocol

import numpy as np

from .color import lightness_from_srgb
from .errors import InputError
from .flow import Motion, composed, measure_motion, motion_picture
from .frame_store import keep
from .overlap import overlapped
from .shots import ShotEnds

# Read-ahead goes block by block, so that walking backward decodes every frame once.
BLOCK = 32
# 2.8 MB each at 16:9.
MOTIONS_KEPT = 2 * BLOCK
PICTURES_KEPT = 8 * BLOCK
# Frames that are read on through to one that is wanted, for they will be, too. To begin anew takes as long as many
# frames: a movie is decoded from a key picture on, which may be 250 frames before.
_READ_ON = 4 * BLOCK
# Motions that are measured ahead, and pictures that are made at once, in threads of their own.
_AHEAD = 2


class Footage(Protocol):
    """Frames that can be read more than once."""

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        """Frames first..last, both included, uint8 or uint16 (H, W, 3) sRGB; fewer where the footage ends."""


class StripMotion:
    """Motion between neighbouring frames of a strip, whichever way it is walked.

    Frames that were `see`n are not read again. The result of `between` depends on the footage alone, not on the
    order of the questions. Memory is bounded, whatever the strip's length.
    """

    def __init__(self, footage: Footage, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._footage = footage
        self._pictures: OrderedDict[int, np.ndarray] = OrderedDict()
        self._motions: OrderedDict[int, Motion] = OrderedDict()
        self._pool = ThreadPoolExecutor(_AHEAD, "motion")
        self._measuring: dict[int, Future[Motion]] = {}
        # Where reading ahead has come to, and the frames from there on.
        self._reading: tuple[int, Iterator[np.ndarray]] | None = None
        self._shot_ends = ShotEnds(self._known_picture)
        self._end: int | None = None

    def see(self, frame: int, lightness: np.ndarray) -> None:
        """Take note of a frame that was read anyway: its L*, float32 (H, W), 0..100."""
        if frame not in self._pictures:
            keep(self._pictures, frame, motion_picture(lightness, self.shape), PICTURES_KEPT)

    def picture(self, frame: int) -> np.ndarray:
        """The frame's motion picture, uint8 (h, w). Raises InputError "bad-hints" beyond the footage's end."""
        picture = self._known_picture(frame)
        if picture is None:
            raise InputError(
                "bad-hints", f"The keyframe on frame {frame}, with its hints or its reference, is after the last frame."
            )
        return picture

    def has(self, frame: int) -> bool:
        """Whether the footage has that frame."""
        return self._known_picture(frame) is not None

    def between(self, frame: int) -> Motion:
        """The motion between `frame` and `frame + 1`; a fade or a dissolve, too, has a cut."""
        if frame not in self._motions:
            measuring = self._measuring.pop(frame, None) or self._measured(frame)
            self._measure_ahead(frame)
            motion = measuring.result()
            if not motion.cut and self._shot_ends.after(frame):
                motion = replace(motion, cut=True)
            keep(self._motions, frame, motion, MOTIONS_KEPT)
        return self._motions[frame]

    def way(self, frame: int, other: int) -> np.ndarray | None:
        """The way from a frame to another one, float32 (h, w, 3): the flow, and as the third channel how far it can be
        trusted, 0..1; None across a cut."""
        step = 1 if other > frame else -1
        motions = [self.between(min(number, number + step)) for number in range(frame, other, step)]
        if any(motion.cut for motion in motions):
            return None
        return reduce(composed, (motion.forward if step > 0 else motion.backward for motion in motions))

    def _measured(self, frame: int) -> Future[Motion]:
        return self._pool.submit(measure_motion, self.picture(frame), self.picture(frame + 1))

    def _measure_ahead(self, frame: int) -> None:
        """Have the next motions measured, the way that the strip is walked, as far as their frames were read."""
        toward = -1 if frame + 1 in self._motions else 1
        coming = [frame + toward * step for step in range(1, _AHEAD + 1)]
        self._measuring = {
            number: self._measuring.get(number) or self._measured(number)
            for number in coming
            if number not in self._motions and number in self._pictures and number + 1 in self._pictures
        }

    def _known_picture(self, frame: int) -> np.ndarray | None:
        """The frame's motion picture; None where the footage has no such frame."""
        if frame not in self._pictures and (self._end is None or frame < self._end):
            self._read_block(frame)
        return self._pictures.get(frame)

    def _read_block(self, frame: int) -> None:
        """Read the block that holds `frame`, and the frame after it, which the block's last motion needs; and what lies
        between it and where reading ahead has come to, if that is not far."""
        block = frame // BLOCK * BLOCK
        last = block + BLOCK
        reading = self._reading
        if reading is None or not reading[0] <= frame <= reading[0] + _READ_ON or reading[0] in self._pictures:
            # What comes before is asked for next: a way back leads there, and a dissolve may have begun there.
            begin = block if block == 0 or block - 1 in self._pictures else block - BLOCK
            reading = begin, self._footage.read(begin, sys.maxsize)
        first, frames = reading
        if self._reading is None or first >= self._reading[0]:
            self._reading = last + 1, frames
        end = first
        pictures = overlapped(self._picture_of, islice(frames, last + 1 - first), _AHEAD)
        for number, picture in zip(count(first), pictures):
            if number not in self._pictures:
                keep(self._pictures, number, picture, PICTURES_KEPT)
            end = number + 1
        if end <= last:
            self._end = end

    def _picture_of(self, rgb: np.ndarray) -> np.ndarray:
        return motion_picture(lightness_from_srgb(rgb), self.shape)
