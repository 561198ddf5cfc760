"""What lives as long as Blender's process: the warm engine, the task that runs, and the last thing said. No bpy."""

from __future__ import annotations

from .engine_client import EngineClient
from .task import Task

task: Task | None = None
message = ""
failed = False

# Interpreters that have passed the engine's check since Blender started.
fit_interpreters: set[str] = set()

_engine: EngineClient | None = None


def say(sentence: str, failure: bool = False) -> None:
    """Set the sentence that the panel shows."""
    global message, failed
    message, failed = sentence, failure


def warm_engine(interpreter: str, cache_folder: str) -> EngineClient:
    """The running engine, or a new one if there is none, it has ended or it runs otherwise.

    Raises what EngineClient raises.
    """
    global _engine
    wanted = (interpreter, cache_folder)
    if _engine is not None and not (_engine.runs() and (_engine.interpreter, _engine.cache_folder) == wanted):
        end_engine()
    if _engine is None:
        _engine = EngineClient(interpreter, cache_folder)
    return _engine


def end_engine() -> None:
    """End the engine, if one runs."""
    global _engine
    if _engine is not None:
        _engine.end()
    _engine = None


def end_all() -> None:
    """End the task and the engine: the file or Blender is being left."""
    global task
    if task is not None:
        task.end()
    task = None
    end_engine()
