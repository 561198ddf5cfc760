"""The motion of a whole strip, measured where it is asked for and kept for a bounded stretch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np

from .color import lightness_from_srgb
from .errors import InputError
from .flow import Motion, measure_motion, motion_picture
from .shots import ShotEnds

# Read-ahead goes block by block, so that walking backward decodes every frame once.
BLOCK = 32
# 2.8 MB each at 16:9.
MOTIONS_KEPT = 2 * BLOCK
PICTURES_KEPT = 8 * BLOCK

T = TypeVar("T")


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
        self._shot_ends = ShotEnds(self._known_picture)
        self._end: int | None = None

    def see(self, frame: int, lightness: np.ndarray) -> None:
        """Take note of a frame that was read anyway: its L*, float32 (H, W), 0..100."""
        _keep(self._pictures, frame, motion_picture(lightness, self.shape), PICTURES_KEPT)

    def picture(self, frame: int) -> np.ndarray:
        """The frame's motion picture, uint8 (h, w). Raises InputError "bad-hints" beyond the footage's end."""
        picture = self._known_picture(frame)
        if picture is None:
            raise InputError(
                "bad-hints", f"The keyframe on frame {frame}, with its hints or its reference, is after the last frame."
            )
        return picture

    def between(self, frame: int) -> Motion:
        """The motion between `frame` and `frame + 1`; a fade or a dissolve, too, has a cut."""
        if frame not in self._motions:
            motion = measure_motion(self.picture(frame), self.picture(frame + 1))
            if not motion.cut and self._shot_ends.after(frame):
                motion = replace(motion, cut=True)
            _keep(self._motions, frame, motion, MOTIONS_KEPT)
        return self._motions[frame]

    def _known_picture(self, frame: int) -> np.ndarray | None:
        """The frame's motion picture; None where the footage has no such frame."""
        if frame not in self._pictures and (self._end is None or frame < self._end):
            self._read_block(frame)
        return self._pictures.get(frame)

    def _read_block(self, frame: int) -> None:
        """Read the block that holds `frame`, and the frame after it, which the block's last motion needs."""
        first = frame // BLOCK * BLOCK
        end = first
        for number, rgb in enumerate(self._footage.read(first, first + BLOCK), first):
            if number not in self._pictures:
                self.see(number, lightness_from_srgb(rgb))
            end = number + 1
        if end <= first + BLOCK:
            self._end = end


def _keep(store: OrderedDict[int, T], frame: int, item: T, limit: int) -> None:
    store[frame] = item
    store.move_to_end(frame)
    while len(store) > limit:
        store.popitem(last=False)
