"""Which picture of a movie is its frame n.

A movie's strip in Blender is a clock, not a list: frame n shows the picture that is on screen n frame lengths
after the start. Read off Blender's movie_read.cc, and off the rendered strips of Blender 4.2, 4.5 and 5.0 (which
agree) for movies whose pictures carry their number:

- Constant frame rate, with or without B-frames, edit lists, negative or late starts: frame n is the n-th picture
  in presentation order; what an edit list hides does not count.
- Variable frame rate: the rate is libav's guess (av_guess_frame_rate), and frame n is the last picture that
  starts no later than round(n / rate) after the first one, in ticks of the container's clock. Long pictures are
  repeated, and of pictures shorter than a frame some are passed over. The length is the video's duration times the
  rate, rounded.

Three differences are wanted, so that no picture is lost without need. Times that are off only by rounding to the
clock (milliseconds in Matroska) count as constant. The last picture is shown, even if a frame later than where
Blender's strip ends. And the first picture is the origin, where Blender takes the stream's stated start:
in AVI files with B-frames the two differ, and Blender shows the first picture twice and the last one never.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

# Two neighbouring times, each rounded to a tick, are off by less than this many ticks, ...
_ROUNDING_TICKS = 2
# ... but a clock that is hardly finer than the frames says nothing about a shift of this share of a frame.
_ROUNDING_SHARE = Fraction(1, 4)
# Four days at 25 frames a second: a damaged clock may say anything.
_MOST_FRAMES = 10_000_000


def pictures_of_frames(times: np.ndarray, length: int, ticks_per_frame: Fraction) -> np.ndarray:
    """For each frame the picture that it shows, counted in presentation order: int64 (frames,), never falling.

    times: int64 (pictures,), rising, when each picture starts, in ticks of the container's clock.
    length: from the first picture to the end of the video, in ticks. The last picture is shown in any case.
    """
    times = times - times[0]
    numbers = np.arange(len(times), dtype=np.int64)
    tolerance = min(_ROUNDING_TICKS, _ROUNDING_SHARE * ticks_per_frame)
    if np.abs(times - _ticks(numbers, ticks_per_frame)).max() <= tolerance:
        return numbers
    frame_count = max(round(length / ticks_per_frame), math.ceil(times[-1] / ticks_per_frame) + 1)
    if frame_count > _MOST_FRAMES:
        return numbers
    return np.searchsorted(times, _ticks(np.arange(frame_count), ticks_per_frame), side="right") - 1


def _ticks(frames: np.ndarray, ticks_per_frame: Fraction) -> np.ndarray:
    """int64: when frames begin. In float64 and rounded, as Blender does it."""
    return np.floor(frames * float(ticks_per_frame) + 0.5).astype(np.int64)
