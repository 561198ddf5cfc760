"""Footage whose frames are looked at closely once, as they pass, where they will be asked for again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator

import numpy as np

from .frame_store import keep
from .strip_motion import Footage

# Keyframes and references come one after the other, and few of them at once.
_KEPT = 16


class NotedFootage:
    """Footage that keeps a note of some of its frames whenever they are read.

    To seek one frame in a movie takes as long as a hundred others: it is decoded from a key picture on. Memory is
    bounded by the size of a few notes.
    """

    def __init__(self, footage: Footage, noted: Container[int], note_of: Callable[[np.ndarray], np.ndarray]) -> None:
        """noted: the frames to keep a note of. note_of: gives it, of a frame as `Footage.read` gives it."""
        self._footage, self._noted, self._note_of = footage, noted, note_of
        self._notes: OrderedDict[int, np.ndarray] = OrderedDict()

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        """As `Footage.read`."""
        for number, rgb in enumerate(self._footage.read(first, last), first):
            if number in self._noted and number not in self._notes:
                keep(self._notes, number, self._note_of(rgb), _KEPT)
            yield rgb

    def note(self, number: int) -> np.ndarray:
        """The note of a frame that was to be noted, which is read anew if it was not seen lately."""
        if number not in self._notes:
            next(self.read(number, number))
        return self._notes[number]
