"""The engine process as Blender sees it: requests out, events in, never waiting. No bpy.

Messages are those of core/messages.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core import messages
from ..core.errors import InputError
from .child_process import ChildProcess, exit_reason

ENGINE_PROGRAM = Path(__file__).resolve().parent.parent / "core" / "__main__.py"
# Time for the engine to finish the frame it writes when it is asked to leave.
_GRACE_S = 2.0


def engine_command(interpreter: str, cache_folder: str, *arguments: str) -> list[str]:
    """The command that starts `core` with an interpreter; -I keeps Blender's own packages out of it."""
    return [interpreter, "-I", str(ENGINE_PROGRAM), *arguments, *(["--cache", cache_folder] if cache_folder else [])]


class EngineClient:
    """A running engine, kept warm between jobs.

    Raises InputError "cannot-start" if the interpreter cannot be started.
    """

    def __init__(self, interpreter: str, cache_folder: str = "") -> None:
        self.interpreter = interpreter
        self.cache_folder = cache_folder
        self._process = ChildProcess(engine_command(interpreter, cache_folder, "serve"))
        self._last_id = 0

    def runs(self) -> bool:
        """Whether the engine has not ended yet."""
        return self._process.runs()

    def request(self, kind: str, **fields: Any) -> int:
        """Send a request of core/messages.py. Returns its id, which every event that answers it carries."""
        self._last_id += 1
        self._process.send(messages.encode({"type": kind, "id": self._last_id, **fields}))
        return self._last_id

    def poll(self) -> list[dict[str, Any]]:
        """The events since the last call.

        Raises InputError "engine-died" once the engine has ended and all its events were given out, and
        "bad-message" if it says what is no event.
        """
        events = [messages.decode(line, messages.EVENTS) for line in self._process.read_lines()]
        code = None if events else self._process.exit_code()
        if code is not None:
            reason = exit_reason(code, self._process.last_log_line())
            raise InputError("engine-died", f"The engine ended unexpectedly ({reason}).", "Finished frames are kept.")
        return events

    def end(self) -> None:
        """End the engine: at once if it is idle, within two seconds if it is busy."""
        self.request("quit")
        self._process.end(_GRACE_S)
