"""Which Python runs the engine, and whether it can. No bpy.

In order: the interpreter chosen in the preferences; the environment that Set Up Engine made; Blender's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from ..core.errors import InputError
from .child_process import ChildProcess, exit_reason
from .engine_client import engine_command
from .task import Task

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"


def data_folder() -> Path:
    """The user's folder for this add-on's own data: the platform's, outside Blender's versioned folders."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "vse_colorizer"


def environment_folder() -> Path:
    """Where Set Up Engine puts its environment. Other requirements get another folder, so one is never stale."""
    return data_folder() / f"engine-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"


def environment_python(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def engine_interpreter(chosen: str) -> str:
    """The interpreter to run the engine with. chosen: the preferences' path, or "".

    Raises InputError "bad-interpreter" if the chosen one is no file.
    """
    if chosen:
        if not os.path.isfile(chosen):
            raise InputError(
                "bad-interpreter",
                f"The Python interpreter chosen in the preferences, {chosen}, does not exist.",
                "Choose another, or clear the field and press Set Up Engine.",
            )
        return chosen
    own = environment_python(environment_folder())
    return str(own) if own.exists() else sys.executable


class EngineCheck(Task):
    """A run of `core doctor`: verdict is its sentence once the check has finished well.

    Fails with "engine-unfit", in the doctor's words, if the engine cannot run. Raises InputError "cannot-start"
    if the interpreter cannot be started.
    """

    status = "Checking the engine"

    def __init__(self, interpreter: str, cache_folder: str = "") -> None:
        self.verdict = ""
        self._interpreter = interpreter
        self._process: ChildProcess | None = ChildProcess(engine_command(interpreter, cache_folder, "doctor", "--json"))
        self._lines: list[bytes] = []

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None

    def _advance(self) -> bool:
        assert self._process is not None
        self._lines += self._process.read_lines()
        code = self._process.exit_code()
        if code is None:
            return False
        try:
            report = json.loads(self._lines[-1])
            fit, message, hint = report["ok"], str(report["message"]), str(report["hint"])
        except (IndexError, ValueError, KeyError, TypeError):
            raise InputError(
                "engine-unfit",
                f"The engine's check with {self._interpreter} gave no answer "
                f"({exit_reason(code, self._process.last_log_line())}).",
                "Press Set Up Engine, or choose another interpreter in the preferences.",
            ) from None
        if not fit:
            raise InputError("engine-unfit", message, hint or "Press Set Up Engine.")
        self.verdict = message
        return True
