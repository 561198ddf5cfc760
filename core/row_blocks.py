"""A picture's rows, as many at a time as a processor's cache holds with what is made of them on the way."""

from __future__ import annotations

from collections.abc import Iterator

_ROWS = 32


def row_blocks(height: int) -> Iterator[slice]:
    """All rows of a picture, in slices from the top."""
    for first in range(0, height, _ROWS):
        yield slice(first, first + _ROWS)
