"""Check Engine and Set Up Engine."""

from __future__ import annotations

import bpy

from .. import runtime
from ..engine_setup import EngineSetup
from ..interpreters import EngineCheck
from ..preferences import chosen_engine, chosen_path, preferences
from .task_operator import TaskOperator


class CheckEngine(TaskOperator, bpy.types.Operator):
    """Say whether the engine can run, and on what"""

    bl_idname = "vse_colorizer.check_engine"
    bl_label = "Check Engine"

    def make_task(self, context: bpy.types.Context) -> EngineCheck:
        self._interpreter, cache_folder = chosen_engine(context)
        return EngineCheck(self._interpreter, cache_folder)

    def conclude(self, context: bpy.types.Context, task: EngineCheck) -> str:
        runtime.fit_interpreters.add(self._interpreter)
        return task.verdict


class SetUpEngine(TaskOperator, bpy.types.Operator):
    """Make an environment of the add-on's own with what the engine needs (1 to 5 GB)"""

    bl_idname = "vse_colorizer.set_up_engine"
    bl_label = "Set Up Engine"

    def make_task(self, context: bpy.types.Context) -> EngineSetup:
        # A running engine may hold the environment that is about to be replaced.
        runtime.end_engine()
        return EngineSetup(chosen_path(preferences(context).wheels_folder), bpy.app.online_access)

    def conclude(self, context: bpy.types.Context, task: EngineSetup) -> str:
        if preferences(context).interpreter:
            return "The engine is set up; clear Engine's Python in the preferences to use it."
        return "The engine is set up."


register, unregister = bpy.utils.register_classes_factory((CheckEngine, SetUpEngine))
