"""The sidebar's Colorize tab, in the sequencer and in the preview."""

from __future__ import annotations

from typing import Any

import bpy

from . import annotation_hints, runtime, strips, versions
from .preferences import draw_task
from .properties import layer_radii


class HintColors(bpy.types.UIList):
    """One row for each hint color: the annotation layer's color, name and radius."""

    bl_idname = "VSECOLORIZER_UL_hint_colors"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
    ) -> None:
        row = layout.row(align=True)
        swatch = row.row()
        swatch.ui_units_x = 1.6
        swatch.prop(item, "color", text="")
        row.prop(item, "info", text="", emboss=False)
        radius = row.row()
        radius.alignment = "RIGHT"
        radius.label(text=f"{layer_radii(data)[index]:.3f}")
        row.prop(item, "annotation_hide", text="", icon="HIDE_ON" if item.annotation_hide else "HIDE_OFF", emboss=False)


class _ColorizePanel:
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Colorize"


class _StripPanel(_ColorizePanel):
    """A part of the Colorize panel that is there only with an active strip."""

    bl_parent_id = "VSECOLORIZER_PT_colorize"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return strips.active_strip(versions.sequencer_scene(context)) is not None


class ColorizePanel(_ColorizePanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_colorize"
    bl_label = "Colorize"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        strip = strips.active_strip(versions.sequencer_scene(context))
        if strip is None:
            layout.label(text="No strip is active", icon="INFO")
        else:
            layout.label(text=strip.name, icon="FILE_MOVIE" if strip.type == "MOVIE" else "FILE_IMAGE")
            row = layout.row()
            row.scale_y = 1.4
            row.enabled = runtime.task is None
            row.operator("vse_colorizer.colorize_strip", icon="COLOR")
        draw_task(context, layout)


class HintsPanel(_StripPanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_hints"
    bl_label = "Hints"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("vse_colorizer.add_hint_keyframe", icon="KEY_HLT")
        annotation = annotation_hints.current_annotation(context)
        if annotation is None:
            return
        row = layout.row()
        row.enabled = runtime.task is None
        row.operator("vse_colorizer.carry_hints", icon="TRACKING")
        scene = versions.sequencer_scene(context)
        counts = annotation_hints.stroke_counts(annotation, strips.active_strip(scene))
        fuller = annotation_hints.fuller_keyframe(counts, scene.frame_current)
        if fuller is not None:
            layout.label(text=f"Few hints here, more on frame {fuller}", icon="INFO")
        row = layout.row()
        row.template_list(
            HintColors.bl_idname, "", annotation, "layers", annotation.layers, "active_index", rows=3, sort_lock=True
        )
        column = row.column(align=True)
        column.operator("vse_colorizer.add_hint_color", text="", icon="ADD")
        column.operator("gpencil.layer_annotation_remove", text="", icon="REMOVE")
        if len(annotation.layers):
            layout.prop(annotation.vse_colorizer, "active_radius", slider=True)
        self._draw_keyframes(counts, scene.frame_current)

    def _draw_keyframes(self, counts: dict[int, int], current: int) -> None:
        column = self.layout.column(align=True)
        for frame, count in counts.items():
            row = column.row(align=True)
            strokes = f"{count} stroke{'' if count == 1 else 's'}" if count else "nothing painted yet"
            text = f"Frame {frame}: {strokes}"
            row.operator("vse_colorizer.go_to_hint_keyframe", text=text, depress=frame == current).frame = frame
            row.operator("vse_colorizer.remove_hint_keyframe", text="", icon="X").frame = frame


class ReferencesPanel(_StripPanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_references"
    bl_label = "References"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("vse_colorizer.add_reference", icon="IMAGE_REFERENCE")
        strip = strips.active_strip(versions.sequencer_scene(context))
        if strip is None:
            return
        for item in sorted(strip.vse_colorizer.references, key=lambda item: item.frame):
            row = layout.row(align=True)
            row.label(text=f"Source frame {item.frame}")
            row.prop(item, "picture", text="")
            row.operator("vse_colorizer.remove_reference", text="", icon="X").frame = item.frame


class StylePanel(_StripPanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_style"
    bl_label = "Style"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        strip = strips.active_strip(versions.sequencer_scene(context))
        if strip is None:
            return
        layout.prop(strip.vse_colorizer, "style_picture")
        strength = layout.row()
        strength.enabled = bool(strip.vse_colorizer.style_picture)
        strength.prop(strip.vse_colorizer, "style_strength", slider=True)


class SettingsPanel(_ColorizePanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_settings"
    bl_label = "Settings"
    bl_parent_id = "VSECOLORIZER_PT_colorize"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        scene = versions.sequencer_scene(context)
        strip = strips.active_strip(scene)
        if strip is not None:
            for name in ("variant", "working_size", "temporal_strength", "saturation", "bit_depth"):
                layout.prop(strip.vse_colorizer, name)
            layout.separator()
        layout.prop(scene.vse_colorizer, "device")
        layout.prop(scene.vse_colorizer, "output_folder")


class EnginePanel(_ColorizePanel, bpy.types.Panel):
    bl_idname = "VSECOLORIZER_PT_engine"
    bl_label = "Engine"
    bl_parent_id = "VSECOLORIZER_PT_colorize"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        row = self.layout.row()
        row.enabled = runtime.task is None
        row.operator("vse_colorizer.check_engine")
        row.operator("vse_colorizer.set_up_engine")


register, unregister = bpy.utils.register_classes_factory(
    (HintColors, ColorizePanel, HintsPanel, ReferencesPanel, StylePanel, SettingsPanel, EnginePanel)
)
