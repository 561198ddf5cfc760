"""Items of the frames of a strip, of which the last few are kept: memory does not grow with the strip's length."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

T = TypeVar("T")


def keep(store: OrderedDict[int, T], frame: int, item: T, limit: int) -> None:
    """Put a frame's item in store, and drop the ones put there first as far as there are more than `limit`."""
    store[frame] = item
    store.move_to_end(frame)
    while len(store) > limit:
        store.popitem(last=False)
