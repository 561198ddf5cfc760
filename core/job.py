"""The job contract: one JSON document that says what to colour, how, and where the frames go.

The command line and the add-on build the same object; the pipeline takes nothing else. Parsing checks
the document's form; what the files hold is checked where they are opened. Standard library only, so that
the add-on may import it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import InputError
from .hints import HintTrack, parse_hints

JOB_VERSION = 1
VARIANTS = ("two-tower", "squeeze")
DEVICES = ("auto", "cpu", "cuda", "mps")
FORMATS = ("png", "mp4", "mov", "mkv")
BIT_DEPTHS = (8, 16)
WORKING_SIZES = (128, 1024)
_FRAME = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Source:
    """The footage. path: a movie, a picture, or a folder of pictures. first, last: source frames, both
    included, counted from 0; last None means the end."""

    path: str
    first: int = 0
    last: int | None = None


@dataclass(frozen=True)
class Settings:
    """How to colour.

    variant: a network of the colorizer. device: where it runs.
    working_size: the short side, in pixels, at which the networks see a frame.
    temporal_strength: 0 (every frame for itself) to 1 (as steady as the footage's motion allows).
    saturation: 0 (the mean prediction) to 1 (the most saturated of the likely colours).
    """

    variant: str = "two-tower"
    device: str = "auto"
    working_size: int = 256
    temporal_strength: float = 0.8
    saturation: float = 0.6


@dataclass(frozen=True)
class Style:
    """A picture whose colours to follow. strength: 0 to 1."""

    path: str
    strength: float = 1.0


@dataclass(frozen=True)
class Output:
    """Where the frames go.

    path: a folder for an image sequence (format "png"), or the movie's file, or a picture's for a still.
    bit_depth: 8 or 16 bits a channel; 16 for pictures only.
    """

    path: str
    format: str = "png"
    bit_depth: int = 8


@dataclass(frozen=True)
class Job:
    """One piece of work. references: source frame → path of an already coloured picture."""

    source: Source
    output: Output
    hints: HintTrack = field(default_factory=HintTrack)
    references: dict[int, str] = field(default_factory=dict)
    style: Style | None = None
    settings: Settings = field(default_factory=Settings)

    def to_json(self) -> dict[str, Any]:
        """The document that `parse_job` reads back to an equal Job."""
        return {
            "version": JOB_VERSION,
            "source": _plain(self.source),
            "output": _plain(self.output),
            "hints": self.hints.to_json(),
            "references": {str(frame): path for frame, path in sorted(self.references.items())},
            "style": None if self.style is None else _plain(self.style),
            "settings": _plain(self.settings),
        }


def parse_job(document: object) -> Job:
    """Validate a decoded job document. Raises InputError naming the field and the reason."""
    known = {"version", "source", "output", "hints", "references", "style", "settings"}
    document = _object(document, "the job", known)
    version = document.get("version")
    if version != JOB_VERSION or isinstance(version, bool):
        raise _bad("version", f"is {version!r}, and this release reads version {JOB_VERSION}")
    hints, style, references = document.get("hints"), document.get("style"), document.get("references")
    settings = document.get("settings")
    return Job(
        source=_parse_source(document.get("source")),
        output=_parse_output(document.get("output")),
        hints=HintTrack() if hints is None else parse_hints(hints),
        references={} if references is None else _parse_references(references),
        style=None if style is None else _parse_style(style),
        settings=Settings() if settings is None else _parse_settings(settings),
    )


def _parse_source(value: object) -> Source:
    document = _object(value, "source", _names(Source))
    first = _whole(document.get("first", 0), "source.first", 0)
    last = document.get("last")
    if last is not None:
        last = _whole(last, "source.last", 0)
        if last < first:
            raise _bad("source.last", f"is {last}, before the first frame {first}")
    return Source(_text(document.get("path"), "source.path"), first, last)


def _parse_output(value: object) -> Output:
    document = _object(value, "output", _names(Output))
    output = Output(
        path=_text(document.get("path"), "output.path"),
        format=_one_of(document.get("format", "png"), FORMATS, "output.format"),
        bit_depth=_one_of(document.get("bit_depth", 8), BIT_DEPTHS, "output.bit_depth"),
    )
    if output.bit_depth == 16 and output.format != "png":
        raise _bad("output.bit_depth", f"is 16, which {output.format} movies do not take; use png")
    return output


def _parse_settings(value: object) -> Settings:
    document = _object(value, "settings", _names(Settings))
    default = Settings()
    low, high = WORKING_SIZES
    return Settings(
        variant=_one_of(document.get("variant", default.variant), VARIANTS, "settings.variant"),
        device=_one_of(document.get("device", default.device), DEVICES, "settings.device"),
        working_size=_whole(document.get("working_size", default.working_size), "settings.working_size", low, high),
        temporal_strength=_fraction(
            document.get("temporal_strength", default.temporal_strength), "settings.temporal_strength"
        ),
        saturation=_fraction(document.get("saturation", default.saturation), "settings.saturation"),
    )


def _parse_style(value: object) -> Style:
    document = _object(value, "style", _names(Style))
    return Style(_text(document.get("path"), "style.path"), _fraction(document.get("strength", 1.0), "style.strength"))


def _parse_references(value: object) -> dict[int, str]:
    if not isinstance(value, dict):
        raise _bad("references", "must be an object of source frame → picture")
    references = {}
    for key, path in value.items():
        # "01" is refused too: it would be the same frame as "1".
        if not (isinstance(key, str) and _FRAME.fullmatch(key)):
            raise _bad("references", f"has the key {key!r}, and a key must be a source frame, a whole number from 0")
        references[int(key)] = _text(path, f"references[{key}]")
    return references


def _names(contract: type) -> set[str]:
    return {item.name for item in fields(contract)}


def _plain(part: Any) -> dict[str, Any]:
    return {item.name: getattr(part, item.name) for item in fields(part)}


def _object(value: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(where, "must be an object")
    unknown = sorted(set(value) - known)
    if unknown:
        raise _bad(where, f"has an unknown field {unknown[0]!r}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _bad(where, f"is {value!r}, and must be a path")
    return value


def _whole(value: object, where: str, low: int, high: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        limits = f"from {low}" + ("" if high is None else f" to {high}")
        raise _bad(where, f"is {value!r}, and must be a whole number {limits}")
    return value


def _fraction(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0 or math.isnan(value):
        raise _bad(where, f"is {value!r}, and must be a number from 0 to 1")
    return float(value)


def _one_of(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    if type(value) is not type(choices[0]) or value not in choices:
        raise _bad(where, f"is {value!r}, and must be one of {', '.join(map(str, choices))}")
    return value


def _bad(field_name: str, reason: str) -> InputError:
    return InputError("bad-job", f"Job: {field_name} {reason}.")
