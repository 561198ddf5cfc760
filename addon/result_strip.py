"""The colored frames on the timeline: an image strip above the strip they came from."""

from __future__ import annotations

import os
from typing import Any

import bpy

from ..core.errors import InputError
from . import strips, versions

_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")
_MIRROR = ("use_flip_x", "use_flip_y")
_LOOK = ("blend_type", "blend_alpha", "color_multiply", "strobe")


def output_folder(strip: Any) -> str:
    """The absolute path of the folder for the strip's colored frames.

    Raises InputError if it would lie beside a file that is not saved yet, or is the source's own folder.
    """
    base = strip.id_data.vse_colorizer.output_folder
    if not base or (base.startswith("//") and not bpy.data.filepath):
        raise InputError(
            "no-output-folder",
            "There is no place for the colored frames yet.",
            "Save the file, or choose an Output Folder in the settings.",
        )
    folder = os.path.join(bpy.path.abspath(base), bpy.path.clean_name(strip.name))
    if strip.type == "IMAGE" and os.path.realpath(folder) == os.path.realpath(bpy.path.abspath(strip.directory)):
        raise InputError(
            "bad-output",
            f"The colored frames would go into the footage's own folder, {folder}.",
            "Choose another Output Folder, or rename the strip.",
        )
    return folder


def frame_name(source_frame: int) -> str:
    """The file name of a colored frame, as the engine writes it."""
    return f"frame_{source_frame:06d}.png"


def find_result(strip: Any) -> Any | None:
    """The earlier result of a strip: what says so of itself and is visible while the strip is; or None."""
    left, right = versions.handles(strip)
    for other in versions.top_level_strips(strip.id_data.sequence_editor):
        other_left, other_right = versions.handles(other)
        if other.type == "IMAGE" and other.vse_colorizer.result_of == strip.name:
            if other_left < right and left < other_right:
                return other
    return None


def put_result(strip: Any, first: int, names: list[str], folder: str) -> Any:
    """Show the colored frames above a strip, just as the strip shows its own. Returns the image strip.

    names: the files of source frames first, first + 1, ... in the folder. An earlier result keeps its channel,
    its name and its look, and gets the new frames. Raises InputError if no channel above is free.
    """
    result = find_result(strip) or _new_result(strip, os.path.join(folder, names[0]))
    while len(result.elements) > len(names):
        result.elements.pop(len(result.elements) - 1)
    for name in names[len(result.elements) :]:
        result.elements.append(name)
    for element, name in zip(result.elements, names, strict=True):
        element.filename = name
    # Set even where it is the same: it makes Blender read the files anew.
    result.directory = folder
    result.colorspace_settings.name = strip.colorspace_settings.name
    for attributes, source, target in (
        (_TRANSFORM, strip.transform, result.transform),
        (_CROP, strip.crop, result.crop),
        (_MIRROR, strip, result),
    ):
        for attribute in attributes:
            setattr(target, attribute, getattr(source, attribute))
    versions.place(result, strips.read_footage(strip).source_zero + first, *versions.handles(strip))
    return result


def _new_result(strip: Any, path: str) -> Any:
    channel = strips.free_channel_above(strip)
    result = versions.top_level_strips(strip.id_data.sequence_editor).new_image(
        name=f"{strip.name} colorized", filepath=path, channel=channel, frame_start=1, fit_method="ORIGINAL"
    )
    result.vse_colorizer.result_of = strip.name
    for attribute in _LOOK:
        setattr(result, attribute, getattr(strip, attribute))
    return result
