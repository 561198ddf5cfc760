"""The frame cache: what goes in comes out, or nothing does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.cache import FrameCache
from core.errors import InputError
from core.frame_keys import FrameKeys
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings

KEY, OTHER = "ab" * 32, "cd" * 32
PNG = bytes(range(256)) * 8


def entry(folder: Path) -> Path:
    (path,) = folder.glob("*/*.png")
    return path


def test_a_frame_comes_back_byte_for_byte_in_another_process_s_cache_too(tmp_path: Path) -> None:
    FrameCache(tmp_path).put(KEY, PNG)
    assert FrameCache(tmp_path).get(KEY) == PNG
    assert FrameCache(tmp_path).get(OTHER) is None


@pytest.mark.parametrize("damage", [slice(0, 100), slice(0, 0), slice(0, -1), slice(1, None)])
def test_a_cut_entry_counts_as_absent_and_can_be_written_again(tmp_path: Path, damage: slice) -> None:
    cache = FrameCache(tmp_path)
    cache.put(KEY, PNG)
    path = entry(tmp_path)
    path.write_bytes(path.read_bytes()[damage])
    assert cache.get(KEY) is None
    assert not path.exists()
    cache.put(KEY, PNG)
    assert cache.get(KEY) == PNG


@pytest.mark.parametrize("position", [0, 1000, -1, -20])
def test_a_single_wrong_bit_is_seen(tmp_path: Path, position: int) -> None:
    cache = FrameCache(tmp_path)
    cache.put(KEY, PNG)
    data = bytearray(entry(tmp_path).read_bytes())
    data[position] ^= 1
    entry(tmp_path).write_bytes(data)
    assert cache.get(KEY) is None


def test_at_the_limit_the_entries_unused_for_longest_go(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path, limit_bytes=10 * (len(PNG) + 20))
    keys = [f"{number:02x}" * 32 for number in range(11)]
    for number, key in enumerate(keys[:10]):
        cache.put(key, PNG)
        os.utime(tmp_path / key[:2] / f"{key}.png", (number, number))
    assert cache.get(keys[0]) == PNG  # used just now
    cache.put(keys[10], PNG)
    kept = [number for number, key in enumerate(keys) if cache.get(key) is not None]
    assert kept == [0, *range(3, 11)]


def test_a_new_cache_counts_what_is_already_there(tmp_path: Path) -> None:
    limit = 4 * (len(PNG) + 20)
    for number in range(4):
        FrameCache(tmp_path, limit).put(f"{number:02x}" * 32, PNG)
    FrameCache(tmp_path, limit).put("ff" * 32, PNG)
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*.png")) <= limit


def test_a_file_in_the_folder_s_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(InputError) as caught:
        FrameCache(tmp_path / "cache")
    assert caught.value.code == "unwritable-cache"
    assert str(tmp_path / "cache") in caught.value.message


def track(*frames: int, color: str = "#c03020") -> HintTrack:
    return HintTrack(tuple(Keyframe(frame, (Stroke(color, 0.02, ((0.5, 0.5),)),)) for frame in frames))


def keys(hints: HintTrack, **changes: Any) -> list[str]:
    arguments: dict[str, Any] = {"source_digest": "s", "weights_digest": "w", "device": "cpu", "bit_depth": 8}
    arguments |= {"references": {}, "style": ""}
    settings = Settings(**{name: changes.pop(name) for name in list(changes) if name not in arguments})
    frame_keys = FrameKeys(**{**arguments, **changes}, settings=settings, track=hints)
    return [frame_keys.key(frame) for frame in range(100)]


@pytest.mark.parametrize(
    "change",
    [
        {"source_digest": "t"},
        {"weights_digest": "v"},
        {"device": "cuda"},
        {"bit_depth": 16},
        {"working_size": 300},
        {"temporal_strength": 0.5},
        {"temporal_strength": 0.0},
        {"saturation": 0.25},
        {"references": {10: "picture"}},
        {"style": "picture"},
    ],
)
def test_whatever_changes_the_pixels_changes_every_key(change: dict) -> None:
    assert not set(keys(track(10))) & set(keys(track(10), **change))


def test_no_two_frames_share_a_key() -> None:
    assert len(set(keys(track()))) == 100


def test_a_changed_keyframe_changes_the_keys_of_the_frames_that_it_reaches_and_no_others() -> None:
    before = track(20, 40, 60, 80)
    changed = HintTrack((*before.keyframes[:2], track(60, color="#2040c0").keyframes[0], before.keyframes[3]))
    differing = [number for number, (a, b) in enumerate(zip(keys(before), keys(changed), strict=True)) if a != b]
    assert differing == list(range(40, 81))


def test_a_keyframe_without_strokes_changes_nothing() -> None:
    assert keys(track(20)) == keys(HintTrack((*track(20).keyframes, Keyframe(50, ()))))
