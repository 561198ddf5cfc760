"""Which frames a changed keyframe or reference reaches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.frame_keys import FrameKeys
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings

FRAMES = 72
SETTINGS = Settings()


def keyed(colors: dict[int, str], references: dict[int, str] | None = None, settings: Settings = SETTINGS) -> list[str]:
    """The keys of all frames; colors: keyframe → the colour of its stroke."""
    track = HintTrack(tuple(Keyframe(n, (Stroke(color, 0.02, ((0.5, 0.5),)),)) for n, color in colors.items()))
    keys = FrameKeys("source", "weights", "cpu", 8, settings, track, references or {})
    return [keys.key(number) for number in range(FRAMES)]


def changed(before: list[str], after: list[str]) -> list[int]:
    return [number for number in range(FRAMES) if before[number] != after[number]]


@pytest.mark.parametrize(
    "keyframe, frames", [(0, range(37)), (36, range(72)), (71, range(36, 72))], ids=["first", "middle", "last"]
)
def test_a_changed_keyframe_reaches_the_frames_between_its_neighbours_alone(keyframe: int, frames: range) -> None:
    colors = {0: "#c03020", 36: "#2040c0", 71: "#20a040"}
    assert changed(keyed(colors), keyed({**colors, keyframe: "#808080"})) == list(frames)


def test_a_keyframe_that_is_added_or_removed_reaches_as_far() -> None:
    colors = {0: "#c03020", 36: "#2040c0", 60: "#20a040", 71: "#808080"}
    assert changed(keyed(colors), keyed({**colors, 50: "#808080"})) == list(range(36, 61))


def test_a_reference_reaches_every_frame_and_does_not_bound_a_keyframe() -> None:
    colors, references = {0: "#c03020", 30: "#20a040", 50: "#2040c0"}, {40: "one", 60: "another"}
    before = keyed(colors, references)
    assert changed(before, keyed({**colors, 50: "#808080"}, references)) == list(range(30, FRAMES))
    assert changed(before, keyed(colors, {**references, 60: "other"})) == list(range(FRAMES))


def test_a_keyframe_without_strokes_changes_nothing_and_every_setting_changes_all() -> None:
    before = keyed({0: "#c03020"})
    empty = HintTrack((Keyframe(0, (Stroke("#c03020", 0.02, ((0.5, 0.5),)),)), Keyframe(9, ())))
    assert [FrameKeys("source", "weights", "cpu", 8, SETTINGS, empty, {}).key(n) for n in range(FRAMES)] == before
    for change in ({"working_size": 512}, {"temporal_strength": 0.1}, {"saturation": 0.1}):
        assert len(changed(before, keyed({0: "#c03020"}, settings=replace(SETTINGS, **change)))) == FRAMES
