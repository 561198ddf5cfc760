"""Which picture a frame shows, from times alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.frames.timeline import pictures_of_frames

MILLISECONDS = 1000


def test_evenly_timed_pictures_are_the_frames():
    times = np.arange(50) * 512
    assert list(pictures_of_frames(times, 50 * 512, Fraction(512))) == list(range(50))


def test_times_rounded_to_milliseconds_lose_no_picture():
    ticks = Fraction(1001 * MILLISECONDS, 24000)
    times = np.array([int(number * ticks + Fraction(1, 2)) for number in range(5000)])
    for late in (0, 1):  # a first picture that was itself rounded up shifts all others
        times[1:] -= late
        assert list(pictures_of_frames(times, int(5000 * ticks), ticks)) == list(range(5000))


def test_a_dropped_picture_is_replaced_by_the_one_before():
    assert list(pictures_of_frames(np.array([0, 10, 20, 50, 60]), 70, Fraction(10))) == [0, 1, 2, 2, 2, 3, 4]


def test_the_start_of_the_clock_does_not_matter():
    times = np.array([0, 35, 40, 41, 90, 160])
    expected = list(pictures_of_frames(times, 200, Fraction(40)))
    assert expected == [0, 2, 3, 4, 5]
    for start in (-1000, 7, 10**12):
        assert list(pictures_of_frames(times + start, 200, Fraction(40))) == expected


def test_a_broken_clock_gives_the_pictures_themselves():
    assert list(pictures_of_frames(np.array([0, 40, 2**60]), 2**60, Fraction(40))) == [0, 1, 2]


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=60),
    st.integers(-(10**9), 10**9),
    st.fractions(Fraction(3), Fraction(200), max_denominator=1001),
)
def test_every_frame_shows_the_picture_that_is_on_screen(gaps, start, ticks_per_frame):
    times = start + np.concatenate([[0], np.cumsum(gaps)])
    pictures = pictures_of_frames(times, int(times[-1] - start), ticks_per_frame)
    assert pictures[0] == 0 and pictures[-1] == len(times) - 1
    assert np.all(np.diff(pictures) >= 0)
    frames = np.arange(len(pictures))
    moments = start + frames * float(ticks_per_frame)
    if list(pictures) == list(range(len(times))):
        moments = times  # a constant rate, or nearly
    assert np.all(times[pictures] <= moments + 0.5 + 1e-6)
    following = np.append(times, np.inf)[pictures + 1]
    assert np.all(following >= moments - 0.5 - 1e-6)
