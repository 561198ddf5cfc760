"""The hints contract: what is valid survives the journey, what is not gets a sentence with the field's name."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.hints import COORDINATE_LIMITS, MAX_RADIUS, HintTrack, Keyframe, Stroke, load_hints, parse_hints
from tests.core.mutated_documents import mutated

coordinates = st.floats(*COORDINATE_LIMITS)
strokes = st.builds(
    Stroke,
    st.integers(0, 0xFFFFFF).map("#{:06x}".format),
    st.floats(0, MAX_RADIUS, exclude_min=True),
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=4).map(tuple),
)
tracks = st.lists(
    st.builds(Keyframe, st.integers(0, 10**9), st.lists(strokes, max_size=3).map(tuple)),
    max_size=4,
    unique_by=lambda keyframe: keyframe.frame,
).map(lambda keyframes: HintTrack(tuple(sorted(keyframes, key=lambda keyframe: keyframe.frame))))


@given(tracks)
def test_a_track_comes_back_from_its_json_text(track: HintTrack):
    assert parse_hints(json.loads(json.dumps(track.to_json()))) == track


@given(st.data())
def test_a_mutated_document_is_read_or_refused_with_a_sentence(data: st.DataObject):
    document = data.draw(mutated(data.draw(tracks).to_json()))
    try:
        track = parse_hints(document)
    except InputError as error:
        assert error.code == "bad-hints"
        assert error.message.startswith("Hints: ") and error.message.endswith(".") and "\n" not in error.message
    else:
        assert parse_hints(track.to_json()) == track


VALID = {
    "version": 1,
    "keyframes": [{"frame": 3, "strokes": [{"color": "#B04A3C", "radius": 0.012, "points": [[0.41, 0.37], [1, 0]]}]}],
}


def with_value(path: list[Any], value: object) -> dict[str, Any]:
    document = copy.deepcopy(VALID)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


STROKE = ["keyframes", 0, "strokes", 0]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["version"], 2, "version"),
        (["version"], None, "version"),
        (["version"], True, "version"),
        (["keyframes"], None, "keyframes"),
        (["keyframes"], {}, "keyframes"),
        (["extra"], 1, "'extra'"),
        (["keyframes", 0], 5, "keyframes[0]"),
        (["keyframes", 0, "frame"], -1, "keyframes[0].frame"),
        (["keyframes", 0, "frame"], 1.5, "keyframes[0].frame"),
        (["keyframes", 0, "frame"], "3", "keyframes[0].frame"),
        (["keyframes", 0, "frame"], True, "keyframes[0].frame"),
        ([*STROKE, "color"], "red", "color"),
        ([*STROKE, "color"], "#12345", "color"),
        ([*STROKE, "color"], "#12345g", "color"),
        ([*STROKE, "color"], "#123456\n", "color"),
        ([*STROKE, "color"], None, "color"),
        ([*STROKE, "radius"], 0, "radius"),
        ([*STROKE, "radius"], 0.6, "radius"),
        ([*STROKE, "radius"], math.nan, "radius"),
        ([*STROKE, "radius"], math.inf, "radius"),
        ([*STROKE, "radius"], 10**400, "radius"),
        ([*STROKE, "radius"], "0.1", "radius"),
        ([*STROKE, "points"], [], "points"),
        ([*STROKE, "points"], [[0.5]], "points[0]"),
        ([*STROKE, "points"], [[0.5, 0.5], [0.5, math.nan]], "points[1]"),
        ([*STROKE, "points"], [[0.5, 7]], "points[0]"),
        ([*STROKE, "points"], [[0.5, None]], "points[0]"),
        ([*STROKE, "width"], 1, "'width'"),
    ],
)
def test_a_bad_field_is_named(path: list[Any], value: object, field: str):
    with pytest.raises(InputError) as refused:
        parse_hints(with_value(path, value))
    assert refused.value.code == "bad-hints" and field in refused.value.message


def test_a_frame_twice_is_refused_and_frames_are_sorted():
    first, second = {"frame": 9, "strokes": []}, {"frame": 2, "strokes": []}
    track = parse_hints({"version": 1, "keyframes": [first, second]})
    assert [keyframe.frame for keyframe in track.keyframes] == [2, 9]
    with pytest.raises(InputError, match="frame 9 twice"):
        parse_hints({"version": 1, "keyframes": [first, second, first]})


def test_a_keyframe_outside_the_footage_is_named():
    track = parse_hints(VALID)
    track.check_frames(0, 3)
    with pytest.raises(InputError, match=r"frame 3.*frames 4 to 9"):
        track.check_frames(4, 9)


def test_a_color_is_kept_in_small_letters():
    assert parse_hints(VALID).keyframes[0].strokes[0].color == "#b04a3c"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"version": ' + b"1" * 5000 + b"}",
        b'{"version": NaN, "keyframes": []}',
        b"null",
        b'"text"',
    ],
    ids=["empty", "open", "no-text", "deep", "huge-number", "nan", "null", "string"],
)
def test_a_file_that_holds_no_hints(content: bytes, tmp_path: Path):
    (tmp_path / "hints.json").write_bytes(content)
    with pytest.raises(InputError) as refused:
        load_hints(tmp_path / "hints.json")
    assert refused.value.code == "bad-hints" and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["missing.json", ".", "hints\0.json"])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path):
    with pytest.raises(InputError) as refused:
        load_hints(tmp_path / name)
    assert refused.value.code == "bad-hints"


def test_a_file_of_hints_is_read(tmp_path: Path):
    (tmp_path / "hints.json").write_text(json.dumps(VALID), encoding="utf-8")
    stroke = Stroke("#b04a3c", 0.012, ((0.41, 0.37), (1.0, 0.0)))
    assert load_hints(tmp_path / "hints.json") == HintTrack((Keyframe(3, (stroke,)),))
