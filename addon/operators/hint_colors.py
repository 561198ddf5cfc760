"""Hint colors: each is an annotation layer."""

# Blender reads properties off annotations that are calls.
# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import FloatVectorProperty

from ...core.errors import InputError
from .. import annotation_hints, strips, versions

# Starting colors that are easily told apart: skin, grass, sky, brick, wood, cloth, and grey for "leave this grey".
_PALETTE = ("#d9a58a", "#6f8f45", "#7fa8d6", "#a8513b", "#8a6642", "#5a4a8c", "#808080")

_THICKNESS = 5


def add_hint_layer(annotation: Any, color: tuple[float, float, float] | None = None) -> Any:
    """Add a layer for one hint color, of the active one's radius, and make it the active one.

    color: sRGB, 0..1; None: the palette's next.
    """
    radius = annotation.vse_colorizer.active_radius
    if color is None:
        code = _PALETTE[len(annotation.layers) % len(_PALETTE)]
        color = (int(code[1:3], 16) / 255, int(code[3:5], 16) / 255, int(code[5:7], 16) / 255)
    layer = annotation.layers.new("Hint", set_active=True)
    layer.color = color
    # Screen pixels; a layer made by a script has none, and its strokes would not be seen.
    layer.thickness = _THICKNESS
    # Blender would show the strokes of the keyframes around in red and green, which look like hints of these colors.
    layer.use_annotation_onion_skinning = False
    annotation.vse_colorizer.active_radius = radius
    return layer


class AddHintColor(bpy.types.Operator):
    """Add a color to paint hints with"""

    bl_idname = "vse_colorizer.add_hint_color"
    bl_label = "Add Hint Color"
    bl_options = {"REGISTER", "UNDO"}

    color: FloatVectorProperty(
        name="Color", description="sRGB", subtype="COLOR_GAMMA", size=3, min=0.0, max=1.0, options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = tuple(self.color) if self.properties.is_property_set("color") else None
        try:
            strip = strips.require_active_strip(versions.sequencer_scene(context))
        except InputError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        add_hint_layer(annotation_hints.keep_annotation(context, strip), chosen)
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory((AddHintColor,))
