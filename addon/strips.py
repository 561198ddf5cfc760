"""What a strip shows: which source, which of its frames, and where they stand on the timeline."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.errors import InputError
from . import versions
from .placement import Placement

# As core/frames/sequence.py reads them: the last run of digits in a picture's name is its number.
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)")
_READABLE = ("MOVIE", "IMAGE")


@dataclass(frozen=True)
class Footage:
    """The source of a strip, and the part of it that the strip shows.

    path: absolute; a movie, a folder of pictures, or one picture. Source frames count from 0 in it.
    first, last: the first and last source frame that the strip shows. open_end: last is the movie's end.
    source_zero: the timeline frame of source frame 0. left, right: the visible timeline frames are left..right-1.
    """

    path: str
    first: int
    last: int
    open_end: bool
    source_zero: int
    left: int
    right: int

    def source_frame(self, timeline_frame: int) -> int:
        """The source frame shown at a timeline frame: past its content's ends a strip holds the end frame."""
        return min(max(timeline_frame - self.source_zero, self.first), self.last)

    def shows(self, timeline_frame: int) -> bool:
        """Whether the strip is visible at a timeline frame."""
        return self.left <= timeline_frame < self.right


def active_strip(scene: bpy.types.Scene) -> Any | None:
    """The sequencer's active strip, or None."""
    return scene.sequence_editor.active_strip if scene.sequence_editor else None


def require_active_strip(scene: bpy.types.Scene) -> Any:
    """The sequencer's active strip. Raises InputError if there is none, or it is another strip's result."""
    strip = active_strip(scene)
    if strip is None:
        raise InputError("no-strip", "No strip is active.", "Click a movie or image strip in the sequencer.")
    source = strip.vse_colorizer.result_of
    if source and strip_named(scene, source) is not None:
        raise InputError(
            "bad-strip", f'The strip "{strip.name}" is the colored result of "{source}".', f'Click "{source}" instead.'
        )
    return strip


def require_visible_strip(scene: bpy.types.Scene, frame: int) -> Any:
    """The active strip. Raises InputError if there is none that can be read, or it is not visible at the frame."""
    strip = require_active_strip(scene)
    footage = read_footage(strip)
    check_speed(strip)
    if not footage.shows(frame):
        raise InputError(
            "bad-frame",
            f'The strip "{strip.name}" is not visible at frame {frame}.',
            f"Go to a frame from {footage.left} to {footage.right - 1}.",
        )
    return strip


def strip_named(scene: bpy.types.Scene, name: str) -> Any | None:
    """The strip of that name that lies in no meta strip, or None."""
    return versions.top_level_strips(scene.sequence_editor).get(name) if scene.sequence_editor else None


def find_strip(scene_name: str, name: str) -> Any | None:
    """The strip of that name that lies in no meta strip of the scene of that name, or None."""
    scene = bpy.data.scenes.get(scene_name)
    return strip_named(scene, name) if scene else None


def read_footage(strip: Any) -> Footage:
    """What a strip shows. Raises InputError if it is a kind of strip that cannot be read, or its file is missing."""
    _check_plain(strip)
    trim_start, trim_end = versions.content_trim(strip)
    left, right = versions.handles(strip)
    frame_count = versions.content_duration(strip) + trim_start + trim_end
    zero = round(versions.content_start(strip)) - trim_start
    # The strip shows its content from trim_start on; a handle beyond the content holds the end frame.
    first = min(max(left - zero, trim_start), frame_count - trim_end - 1)
    last = max(min(right - 1 - zero, frame_count - trim_end - 1), first)
    if strip.type == "MOVIE":
        path = _existing(bpy.path.abspath(strip.filepath), strip)
        return Footage(path, first, last, last == frame_count - 1, zero, left, right)
    folder = bpy.path.abspath(strip.directory)
    if len(strip.elements) == 1:
        path = _existing(os.path.join(folder, strip.elements[0].filename), strip)
        return Footage(path, 0, 0, False, zero, left, right)
    begin = _first_number(_existing(folder, strip), [element.filename for element in strip.elements], strip)
    return Footage(os.path.normpath(folder), first + begin, last + begin, False, zero - begin, left, right)


def placement(strip: Any) -> Placement:
    """Where the strip's picture lies on the preview's canvas.

    Raises InputError if the size of the picture is not known, or the strip is scaled to nothing.
    """
    element = strip.elements[0]
    if not (element.orig_width and element.orig_height):
        raise InputError(
            "unreadable-source",
            f'Blender could not read the picture size of the strip "{strip.name}".',
            "Reload the strip (Strip > Reload Strips), or add it again.",
        )
    transform, render = strip.transform, strip.id_data.render
    return Placement(
        image_size=(element.orig_width, element.orig_height),
        canvas_size=(render.resolution_x, render.resolution_y),
        offset=(transform.offset_x, transform.offset_y),
        scale=(transform.scale_x, transform.scale_y),
        rotation=transform.rotation,
        origin=(transform.origin[0], transform.origin[1]),
        flip=(strip.use_flip_x, strip.use_flip_y),
        pixel_aspect=render.pixel_aspect_x / render.pixel_aspect_y,
    )


