"""Where a shot ends without a cut that shows in two frames: fades and dissolves.

Colours are carried along motion, and there is none from one shot to another. A hard cut shows between two neighbouring
frames (flow.measure_motion). A fade ends its shot where the picture becomes flat, a dissolve in its middle.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import cv2
import numpy as np

from .flow import flow_failures
from .frame_store import keep

# What is looked at: small enough that grain is gone, and that what moves stays nearly where it was.
_SIZE = (32, 18)
# The standard deviation, in 8-bit steps, below which a frame shows nothing.
_FLAT = 2.0
# Half the lengths of the windows in which a dissolve is looked for.
_REACHES = (6, 9, 14, 22)
# A window is looked at only where two frames on, the mean pixel has changed by this many 8-bit steps.
_LEAST_CHANGE = 0.8
# Likeness (correlation) of a window's ends from which on they are one shot, and the share of the other end's contrast
# below which an end is a fade's.
_MOST_LIKENESS = 0.6
_LEAST_CONTRAST = 0.5
# How far, as a share of the way from one end to the other, the frames between may lie from a mix of both. On nine
# clips and a film the frames of one shot lie at least 0.55 away wherever the flow fails, dissolves of them 0.07 to 0.45
# in some window, if not both shots move fast.
_MOST_RESIDUAL = 0.5
# The shares of the last frame in the mix: at a quarter of the window, and from frame to frame.
_EARLY_SHARE = 0.3
_MOST_STEP, _LEAST_STEP = 0.36, -0.1
_END_FAILURES = 0.75
# In the middle of a dissolve each shot's details have half their contrast, so both together half of the variance that
# the ends have. Where waves, crowds or grass look like a mix, and the flow fails, details stay: on 28 clips and a film
# those that pass all else have 1.0 times the ends' variance, dissolves of them 0.45 to 0.93.
_MOST_DETAIL = 0.95
# Pixels of motion size below which something is a detail.
_DETAIL = 9
# A long dissolve shows in several gaps; of such a run the first one counts, runs as close as this being one.
_RUN = 4
# How many frames before a gap are looked at.
LOOK_BACK = max(_REACHES) + _RUN
_KEPT = 4 * max(_REACHES)


class ShotEnds:
    """The fades and dissolves of a strip. What it says of a frame depends on the footage alone."""

    def __init__(self, picture: Callable[[int], np.ndarray | None]) -> None:
        """picture: frame → its motion picture, uint8 (h, w); None where the footage has no such frame."""
        self._picture = picture
        self._smalls: OrderedDict[int, np.ndarray] = OrderedDict()
        self._mixed: OrderedDict[int, bool] = OrderedDict()

    def after(self, frame: int) -> bool:
        """Whether a shot fades or dissolves between `frame` and the next one, which both exist.

        Looks at up to 22 frames on either side (26 before), but only where the picture changes.
        """
        here, there = self._small(frame), self._small(frame + 1)
        assert here is not None and there is not None
        if (here.std() < _FLAT) != (there.std() < _FLAT):
            return True
        return self._is_mixed(frame) and not any(self._is_mixed(frame - back) for back in range(1, _RUN + 1))

    def _is_mixed(self, frame: int) -> bool:
        """Whether the frames around the gap after `frame` are mixes of two shots, in any of the windows."""
        if frame not in self._mixed:
            before, after = self._small(frame - 1), self._small(frame + 1)
            changes = before is not None and after is not None and np.abs(after - before).mean() >= _LEAST_CHANGE
            mixed = changes and any(self._dissolves(frame, reach) for reach in _REACHES)
            keep(self._mixed, frame, mixed, _KEPT)
        return self._mixed[frame]

    def _dissolves(self, frame: int, reach: int) -> bool:
        """Whether the frames within `reach` of the gap after `frame` are mixes of the first and the last of them,
        which are of different shots, half of each in the gap."""
        first, last = frame - reach + 1, frame + reach
        begin, end = self._small(first), self._small(last)
        if begin is None or end is None or not _differ(begin, end):
            return False
        window = np.stack([small for number in range(first, last + 1) if (small := self._small(number)) is not None])
        offsets = (window - window[0]).reshape(len(window), -1)
        way = offsets[-1]
        length = float(np.linalg.norm(way))
        shares = offsets @ way / length**2
        steps = np.diff(shares)
        quarter = reach // 2
        if (
            not shares[reach - 1] < 0.5 <= shares[reach]
            or shares[quarter] > _EARLY_SHARE
            or shares[-1 - quarter] < 1.0 - _EARLY_SHARE
            or steps.max() > _MOST_STEP
            or steps.min() < _LEAST_STEP
            or np.linalg.norm(offsets - shares[:, None] * way, axis=1).max() > _MOST_RESIDUAL * length
        ):
            return False
        begin, here, there, end = (self._picture(number) for number in (first, frame, frame + 1, last))
        assert begin is not None and here is not None and there is not None and end is not None
        if _detail(here) + _detail(there) > _MOST_DETAIL * (_detail(begin) + _detail(end)):
            return False
        return flow_failures(begin, end) > _END_FAILURES

    def _small(self, frame: int) -> np.ndarray | None:
        if frame not in self._smalls:
            picture = self._picture(frame) if frame >= 0 else None
            if picture is None:
                return None
            small = cv2.resize(picture, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
            keep(self._smalls, frame, small, _KEPT)
        return self._smalls[frame]


def _detail(picture: np.ndarray) -> float:
    """The variance of a motion picture's details."""
    levels = picture.astype(np.float32)
    return float((levels - cv2.blur(levels, (_DETAIL, _DETAIL))).var())


def _differ(first: np.ndarray, last: np.ndarray) -> bool:
    """Whether two small pictures show different things, neither of them faded."""
    contrasts = sorted((float(first.std()), float(last.std())))
    if contrasts[0] < max(_FLAT, _LEAST_CONTRAST * contrasts[1]):
        return False
    likeness = float(np.mean((first - first.mean()) * (last - last.mean()))) / (contrasts[0] * contrasts[1])
    return likeness <= _MOST_LIKENESS
