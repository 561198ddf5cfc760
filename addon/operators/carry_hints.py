"""Carry Hints: a hint keyframe that begins with what holds there already."""

from __future__ import annotations

import bpy

from ...core.errors import InputError
from ...core.hints import parse_hints
from .. import annotation_hints, strips, versions
from ..engine_run import EngineRun
from ..preferences import chosen_engine
from .task_operator import TaskOperator


class CarryHints(TaskOperator, bpy.types.Operator):
    """Paint the hints of the keyframes before and after this frame on it, where the footage has moved them to"""

    bl_idname = "vse_colorizer.carry_hints"
    bl_label = "Carry Hints Here"
    bl_options = {"UNDO"}

    def make_task(self, context: bpy.types.Context) -> EngineRun:
        scene = versions.sequencer_scene(context)
        frame = scene.frame_current
        strip = strips.require_visible_strip(scene, frame)
        footage = strips.read_footage(strip)
        annotation, hints = annotation_hints.current_annotation(context), annotation_hints.current_hints(context, strip)
        here = footage.source_frame(frame)
        if annotation is None or all(keyframe.frame == here for keyframe in hints.keyframes):
            raise InputError(
                "no-hints", f"No other frame has hints to carry to frame {frame}.", "Paint some on another frame first."
            )
        # Names, not pointers: strips move in memory while the engine works.
        self._scene_name, self._strip_name, self._annotation_name = scene.name, strip.name, annotation.name
        self._frame = frame
        fields = {"path": footage.path, "frame": here, "hints": hints.to_json()}
        return EngineRun("carry", fields, *chosen_engine(context))

    def conclude(self, context: bpy.types.Context, task: EngineRun) -> str:
        assert task.result is not None
        keyframe = {"frame": 0, "strokes": task.result["strokes"]}
        strokes = parse_hints({"version": 1, "keyframes": [keyframe]}).keyframes[0].strokes
        if not strokes:
            raise InputError(
                "nothing-carried",
                f"No hint around frame {self._frame} can be followed to it, beside what is painted there.",
                "Paint there what matters.",
            )
        strip = strips.find_strip(self._scene_name, self._strip_name)
        annotation = versions.annotation_collection().get(self._annotation_name)
        if strip is None or annotation is None:
            raise InputError("no-strip", f'The strip "{self._strip_name}" or its hints are no longer there.')
        annotation_hints.keep_hint_keyframe(annotation, self._frame)
        annotation_hints.add_strokes(context, annotation, strip, self._frame, strokes)
        return f"{len(strokes)} stroke{'' if len(strokes) == 1 else 's'} carried to frame {self._frame}."


register, unregister = bpy.utils.register_classes_factory((CarryHints,))