def check_speed(strip: Any) -> None:
    """Raise InputError if a movie strip plays at the movie's own rate in a scene of another rate.

    From 4.4 on the strip does not say so: the movie is opened as a clip, and the lengths compared. `read_footage`
    does not do that, since a panel may not add data while it is drawn.
    """
    render = strip.id_data.render
    # A file that Blender cannot read has no rate; the engine says what is wrong with it.
    if strip.type != "MOVIE" or strip.fps <= 0 or abs(strip.fps - render.fps / render.fps_base) < 1e-3:
        return
    clip = bpy.data.movieclips.load(bpy.path.abspath(strip.filepath))
    length = clip.frame_duration
    bpy.data.movieclips.remove(clip)
    if length != versions.content_duration(strip) + sum(versions.content_trim(strip)):
        raise _other_speed(strip)


def _other_speed(strip: Any) -> InputError:
    return InputError(
        "bad-strip",
        f'The strip "{strip.name}" plays its footage at another speed or backwards, which cannot be colorized yet.',
        "Give the scene the movie's frame rate and add the strip again, or reset its retiming or reversal.",
    )


def free_channel_above(strip: Any) -> int:
    """The lowest channel above the strip that is empty for as long as the strip is visible.

    Raises InputError if there is none.
    """
    left, right = versions.handles(strip)
    taken = set()
    for other in versions.top_level_strips(strip.id_data.sequence_editor):
        other_left, other_right = versions.handles(other)
        if other_left < right and left < other_right:
            taken.add(other.channel)
    highest = versions.StripType.bl_rna.properties["channel"].hard_max
    for channel in range(strip.channel + 1, highest + 1):
        if channel not in taken:
            return channel
    raise InputError(
        "no-channel", f'There is no free channel above the strip "{strip.name}".', "Move it to a lower channel."
    )


def _check_plain(strip: Any) -> None:
    """Raise InputError unless the strip shows its file's frames one by one, in order, in one place."""
    if strip.type not in _READABLE:
        kind = strip.bl_rna.properties["type"].enum_items[strip.type].name.lower()
        raise InputError(
            "bad-strip",
            f'The strip "{strip.name}" is a strip of type {kind}, which cannot be colorized yet.',
            "Choose a movie or image strip.",
        )
    if strip_named(strip.id_data, strip.name) is None:
        raise InputError(
            "bad-strip",
            f'The strip "{strip.name}" lies inside a meta strip, where it cannot be colorized yet.',
            "Take it out of the meta strip first.",
        )
    left, right = versions.handles(strip)
    offset_start, offset_end = versions.handle_offsets(strip)
    length = right - left + offset_start + offset_end
    # A strip that plays at another speed is longer or shorter than its content, unless segments even out.
    keys = getattr(strip, "retiming_keys", ())
    if strip.use_reverse_frames or len(keys) > 2 or round(length) != versions.content_duration(strip):
        raise _other_speed(strip)
    transform = strip.path_from_id("transform")
    if any(path.startswith(transform) for path in versions.animated_paths(strip.id_data)):
        raise InputError(
            "bad-strip",
            f'The transform of the strip "{strip.name}" is animated, which hints cannot follow yet.',
            "Clear its keyframes, colorize it, and animate the result.",
        )


def _existing(path: str, strip: Any) -> str:
    if not os.path.exists(path):
        raise InputError(
            "missing-file",
            f'The file of the strip "{strip.name}" is missing: {path}.',
            "Find it with File > External Data, or add the strip again.",
        )
    return path


def _first_number(folder: str, names: list[str], strip: Any) -> int:
    """The engine's source frame of the strip's first picture: it counts from the lowest number in the folder."""
    patterns, numbers = zip(*map(_pattern_and_number, names), strict=True)
    expected = range(numbers[0], numbers[0] + len(names))
    if None in patterns or len(set(patterns)) > 1 or list(numbers) != list(expected):
        raise InputError(
            "bad-strip",
            f'The pictures of the strip "{strip.name}" are not numbered one after the other.',
            "Number them without a gap, in a folder of their own.",
        )
    present = set(os.listdir(folder))
    for name in names:
        if name not in present:
            _existing(os.path.join(folder, name), strip)
    beside = map(_pattern_and_number, present)
    return numbers[0] - min(number for pattern, number in beside if pattern == patterns[0])


def _pattern_and_number(name: str) -> tuple[tuple[str, ...] | None, int]:
    """A picture's name without its number, and the number; None and -1 if it has none."""
    stem, suffix = os.path.splitext(name)
    match = _NUMBERED.fullmatch(stem)
    return ((match["before"], match["after"], suffix), int(match["number"])) if match else (None, -1)
