"""Set Up Engine: a virtual environment of the add-on's own that can run the engine. No bpy.

It is made under a temporary name, checked, and only then put in its place: a half-made one is never used.
A virtual environment moves well enough: its interpreter finds its packages by its own place, and pip is only
ever started as `python -m pip`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from ..core.errors import InputError
from .child_process import ChildProcess, exit_reason
from .interpreters import REQUIREMENTS, EngineCheck, data_folder, environment_folder, environment_python
from .task import Task

_PARTIAL = "partial-"
_STALE_S = 24 * 3600
# How far each stage takes the progress bar: torch is the largest package by far.
_MADE, _HAS_TORCH, _INSTALLED = 0.1, 0.5, 0.9


class EngineSetup(Task):
    """wheels_folder: take the packages from this folder instead of the network, or "".

    Raises InputError "offline" if neither is allowed, "bad-wheels" if the folder has no wheels, "disk-full" or
    "unwritable-output" if the environment's folder cannot be made.
    """

    status = "Making the environment"

    def __init__(self, wheels_folder: str, online: bool, requirements: Path = REQUIREMENTS) -> None:
        if wheels_folder and not any(Path(wheels_folder).glob("*.whl")):
            raise InputError("bad-wheels", f"The wheels folder {wheels_folder} has no wheels in it.")
        if not wheels_folder and not online:
            raise InputError(
                "offline",
                "Blender may not use the network, so the engine's packages cannot be downloaded.",
                "Allow Online Access in Preferences > System, or choose a wheels folder.",
            )
        self._requirements = requirements
        self._where = ["--no-index", "--find-links", wheels_folder] if wheels_folder else []
        self._folder = _new_partial_folder()
        self._stages = [self._install_cpu_torch, self._install, self._check]
        self._process: ChildProcess | None = ChildProcess([sys.executable, "-I", "-m", "venv", str(self._folder)])
        self._may_fail = False
        self._goal = _MADE
        self._doctor: EngineCheck | None = None

    def end(self) -> None:
        for running in (self._process, self._doctor):
            if running is not None:
                running.end()
        self._process = self._doctor = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _advance(self) -> bool:
        if self._doctor is not None:
            self._doctor.step()
            if self._doctor.finished:
                if self._doctor.error:
                    raise self._doctor.error
                self._put_in_place()
            return self._doctor.finished
        assert self._process is not None
        for line in self._process.read_lines():
            self._show(line.decode("utf-8", "replace").strip())
        code = self._process.exit_code()
        if code is None:
            return False
        if code != 0 and not self._may_fail:
            reason = exit_reason(code, self._process.last_log_line())
            raise InputError(
                "setup-failed",
                f"{self.status.split(',')[0]} failed ({reason}).",
                "Check the network and the free space on the disk, or choose a wheels folder.",
            )
        self._process.end()
        self._stages.pop(0)()
        return False

    def _install_cpu_torch(self) -> None:
        """On Linux the package index gives a torch with CUDA: without an NVIDIA GPU its smaller build is tried."""
        pinned = re.search(r"^torch==[^\s+]+$", self._requirements.read_text(encoding="utf-8"), re.MULTILINE)
        if pinned is None or sys.platform != "linux" or _has_nvidia_gpu():
            self._stages.pop(0)()
            return
        self.status, self.factor, self._goal, self._may_fail = "Collecting torch", _MADE, _HAS_TORCH, True
        self._process = self._pip("--no-deps", f"{pinned[0]}+cpu")

    def _install(self) -> None:
        self.status, self.factor, self._goal, self._may_fail = "Collecting packages", self._goal, _INSTALLED, False
        self._process = self._pip("-r", str(self._requirements))

    def _check(self) -> None:
        self.status, self.factor = "Checking the engine", _INSTALLED
        self._process = None
        self._doctor = EngineCheck(str(environment_python(self._folder)))

    def _pip(self, *what: str) -> ChildProcess:
        command = [str(environment_python(self._folder)), "-I", "-m", "pip", "install", "--no-input"]
        command += ["--disable-pip-version-check", "--no-color", "--progress-bar", "off", *self._where, *what]
        return ChildProcess(command)

    def _show(self, line: str) -> None:
        """Follow what pip says: "Collecting torch==2.13.0 (from ...)", "Installing collected packages: ..."."""
        if match := re.match(r"(Collecting|Downloading) (.+?)( \(from .*)?$", line):
            pinned = sum(1 for text in self._requirements.read_text(encoding="utf-8").splitlines() if "==" in text)
            if match[1] == "Collecting":
                self.factor = min(self._goal, self.factor + (_INSTALLED - _HAS_TORCH) / max(1, pinned))
            self.status = f"{match[1]} {match[2].rpartition('/')[2]}"
        elif line.startswith("Installing collected packages"):
            self.status, self.factor = "Installing packages", self._goal

    def _put_in_place(self) -> None:
        target = environment_folder()
        aside = []
        try:
            # Renamed first: what another process still uses is then left whole.
            for earlier in list(data_folder().glob("engine-*")):
                aside.append(earlier.replace(earlier.with_name(f"{self._folder.name}-{earlier.name}")))
            os.replace(self._folder, target)
        except OSError as error:
            raise InputError(
                "unwritable-output",
                f"The environment cannot be put into {target}: {error.strerror or error}.",
                "Close other Blenders that use the engine, and try again.",
            ) from error
        for earlier in aside:
            shutil.rmtree(earlier, ignore_errors=True)


def _new_partial_folder() -> Path:
    base = data_folder()
    try:
        base.mkdir(parents=True, exist_ok=True)
        for left_behind in base.glob(f"{_PARTIAL}*"):
            with contextlib.suppress(OSError):
                if time.time() - left_behind.stat().st_mtime > _STALE_S:
                    shutil.rmtree(left_behind)
        return Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=base))
    except OSError as error:
        raise InputError(
            "unwritable-output", f"The engine's folder {base} cannot be made: {error.strerror or error}."
        ) from error


def _has_nvidia_gpu() -> bool:
    return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None
