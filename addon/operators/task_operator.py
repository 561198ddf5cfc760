"""What operators that run a task have in common: a timer where there is a window, a loop where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import bpy

from ...core.errors import InputError
from .. import runtime
from ..task import Task

_STEP_S = 0.1


class TaskOperator:
    """Mixin for an operator that runs one task at a time and shows it in the panel.

    It is no Generic: Blender 4.2 and 4.5 do not survive the end of a process in which an operator was one.
    """

    _task: Task
    report: Callable[[set[str], str], None]

    def make_task(self, context: bpy.types.Context) -> Task:
        """The task to run. Raises InputError if it cannot be."""
        raise NotImplementedError

    def conclude(self, context: bpy.types.Context, task: Any) -> str:
        """Use what the task has done. Returns the sentence to show. Raises InputError if that is not possible."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if bpy.app.background:
            return self.execute(context)
        if not self._start(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_STEP_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        self._task.step()
        _redraw(context)
        if not self._task.finished:
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._finish(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run the task to its end; its progress goes to the terminal."""
        if not self._start(context):
            return {"CANCELLED"}
        shown = ""
        try:
            while not self._task.finished:
                self._task.step()
                if self._task.status != shown:
                    shown = self._task.status
                    _show_in_terminal(self._task)
                time.sleep(_STEP_S / 2)
        except BaseException:
            runtime.end_all()
            raise
        finally:
            sys.stderr.write("\n")
        return self._finish(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender leaves the file, or quits."""
        context.window_manager.event_timer_remove(self._timer)
        runtime.end_all()

    def _start(self, context: bpy.types.Context) -> bool:
        try:
            if runtime.task is not None:
                raise InputError("busy", "Another task is running.", "Wait for it, or cancel it.")
            self._task = self.make_task(context)
        except InputError as error:
            self._say(str(error), failure=True)
            return False
        runtime.task = self._task
        runtime.say("")
        return True

    def _finish(self, context: bpy.types.Context) -> set[str]:
        runtime.task = None
        try:
            if self._task.error is not None:
                raise self._task.error
            if self._task.cancelled:
                self._say("Cancelled.")
                return {"CANCELLED"}
            self._say(self.conclude(context, self._task))
        except InputError as error:
            self._say(str(error), failure=True)
            return {"CANCELLED"}
        return {"FINISHED"}

    def _say(self, sentence: str, failure: bool = False) -> None:
        runtime.say(sentence, failure)
        _redraw(bpy.context)
        self.report({"ERROR"} if failure else {"INFO"}, sentence)


def _redraw(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"SEQUENCE_EDITOR", "PREFERENCES"}:
                area.tag_redraw()


def _show_in_terminal(task: Task) -> None:
    filled = round(task.factor * 30)
    sys.stderr.write(f"\r{'█' * filled}{'·' * (30 - filled)} {task.status:<60}")
    sys.stderr.flush()
