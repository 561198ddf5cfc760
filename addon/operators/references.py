"""Add and remove references: pictures in color that a strip's frames are to follow."""

# Blender reads properties off annotations that are calls.
# mypy: disable-error-code="valid-type"

from __future__ import annotations

import os

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ...core.errors import InputError
from .. import strips, versions


class AddReference(bpy.types.Operator):
    """Choose a picture in color for this frame: the frame itself, colored elsewhere, or any other picture"""

    bl_idname = "vse_colorizer.add_reference"
    bl_label = "Add Reference"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Picture", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # Without this Blender fills in the name of the saved .blend.
        self.filepath = bpy.path.abspath("//")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = versions.sequencer_scene(context)
        try:
            strip = strips.require_visible_strip(scene, scene.frame_current)
            if not os.path.basename(self.filepath):
                raise InputError("missing-file", "No picture was chosen.", "Choose a picture in color.")
        except InputError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        frame = strips.read_footage(strip).source_frame(scene.frame_current)
        references = strip.vse_colorizer.references
        same = [item for item in references if item.frame == frame]
        item = same[0] if same else references.add()
        item.frame, item.picture = frame, _stored(self.filepath, context)
        return {"FINISHED"}


def _stored(path: str, context: bpy.types.Context) -> str:
    """The path as a project keeps it: relative to the saved .blend where the preferences ask for that."""
    if not (bpy.data.is_saved and context.preferences.filepaths.use_relative_paths):
        return path
    try:
        return bpy.path.relpath(path)
    except ValueError:  # on another drive
        return path


class RemoveReference(bpy.types.Operator):
    """Color without this reference; the picture stays where it is"""

    bl_idname = "vse_colorizer.remove_reference"
    bl_label = "Remove Reference"
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(name="Frame", description="Source frame of the reference", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        strip = strips.active_strip(versions.sequencer_scene(context))
        references = strip.vse_colorizer.references if strip else []
        found = [index for index, item in enumerate(references) if item.frame == self.frame]
        if not found:
            self.report({"ERROR"}, f"There is no reference for source frame {self.frame}.")
            return {"CANCELLED"}
        references.remove(found[0])
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory((AddReference, RemoveReference))
