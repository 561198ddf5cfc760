"""The size at which networks and optical flow see a larger picture."""

from __future__ import annotations

# Networks take multiples of this (their SIZE_MULTIPLE), and what is added is time lost: 480 columns for 455.
_MULTIPLE = 32
# How much a picture may be squeezed along its long side so that nothing need be added.
_MOST_SQUEEZE = 0.025


def reduced_shape(width: int, height: int, short_side: int) -> tuple[int, int]:
    """(height, width) of a picture of the given size reduced to `short_side`; its own size where it is no larger.

    The long side keeps the proportions, or is up to 2.5 % shorter where that makes it a multiple of 32: 16:9 is 448
    by 256.
    """
    if min(width, height) <= short_side:
        return height, width
    long_side = max(width, height) * short_side / min(width, height)
    fitting = long_side // _MULTIPLE * _MULTIPLE
    reduced = int(fitting) if fitting >= long_side * (1.0 - _MOST_SQUEEZE) else round(long_side)
    return (short_side, reduced) if width >= height else (reduced, short_side)
