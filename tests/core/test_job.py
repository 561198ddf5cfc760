"""The job contract: what is valid survives the journey, what is not gets a sentence with the field's name."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.job import DEVICES, FORMATS, VARIANTS, WORKING_SIZES, Job, Output, Settings, Source, Style, parse_job
from tests.core.mutated_documents import mutated
from tests.core.test_hints import tracks

paths = st.text(min_size=1, max_size=12).filter(lambda text: "\0" not in text)
fractions = st.floats(0, 1)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    first = draw(st.integers(0, 10**6))
    frame_format = draw(st.sampled_from(FORMATS))
    return Job(
        source=Source(draw(paths), first, draw(st.none() | st.integers(first, first + 10**6))),
        output=Output(draw(paths), frame_format, draw(st.sampled_from((8, 16) if frame_format == "png" else (8,)))),
        hints=draw(tracks),
        references=draw(st.dictionaries(st.integers(0, 10**9 - 1), paths, max_size=3)),
        style=draw(st.none() | st.builds(Style, paths, fractions)),
        settings=Settings(
            draw(st.sampled_from(VARIANTS)),
            draw(st.sampled_from(DEVICES)),
            draw(st.integers(*WORKING_SIZES)),
            draw(fractions),
            draw(fractions),
        ),
    )


@given(jobs())
def test_a_job_comes_back_from_its_json_text(job: Job):
    assert parse_job(json.loads(json.dumps(job.to_json()))) == job


@given(st.data())
def test_a_mutated_document_is_read_or_refused_with_a_sentence(data: st.DataObject):
    document = data.draw(mutated(data.draw(jobs()).to_json()))
    try:
        job = parse_job(document)
    except InputError as error:
        assert error.code in ("bad-job", "bad-hints")
        assert error.message.endswith(".")
    else:
        assert parse_job(job.to_json()) == job


VALID = {"version": 1, "source": {"path": "in.mp4"}, "output": {"path": "out"}}


def with_value(path: list[Any], value: object) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(VALID)
    place = document
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = value
    return document


def test_what_is_not_said_has_a_default():
    assert parse_job(VALID) == Job(Source("in.mp4"), Output("out"))
    assert parse_job({**VALID, "hints": None, "references": None, "style": None, "settings": None}) == parse_job(VALID)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["version"], 2, "version"),
        (["version"], None, "version"),
        (["version"], True, "version"),
        (["extra"], 1, "'extra'"),
        (["source"], None, "source"),
        (["source", "path"], "", "source.path"),
        (["source", "path"], "a\0b", "source.path"),
        (["source", "path"], 5, "source.path"),
        (["source", "first"], -1, "source.first"),
        (["source", "first"], 0.0, "source.first"),
        (["source", "first"], True, "source.first"),
        (["source", "last"], -1, "source.last"),
        (["source", "frames"], 3, "'frames'"),
        (["output"], [], "output"),
        (["output", "path"], None, "output.path"),
        (["output", "format"], "avi", "output.format"),
        (["output", "format"], ["png"], "output.format"),
        (["output", "bit_depth"], 10, "output.bit_depth"),
        (["output", "bit_depth"], True, "output.bit_depth"),
        (["output", "bit_depth"], 8.0, "output.bit_depth"),
        (["references"], [], "references"),
        (["references"], 0, "references"),
        (["references"], {"first": "a.png"}, "'first'"),
        (["references"], {"-1": "a.png"}, "'-1'"),
        (["references"], {"01": "a.png"}, "'01'"),
        (["references"], {"\u0663": "a.png"}, "references"),
        (["references"], {"1": ""}, "references[1]"),
        (["style"], "a.png", "style"),
        (["style"], {}, "style.path"),
        (["style"], {"path": "a.png", "strength": 1.1}, "style.strength"),
        (["settings"], [], "settings"),
        (["settings"], False, "settings"),
        (["settings", "variant"], "huge", "settings.variant"),
        (["settings", "device"], "tpu", "settings.device"),
        (["settings", "working_size"], 64, "settings.working_size"),
        (["settings", "working_size"], 10**400, "settings.working_size"),
        (["settings", "temporal_strength"], math.nan, "settings.temporal_strength"),
        (["settings", "temporal_strength"], True, "settings.temporal_strength"),
        (["settings", "saturation"], -0.1, "settings.saturation"),
        (["settings", "speed"], 1, "'speed'"),
        (["hints"], {"version": 2, "keyframes": []}, "version"),
    ],
)
def test_a_bad_field_is_named(path: list[Any], value: object, field: str):
    with pytest.raises(InputError) as refused:
        parse_job(with_value(path, value))
    assert refused.value.code == ("bad-hints" if path == ["hints"] else "bad-job")
    assert field in refused.value.message


def test_a_range_that_ends_before_it_begins():
    with pytest.raises(InputError, match=r"source\.last is 3, before the first frame 4"):
        parse_job({**VALID, "source": {"path": "in.mp4", "first": 4, "last": 3}})


@pytest.mark.parametrize("movie", ["mp4", "mov", "mkv"])
def test_movies_are_8_bit(movie: str):
    with pytest.raises(InputError, match=movie):
        parse_job({**VALID, "output": {"path": "out", "format": movie, "bit_depth": 16}})
    assert parse_job({**VALID, "output": {"path": "out", "format": "png", "bit_depth": 16}}).output.bit_depth == 16


@pytest.mark.parametrize("document", [None, [], "job", 3, True])
def test_a_document_that_is_no_object(document: object):
    with pytest.raises(InputError) as refused:
        parse_job(document)
    assert refused.value.code == "bad-job"
