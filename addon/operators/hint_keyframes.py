"""Add, remove and go to hint keyframes: the frames of the strip that carry painted hints."""

# Blender reads properties off annotations that are calls.
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import IntProperty

from ...core.errors import InputError
from .. import annotation_hints, strips, versions
from .hint_colors import add_hint_layer


def _start_annotate_tool(context: bpy.types.Context) -> None:
    """Make Annotate the tool of every preview that is open, painting on the picture."""
    versions.paint_on_picture(context)
    for preview in versions.open_previews(context):
        with context.temp_override(**preview):
            bpy.ops.wm.tool_set_by_id(name="builtin.annotate")


class AddHintKeyframe(bpy.types.Operator):
    """Start a hint keyframe here"""

    bl_idname = "vse_colorizer.add_hint_keyframe"
    bl_label = "Add Hint Keyframe"
    bl_description = (
        "Start a hint keyframe here: an empty picture to paint color hints on, in the preview. "
        "Hints of other keyframes do not reach past it, unless they are carried here"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        frame = versions.sequencer_scene(context).frame_current
        try:
            strip = strips.require_visible_strip(versions.sequencer_scene(context), frame)
        except InputError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        annotation = annotation_hints.keep_annotation(context, strip)
        if not annotation_hints.hint_layers(annotation):
            add_hint_layer(annotation)
        annotation_hints.keep_hint_keyframe(annotation, frame)
        _start_annotate_tool(context)
        return {"FINISHED"}


class RemoveHintKeyframe(bpy.types.Operator):
    """Remove the hints that are painted on this frame, in all colors"""

    bl_idname = "vse_colorizer.remove_hint_keyframe"
    bl_label = "Remove Hint Keyframe"
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(name="Frame", description="Timeline frame of the keyframe", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        annotation = annotation_hints.current_annotation(context)
        found: list[tuple[Any, Any]] = [
            (layer, key)
            for layer in (annotation_hints.hint_layers(annotation) if annotation else ())
            for key in layer.frames
            if key.frame_number == self.frame
        ]
        for layer, key in found:
            layer.frames.remove(key)
        if not found:
            self.report({"ERROR"}, f"There is no hint keyframe on frame {self.frame}.")
            return {"CANCELLED"}
        return {"FINISHED"}


class GoToHintKeyframe(bpy.types.Operator):
    """Go to this hint keyframe"""

    bl_idname = "vse_colorizer.go_to_hint_keyframe"
    bl_label = "Go to Hint Keyframe"

    frame: IntProperty(name="Frame", description="Timeline frame of the keyframe", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        versions.sequencer_scene(context).frame_set(self.frame)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory((AddHintKeyframe, RemoveHintKeyframe, GoToHintKeyframe))
