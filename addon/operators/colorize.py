"""Colorize Strip, and Cancel."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import InputError
from ...core.job import Job, Output, Settings, Source, Style
from .. import annotation_hints, runtime, strips, versions
from ..engine_run import EngineRun
from ..preferences import chosen_engine, chosen_path
from ..result_strip import find_result, frame_name, output_folder, put_result
from .task_operator import TaskOperator


def colorize_job(context: bpy.types.Context, strip: Any, footage: strips.Footage) -> Job:
    """The job that colors what the strip shows. Raises InputError if its hints or output folder cannot be used."""
    settings = strip.vse_colorizer
    return Job(
        source=Source(footage.path, footage.first, None if footage.open_end else footage.last),
        output=Output(output_folder(strip), "png", int(settings.bit_depth)),
        hints=annotation_hints.current_hints(context, strip),
        references={item.frame: chosen_path(item.picture) for item in settings.references if item.picture},
        style=Style(chosen_path(settings.style_picture), settings.style_strength) if settings.style_picture else None,
        settings=Settings(
            variant=settings.variant,
            device=strip.id_data.vse_colorizer.device,
            working_size=settings.working_size,
            temporal_strength=settings.temporal_strength,
            saturation=settings.saturation,
        ),
    )


class ColorizeStrip(TaskOperator, bpy.types.Operator):
    """Color the active strip as its hints say, and put the result above it"""

    bl_idname = "vse_colorizer.colorize_strip"
    bl_label = "Colorize Strip"
    bl_options = {"UNDO"}

    def make_task(self, context: bpy.types.Context) -> EngineRun:
        scene = versions.sequencer_scene(context)
        strip = strips.require_active_strip(scene)
        self._footage = strips.read_footage(strip)
        strips.check_speed(strip)
        if find_result(strip) is None:
            strips.free_channel_above(strip)
        job = colorize_job(context, strip, self._footage)
        # Names, not pointers: strips move in memory while the engine works.
        self._scene_name, self._strip_name = scene.name, strip.name
        self._folder = output_folder(strip)
        return EngineRun("colorize", {"job": job.to_json()}, *chosen_engine(context))

    def conclude(self, context: bpy.types.Context, task: EngineRun) -> str:
        assert task.result is not None
        footage = self._footage
        count = min(task.result["frames"], footage.last - footage.first + 1)
        strip = strips.find_strip(self._scene_name, self._strip_name)
        if strip is None:
            raise InputError(
                "no-strip",
                f'The strip "{self._strip_name}" is no longer there.',
                f"Its colored frames are in {self._folder}.",
            )
        names = [frame_name(footage.first + number) for number in range(count)]
        result = put_result(strip, footage.first, names, self._folder)
        sentence = f'{count} frames are in the strip "{result.name}", {task.result["reused"]} of them from the cache.'
        return " ".join([sentence, *task.result["warnings"]])


class Cancel(bpy.types.Operator):
    """Stop what is running; finished frames are kept"""

    bl_idname = "vse_colorizer.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return runtime.task is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        if runtime.task is not None:
            runtime.task.cancel()
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory((ColorizeStrip, Cancel))
