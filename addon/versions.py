"""What differs between Blender 4.2 LTS and 5.2, behind one name each; nothing else asks for a version.

Every difference is looked up by name, never by number: a name that is there is used. The newer name is asked
for first, since the older one lives on beside it, deprecated, for some releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import bpy

from ..core.errors import InputError

# 4.4 renamed Sequence to Strip; 5.0 renamed the annotations' GreasePencil to Annotation.
StripType: Any = getattr(bpy.types, "Strip", None) or bpy.types.Sequence
AnnotationType: Any = getattr(bpy.types, "Annotation", None) or bpy.types.GreasePencil
# From 4.5 on a property has to say that it takes a path relative to the file ("//").
_SAYS_RELATIVE = "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties
RELATIVE_PATH: set[str] = {"PATH_SUPPORTS_BLEND_RELATIVE"} if _SAYS_RELATIVE else set()

_NEW_TIMING = "content_start" in StripType.bl_rna.properties  # 5.2


def sequencer_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene that the sequencer edits: 5.0 gave it one of its own, which may be unset."""
    return getattr(context, "sequencer_scene", None) or context.scene


def top_level_strips(editor: bpy.types.SequenceEditor) -> Any:
    """The collection of the strips that lie in no meta strip (4.4 renamed it); it makes and removes strips."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def annotation_collection() -> Any:
    """The file's collection of annotation datablocks (5.0 renamed it; empty, it is false in a condition)."""
    return bpy.data.annotations if hasattr(bpy.data, "annotations") else bpy.data.grease_pencils


def space_annotation(space: bpy.types.SpaceSequenceEditor) -> Any | None:
    """The annotation that a sequence editor shows, or None (5.0 renamed the property)."""
    return space.annotation if hasattr(space, "annotation") else space.grease_pencil


def show_annotation(space: bpy.types.SpaceSequenceEditor, annotation: Any) -> None:
    """Make a sequence editor show, and paint on, an annotation."""
    setattr(space, "annotation" if hasattr(space, "annotation") else "grease_pencil", annotation)


def open_previews(context: bpy.types.Context) -> Iterator[dict[str, Any]]:
    """Every preview of a sequence editor that is open, for `temp_override`."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type != "SEQUENCER":
                region = next(region for region in area.regions if region.type == "PREVIEW")
                yield {"window": window, "area": area, "region": region, "space_data": area.spaces.active}


def paint_on_picture(context: bpy.types.Context) -> None:
    """Have annotations painted on the picture, not on the screen."""
    sequencer_scene(context).tool_settings.annotation_stroke_placement_view2d = "IMAGE"


def add_stroke(
    context: bpy.types.Context, annotation: Any, layer: Any, frame: int, points: Sequence[tuple[float, float]]
) -> None:
    """Paint a stroke of canvas points on a layer's key at a timeline frame; the key is there.

    Raises InputError if the layer is locked, or no preview is open in a Blender that paints in one alone (4.3 to 5.1).
    """
    if layer.lock:
        raise InputError("locked-layer", f'The annotation layer "{layer.info}" is locked.', "Unlock it, and try again.")
    key = next(key for key in layer.frames if key.frame_number == frame)
    before = len(key.strokes)
    if hasattr(key.strokes, "new"):
        stroke = key.strokes.new()
        stroke.display_mode = "2DSPACE"
        stroke.points.add(len(points))
    else:
        _gesture(context, annotation, layer, frame, len(points))
    if len(key.strokes) == before or len(key.strokes[-1].points) != len(points):
        raise InputError("no-stroke", f'Blender could not paint on the annotation layer "{layer.info}".')
    for point, (x, y) in zip(key.strokes[-1].points, points, strict=True):
        point.co = (x, y, 0.0)


def _gesture(context: bpy.types.Context, annotation: Any, layer: Any, frame: int, count: int) -> None:
    """Draw a stroke of that many points as a hand would, anywhere, in a preview that is open."""
    preview = next(open_previews(context), None)
    if preview is None:
        raise InputError("no-preview", "No preview of the sequencer is open.", "Open one, and try again.")
    scene, space = sequencer_scene(context), preview["space_data"]
    shown, active, now = space_annotation(space), annotation.layers.active_index, scene.frame_current
    known = bpy.types.OperatorStrokeElement.bl_rna.properties.keys()
    elements = []
    for number in range(count):
        # Further apart than what would be taken for a tremor, and dropped.
        place = (20.0 * number, 0.0)
        element = {
            "name": "", "location": (0.0, 0.0, 0.0), "mouse": place, "mouse_event": place, "pressure": 1.0, "size": 1.0,
            "pen_flip": False, "is_start": number == 0, "time": 0.02 * number, "x_tilt": 0.0, "y_tilt": 0.0,
        }  # fmt: skip
        elements.append({name: value for name, value in element.items() if name in known})
    try:
        show_annotation(space, annotation)
        annotation.layers.active_index = list(annotation.layers).index(layer)
        paint_on_picture(context)
        scene.frame_set(frame)
        with context.temp_override(**preview, scene=scene):
            bpy.ops.gpencil.annotate("EXEC_DEFAULT", mode="DRAW", stroke=elements)
    finally:
        scene.frame_set(now)
        annotation.layers.active_index = active
        show_annotation(space, shown)


def content_start(strip: Any) -> float:
    """The timeline frame of the strip's first content frame, trimmed content left out (5.2 renamed it)."""
    return strip.content_start if _NEW_TIMING else strip.frame_start


def content_duration(strip: Any) -> int:
    """How many frames the strip's content has, trimmed content left out."""
    return strip.content_duration if _NEW_TIMING else strip.frame_duration


def content_trim(strip: Any) -> tuple[int, int]:
    """How many source frames are cut off the content's start and end ("animation offset" before 5.2)."""
    if _NEW_TIMING:
        return strip.content_trim_start, strip.content_trim_end
    return strip.animation_offset_start, strip.animation_offset_end


def handles(strip: Any) -> tuple[int, int]:
    """The visible timeline frames: the first one, and the one after the last."""
    if _NEW_TIMING:
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def handle_offsets(strip: Any) -> tuple[float, float]:
    """How far each handle lies inside the content, in frames; negative where the first or last frame is held."""
    if _NEW_TIMING:
        return strip.left_handle_offset, strip.right_handle_offset
    return strip.frame_offset_start, strip.frame_offset_end


def place(strip: Any, start: float, left: int, right: int) -> None:
    """Put the content's first frame at `start`, and show timeline frames left..right-1."""
    names = ("left_handle", "right_handle") if _NEW_TIMING else ("frame_final_start", "frame_final_end")
    setattr(strip, "content_start" if _NEW_TIMING else "frame_start", start)
    # A handle stops one frame before the other: open the strip far enough first.
    setattr(strip, names[1], max(right, getattr(strip, names[1]), left + 1))
    setattr(strip, names[0], left)
    setattr(strip, names[1], right)


def animated_paths(scene: bpy.types.Scene) -> Iterator[str]:
    """The data paths of the scene's own F-curves (5.0 keeps them in layers only)."""
    action = scene.animation_data.action if scene.animation_data else None
    if action is None:
        return
    if hasattr(action, "fcurves"):
        yield from (curve.data_path for curve in action.fcurves)
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from (curve.data_path for curve in bag.fcurves)
