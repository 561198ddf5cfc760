"""How this process asks the system for memory."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_ONE_STEP = 256 * 1024 * 1024


def keep_freed_memory() -> None:
    """Keep freed memory in the process instead of giving it back (glibc's mallopt; elsewhere nothing happens).

    Networks on a CPU free and take the same hundreds of megabytes at every step; by default glibc maps them
    anew each time, and page faults then cost more than the convolutions (docs/decisions.md has the figure).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_TOP_PAD, _ONE_STEP)
