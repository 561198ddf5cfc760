"""The hints contract: colour strokes on keyframes, as `hints.json` (version 1).

Frames count from 0 in the source. Points are normalised image coordinates: x right, y down, (0, 0) the
top-left corner, (1, 1) the bottom-right one. A radius is a fraction of the image's width. Only a
colour's chroma counts: lightness always comes from the footage, so a grey stroke means "leave this grey".

Standard library only, so that the add-on may import it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from .errors import InputError

HINTS_VERSION = 1
MAX_RADIUS = 0.5
# A stroke may run off the picture, but a coordinate further out than one picture's size is a mistake.
COORDINATE_LIMITS = (-1.0, 2.0)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Stroke:
    """One stroke of one colour.

    color: "#rrggbb", sRGB. radius: fraction of the image's width, 0 < radius <= 0.5.
    points: ((x, y), ...), normalised; one point is a dot.
    """

    color: str
    radius: float
    points: tuple[tuple[float, float], ...]

    def to_json(self) -> dict[str, Any]:
        return {"color": self.color, "radius": self.radius, "points": [list(point) for point in self.points]}


@dataclass(frozen=True)
class Keyframe:
    """The strokes that stand on one source frame."""

    frame: int
    strokes: tuple[Stroke, ...]

    def to_json(self) -> dict[str, Any]:
        return {"frame": self.frame, "strokes": [stroke.to_json() for stroke in self.strokes]}


@dataclass(frozen=True)
class HintTrack:
    """All keyframes of a strip, in the order of their frames, no frame twice."""

    keyframes: tuple[Keyframe, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"version": HINTS_VERSION, "keyframes": [keyframe.to_json() for keyframe in self.keyframes]}

    def check_frames(self, first: int, last: int) -> None:
        """Raise InputError if a keyframe stands outside source frames first..last, both included."""
        for keyframe in self.keyframes:
            if not first <= keyframe.frame <= last:
                raise InputError(
                    "bad-hints",
                    f"The hints have a keyframe on frame {keyframe.frame}; the footage has frames {first} to {last}.",
                    "Move or remove that keyframe.",
                )


def parse_hints(document: object) -> HintTrack:
    """Validate a decoded hints document (a JSON object). Raises InputError naming the field and the reason."""
    if not isinstance(document, dict):
        raise _bad("the document", "must be a JSON object")
    version = document.get("version")
    if version != HINTS_VERSION or isinstance(version, bool):
        raise _bad("version", f"is {version!r}, and this release reads version {HINTS_VERSION}")
    _check_fields(document, {"version", "keyframes"}, "the document")
    keyframes = [
        _parse_keyframe(item, f"keyframes[{index}]") for index, item in enumerate(_list_of(document, "keyframes"))
    ]
    keyframes.sort(key=lambda keyframe: keyframe.frame)
    for earlier, later in pairwise(keyframes):
        if earlier.frame == later.frame:
            raise _bad("keyframes", f"has frame {later.frame} twice")
    return HintTrack(tuple(keyframes))


def load_hints(path: str | Path) -> HintTrack:
    """Read and validate a hints file. Raises InputError if it is missing, no JSON, or not a hints document."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("bad-hints", f"The hints file {path} cannot be read: {_reason(error)}.") from error
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} in line {error.lineno}"
        raise InputError("bad-hints", f"The hints file {path} is not JSON: {reason}.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or nesting as deep
        raise InputError("bad-hints", f"The hints file {path} is no hints document.") from error
    return parse_hints(document)


def _parse_keyframe(item: object, where: str) -> Keyframe:
    if not isinstance(item, dict):
        raise _bad(where, "must be an object")
    _check_fields(item, {"frame", "strokes"}, where)
    frame = item.get("frame")
    if not isinstance(frame, int) or isinstance(frame, bool) or frame < 0:
        raise _bad(f"{where}.frame", f"is {frame!r}, and must be a whole number from 0")
    strokes = [
        _parse_stroke(stroke, f"{where}.strokes[{index}]")
        for index, stroke in enumerate(_list_of(item, "strokes", where))
    ]
    return Keyframe(frame, tuple(strokes))


def _parse_stroke(item: object, where: str) -> Stroke:
    if not isinstance(item, dict):
        raise _bad(where, "must be an object")
    _check_fields(item, {"color", "radius", "points"}, where)
    color = item.get("color")
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise _bad(f"{where}.color", f"is {color!r}, and must be a colour such as '#b04a3c'")
    radius = _number(item.get("radius"), f"{where}.radius")
    if not 0.0 < radius <= MAX_RADIUS:
        raise _bad(f"{where}.radius", f"is {radius:g}, and must be above 0 and at most {MAX_RADIUS:g}")
    points = [
        _parse_point(point, f"{where}.points[{index}]") for index, point in enumerate(_list_of(item, "points", where))
    ]
    if not points:
        raise _bad(f"{where}.points", "is empty, and a stroke needs at least one point")
    return Stroke(color.lower(), radius, tuple(points))


def _parse_point(item: object, where: str) -> tuple[float, float]:
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise _bad(where, "must be a pair [x, y]")
    x, y = (_number(value, where) for value in item)
    low, high = COORDINATE_LIMITS
    if not (low <= x <= high and low <= y <= high):
        raise _bad(where, f"is [{x:g}, {y:g}], far outside the picture (0 to 1)")
    return x, y


def _number(value: object, where: str) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an integer too large for a float
            pass
    if not math.isfinite(number):
        raise _bad(where, f"is {value!r}, and must be a finite number")
    return number


def _list_of(document: dict[str, Any], field: str, where: str = "") -> list[Any]:
    value = document.get(field)
    if not isinstance(value, list):
        raise _bad(f"{where}.{field}".lstrip("."), "is missing or no list")
    return value


def _check_fields(document: dict[str, Any], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise _bad(where, f"has an unknown field {unknown[0]!r}")


def _bad(field: str, reason: str) -> InputError:
    return InputError("bad-hints", f"Hints: {field} {reason}.")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
