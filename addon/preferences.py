"""The add-on's preferences: the engine's interpreter, its cache folder, and how to get an engine."""

# Blender reads properties off annotations that are calls.
# mypy: disable-error-code="valid-type"

from __future__ import annotations

import textwrap

import bpy
from bpy.props import StringProperty

from . import runtime
from .interpreters import engine_interpreter

# Blender knows the add-on by the package above this one.
ADDON_ID = __package__.rpartition(".")[0]
# A letter of Blender's interface font is about this many pixels wide; the icon and the borders take so many letters.
_LETTER_WIDTH = 7
_MARGIN = 10


class Preferences(bpy.types.AddonPreferences):
    bl_idname = ADDON_ID

    interpreter: StringProperty(
        name="Engine's Python",
        description="A Python interpreter that has what the engine needs. "
        "Empty: the environment that Set Up Engine makes, else Blender's own",
        subtype="FILE_PATH",
    )
    cache_folder: StringProperty(
        name="Cache Folder",
        description="Where the engine keeps finished frames. Empty: the user's cache folder",
        subtype="DIR_PATH",
    )
    wheels_folder: StringProperty(
        name="Wheels Folder",
        description="A folder of the engine's packages as wheels, for a machine with no network. Empty: download them",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "interpreter")
        layout.prop(self, "cache_folder")
        layout.prop(self, "wheels_folder")
        row = layout.row()
        row.operator("vse_colorizer.check_engine")
        row.operator("vse_colorizer.set_up_engine")
        draw_task(context, layout)


def draw_task(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    """Show the running task's progress with a Cancel button, else the last thing said."""
    if runtime.task is not None:
        row = layout.row(align=True)
        row.progress(factor=runtime.task.factor, text=runtime.task.status)
        row.operator("vse_colorizer.cancel", text="", icon="X")
    elif runtime.message:
        _draw_sentence(context, layout, runtime.message, icon="ERROR" if runtime.failed else "INFO")


def _draw_sentence(context: bpy.types.Context, layout: bpy.types.UILayout, sentence: str, icon: str) -> None:
    """Show a sentence in several lines: a label is cut off where the region ends."""
    width = max(20, int(context.region.width / (_LETTER_WIDTH * context.preferences.system.ui_scale)) - _MARGIN)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(sentence, width)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")


def preferences(context: bpy.types.Context) -> Preferences:
    """The add-on's preferences."""
    return context.preferences.addons[ADDON_ID].preferences


def chosen_path(path: str) -> str:
    """A path of the preferences as the system knows it; "" stays ""."""
    return bpy.path.abspath(path) if path else ""


def chosen_engine(context: bpy.types.Context) -> tuple[str, str]:
    """The engine's interpreter and cache folder; "" for the user's own cache folder.

    Raises InputError "bad-interpreter" if the chosen interpreter does not exist.
    """
    chosen = preferences(context)
    return engine_interpreter(chosen_path(chosen.interpreter)), chosen_path(chosen.cache_folder)


def register() -> None:
    bpy.utils.register_class(Preferences)


def unregister() -> None:
    bpy.utils.unregister_class(Preferences)
