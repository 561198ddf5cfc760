"""The preview's annotations as color hints: a layer is a color, a key with strokes is a hint keyframe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import bpy

from ..core.errors import InputError
from ..core.hints import COORDINATE_LIMITS, HintTrack, Keyframe, Stroke
from . import strips, versions
from .placement import Placement
from .properties import keep_layer_radii, layer_radii

# Times the strokes of a keyframe from which on the one beside it tells much that it does not.
_FULLER = 2


def kept_annotation(strip: Any) -> Any | None:
    """The annotation that a strip keeps its hints in, or None."""
    return versions.annotation_collection().get(strip.vse_colorizer.annotation_name)


def current_annotation(context: bpy.types.Context) -> Any | None:
    """The annotation that holds the active strip's hints: what the sequence editor shows, else what the strip
    keeps; or None."""
    space = context.space_data
    shown = versions.space_annotation(space) if space is not None and space.type == "SEQUENCE_EDITOR" else None
    strip = strips.active_strip(versions.sequencer_scene(context))
    return shown or (kept_annotation(strip) if strip else None)


def keep_annotation(context: bpy.types.Context, strip: Any) -> Any:
    """The annotation that holds a strip's hints, made if there is none: kept by the strip, and shown by every
    sequence editor that shows none. A scene's strips share one unless the user shows another."""
    kept = map(kept_annotation, versions.top_level_strips(strip.id_data.sequence_editor))
    annotation = (
        current_annotation(context) or next(filter(None, kept), None) or versions.annotation_collection().new("Hints")
    )
    annotation.use_fake_user = True
    strip.vse_colorizer.annotation_name = annotation.name
    keep_layer_radii(annotation)
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            for space in area.spaces:
                if space.type == "SEQUENCE_EDITOR" and versions.space_annotation(space) is None:
                    versions.show_annotation(space, annotation)
    return annotation


def hint_layers(annotation: Any) -> list[Any]:
    """The layers whose strokes are hints: rulers and hidden layers are none."""
    return [layer for layer in annotation.layers if not (layer.annotation_hide or layer.is_ruler)]


def keep_hint_keyframe(annotation: Any, frame: int) -> None:
    """Give every hint layer a key at a timeline frame, a blank one where there is none: hints of an earlier keyframe
    end there, and are not seen on it."""
    for layer in hint_layers(annotation):
        if all(key.frame_number != frame for key in layer.frames):
            layer.frames.new(frame)


def add_strokes(context: bpy.types.Context, annotation: Any, strip: Any, frame: int, strokes: Sequence[Stroke]) -> None:
    """Paint strokes at a timeline frame, each on the first layer of its color and radius.

    Raises InputError if there is no such layer any more, it is locked, or Blender cannot paint without a preview.
    """
    place = strips.placement(strip)
    radii = _radii_by_name(annotation)
    layers: dict[tuple[str, float], Any] = {}
    for layer in hint_layers(annotation):
        layers.setdefault((hex_color(layer), radii[layer.info]), layer)
    for stroke in strokes:
        if (stroke.color, stroke.radius) not in layers:
            raise InputError(
                "no-layer",
                f"No hint color {stroke.color} of radius {stroke.radius:.3f} is there any more.",
                "Try again.",
            )
        layer = layers[stroke.color, stroke.radius]
        versions.add_stroke(context, annotation, layer, frame, [place.to_canvas(x, y) for x, y in stroke.points])


def hex_color(layer: Any) -> str:
    """A layer's color as hints have it, "#rrggbb"."""
    return "#" + "".join(f"{round(min(max(value, 0.0), 1.0) * 255):02x}" for value in layer.color)


def stroke_counts(annotation: Any, strip: Any) -> dict[int, int]:
    """Timeline frame → number of strokes, for every key that stands where the strip is visible, in order."""
    left, right = versions.handles(strip)
    counts: dict[int, int] = {}
    for layer in hint_layers(annotation):
        for key in layer.frames:
            if left <= key.frame_number < right:
                counts[key.frame_number] = counts.get(key.frame_number, 0) + len(key.strokes)
    return dict(sorted(counts.items()))


def fuller_keyframe(counts: Mapping[int, int], frame: int) -> int | None:
    """The hint keyframe beside a frame that has more than twice the strokes painted there; None where it has none
    itself, or enough.

    counts: of `stroke_counts`. Colors follow the keyframes on both sides of a frame alone: what is painted on one to
    correct a detail has to say the rest again.
    """
    own = counts.get(frame, 0)
    stroked = [number for number, count in counts.items() if count]
    before, after = [number for number in stroked if number < frame], [number for number in stroked if number > frame]
    beside = before[-1:] + after[:1]
    fuller = [number for number in beside if counts[number] > _FULLER * own]
    return max(fuller, key=counts.__getitem__) if own and fuller else None


def read_hints(annotation: Any, strip: Any) -> HintTrack:
    """The hints of a strip: of each key that has strokes on the picture, on the source frame it stands on.

    Blender shows a key's strokes until the next key; as hints they stand on the key's own frame alone. Where a
    strip holds one source frame for several timeline frames, their strokes come together. Raises InputError if
    the strip cannot be read, or a stroke has a point that is no number or was painted on the screen.
    """
    footage = strips.read_footage(strip)
    place = strips.placement(strip)
    keyframes: dict[int, list[Stroke]] = {}
    radii = _radii_by_name(annotation)
    for layer in hint_layers(annotation):
        for key in layer.frames:
            if not footage.shows(key.frame_number):
                continue
            strokes = [
                Stroke(hex_color(layer), radii[layer.info], points)
                for painted in key.strokes
                for points in _points_on_picture(painted, layer, key, place)
            ]
            if strokes:
                keyframes.setdefault(footage.source_frame(key.frame_number), []).extend(strokes)
    return HintTrack(tuple(Keyframe(frame, tuple(strokes)) for frame, strokes in sorted(keyframes.items())))


def current_hints(context: bpy.types.Context, strip: Any) -> HintTrack:
    """The hints of a strip in the annotation that holds the active strip's; none without one. Raises what `read_hints`
    raises."""
    annotation = current_annotation(context)
    return read_hints(annotation, strip) if annotation else HintTrack()


def _radii_by_name(annotation: Any) -> dict[str, float]:
    return dict(zip((layer.info for layer in annotation.layers), layer_radii(annotation), strict=True))


def _points_on_picture(
    painted: Any, layer: Any, key: Any, place: Placement
) -> Iterator[tuple[tuple[float, float], ...]]:
    """The stroke in image coordinates, cut where it leaves their limits; parts beside the picture fall out."""
    where = f'The annotation layer "{layer.info}" has a stroke on frame {key.frame_number}'
    if getattr(painted, "display_mode", "2DSPACE") != "2DSPACE":
        raise InputError(
            "bad-hints",
            f"{where} that was painted on the screen, not on the picture.",
            "Erase it, set the Annotate tool's Placement to Image, and paint it again.",
        )
    low, high = COORDINATE_LIMITS
    part: list[tuple[float, float]] = []
    for point in painted.points:
        x, y = place.to_image(point.co[0], point.co[1])
        if not (math.isfinite(x) and math.isfinite(y)):
            raise InputError("bad-hints", f"{where} with a point that is no number.", "Erase it and paint it again.")
        if low <= x <= high and low <= y <= high:
            part.append((x, y))
        elif part:
            yield from _if_on_picture(part)
            part = []
    if part:
        yield from _if_on_picture(part)


def _if_on_picture(part: list[tuple[float, float]]) -> Iterator[tuple[tuple[float, float], ...]]:
    if any(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in part):
        yield tuple(part)
