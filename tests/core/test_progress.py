"""The rate and the time left that a running job tells."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.progress import Progress, ProgressClock


def told(moments: list[float], total: int, monkeypatch: pytest.MonkeyPatch) -> list[Progress]:
    """What a clock made at 0 s says, a frame being done at each of these seconds."""
    now = iter([0.0, *moments])
    monkeypatch.setattr("core.progress.time", SimpleNamespace(monotonic=lambda: next(now)))
    clock = ProgressClock(total)
    return [clock.tick(done) for done in range(1, len(moments) + 1)]


def test_what_comes_before_the_first_frame_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that loads for 10 s, then 4 frames a second: 36 frames take 9 s more, not 100."""
    said = told([10.0 + 0.25 * frame for frame in range(5)], 40, monkeypatch)
    assert [one.eta_s for one in said[:4]] == [None] * 4
    assert said[4].fps == pytest.approx(4.0)
    assert said[4].eta_s == pytest.approx(35 / 4)


def test_the_rate_is_that_of_the_last_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred frames from the cache, then one a second."""
    said = told([0.01 * frame for frame in range(100)] + [1.0 + second for second in range(1, 40)], 200, monkeypatch)
    assert said[-1].fps == pytest.approx(1.0)
    assert said[-1].eta_s == pytest.approx(61.0)


def test_a_job_that_is_over_at_once_has_a_rate_and_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told([2.0, 2.0, 2.0], 3, monkeypatch)
    assert said == [Progress(1, 3, 0.5), Progress(2, 3, 1.0), Progress(3, 3, 1.5, 0.0)]
