"""The environments in .venv: the engine's own, and one for each Blender, made on first use.

Each gets a stamp, written last, that holds the hash of what was asked for. An environment without its
stamp was interrupted half-way, one with another stamp is out of date: both are made again from nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError

from . import system_libraries

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
ENGINE_REQUIREMENTS = ROOT / "requirements.txt"
DEVELOPMENT_REQUIREMENTS = ROOT / "requirements" / "development.txt"
BLENDER_REQUIREMENTS = ROOT / "requirements" / "blender.txt"
BLENDERS = {"4.2": "bpy==4.2.23", "4.5": "bpy==4.5.15", "5.0": "bpy==5.0.1"}
NEWEST_BLENDER = "5.0"
_STAMP = "installed.sha256"


@dataclass(frozen=True)
class Environment:
    """title: for people. gigabytes: what it takes on disk, about. requirements: files whose texts decide whether it is
    up to date; the last one is installed. extra: further requirements. modules: what must import once it is made."""

    title: str
    gigabytes: float
    folder: Path
    requirements: tuple[Path, ...]
    extra: tuple[str, ...]
    modules: tuple[str, ...]


def engine_python() -> Path:
    """The interpreter of the engine's environment (torch and what development needs), made if it is not there."""
    cpu_torch = (_cpu_torch(),) if sys.platform == "linux" and not _has_nvidia_gpu() else ()
    return ensure(
        Environment(
            "The engine's environment",
            1.5,
            FOLDER,
            (ENGINE_REQUIREMENTS, DEVELOPMENT_REQUIREMENTS),
            cpu_torch,
            ("torch", "cv2", "av", "skimage"),
        )
    )


def blender_python(version: str) -> Path:
    """The interpreter of one Blender's environment (bpy and pytest), made if it is not there.

    version: a key of BLENDERS. Raises InputError if it is none, or if system libraries are missing.
    """
    require_blenders([version])
    return ensure(
        Environment(
            f"Blender {version}",
            1.0,
            _blender_folder(version),
            (BLENDER_REQUIREMENTS,),
            (BLENDERS[version],),
            ("bpy", "pytest"),
        )
    )


def require_blenders(versions: list[str]) -> None:
    """Raise InputError if one is no key of BLENDERS, or if system libraries that a Blender loads are missing."""
    for version in versions:
        if version not in BLENDERS:
            raise InputError("bad-blender", f"There is no Blender {version!r} here; there are {', '.join(BLENDERS)}.")
    if versions:
        system_libraries.require()


def discard_blender(version: str) -> None:
    """Remove one Blender's environment, if it is there."""
    shutil.rmtree(_blender_folder(version), ignore_errors=True)


def _blender_folder(version: str) -> Path:
    return FOLDER / f"blender-{version}"


def blender_scripts(version: str) -> Path:
    """The folder of Blender's own Python scripts in one Blender's environment."""
    python = blender_python(version)
    found = sorted(python.parent.parent.glob(f"**/site-packages/bpy/{version}/scripts"))
    if not found:
        raise InputError("bad-blender", f"Blender {version}'s scripts are not under {python.parent.parent}.")
    return found[0]


def ensure(environment: Environment) -> Path:
    """The environment's interpreter; the environment is made if it is missing, half-made or out of date.

    Raises InputError if the disk is too full, if pip is missing, cannot reach an index or fails, or if a module does
    not load.
    """
    python = environment.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = environment.folder / _STAMP
    wanted = _fingerprint(environment)
    if python.exists() and stamp.exists() and stamp.read_text().strip() == wanted:
        return python
    started = time.monotonic()
    print(f"{environment.title} (about {environment.gigabytes} GB) is being installed.", flush=True)
    _clear(environment.folder)
    _require_space(environment)
    pip = _create(environment.folder, python)
    _install(pip, environment)
    _check_imports(python, environment)
    temporary = stamp.with_suffix(".part")
    temporary.write_text(wanted + "\n")
    os.replace(temporary, stamp)
    print(f"{environment.title} is ready after {time.monotonic() - started:.0f} s.", flush=True)
    return python


def _fingerprint(environment: Environment) -> str:
    parts = [path.read_text(encoding="utf-8") for path in environment.requirements]
    return hashlib.sha256("\n".join([*parts, *environment.extra]).encode()).hexdigest()


def _clear(folder: Path) -> None:
    # The Blenders' environments live inside the engine's folder and stay.
    for child in folder.glob("*"):
        if child.is_dir() and not child.is_symlink():
            if not (folder == FOLDER and child.name.startswith("blender-")):
                shutil.rmtree(child)
        else:
            child.unlink()


def _require_space(environment: Environment) -> None:
    environment.folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(environment.folder).free / 1e9
    if free < environment.gigabytes:
        raise InputError(
            "disk-full",
            f"{environment.title} needs about {environment.gigabytes} GB in {environment.folder};"
            f" {free:.1f} GB are free.",
        )


def _create(folder: Path, python: Path) -> list[str]:
    """Make an empty environment. Returns the pip command that installs into it."""
    # Debian's python3 has pip in one package and ensurepip in another; either is enough.
    if importlib.util.find_spec("ensurepip"):
        venv.create(folder, symlinks=os.name != "nt", with_pip=True)
        return [str(python), "-m", "pip"]
    if importlib.util.find_spec("pip"):
        venv.create(folder, symlinks=os.name != "nt", with_pip=False)
        return [sys.executable, "-m", "pip", "--python", str(python)]
    raise InputError(
        "no-pip", "This Python has no pip.", "Install it; on Debian and Ubuntu: sudo apt-get install python3-venv"
    )


def _install(pip: list[str], environment: Environment) -> None:
    command = [*pip, "install", "--no-input", "--disable-pip-version-check"]
    if environment.folder == FOLDER and environment.extra:
        try:
            _run_pip([*command, "--no-deps", *environment.extra])
        except InputError as error:
            if error.code == "no-network":
                raise
            print(
                f"The package index has no {environment.extra[0]}; installing the larger build with CUDA.", flush=True
            )
        _run_pip([*command, "-r", str(environment.requirements[-1])])
    else:
        _run_pip([*command, *environment.extra, "-r", str(environment.requirements[-1])])


def _run_pip(command: list[str]) -> None:
    """Run pip, its progress on the terminal. Raises InputError in one sentence from what it said on stderr."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace")
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.strip())
        sys.stderr.write(line)
    if process.wait() == 0:
        return
    if any("connection broken by" in line for line in lines):
        raise InputError(
            "no-network",
            "pip cannot reach a package index.",
            "Check the network, or pip's proxy and index settings (pip config list), and run this again.",
        )
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines[-1:]
    raise InputError("install-failed", f"pip could not install the requirements: {' '.join(errors)[:400]}")


def _check_imports(python: Path, environment: Environment) -> None:
    command = [str(python), "-I", "-c", f"import {', '.join(environment.modules)}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return
    library = re.search(r"(\S+\.so[.\d]*): cannot open shared object file", done.stderr)
    reason = f"the system lacks {library[1]}" if library else (done.stderr.strip().splitlines() or ["it crashed"])[-1]
    raise InputError("broken-environment", f"{environment.title} was installed but does not load: {reason}.")


def _cpu_torch() -> str:
    pinned = re.search(r"^torch==\S+", ENGINE_REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise InputError("bad-requirements", f"{ENGINE_REQUIREMENTS.name} does not pin torch.")
    return pinned[0] + "+cpu"


def _has_nvidia_gpu() -> bool:
    return Path("/proc/driver/nvidia").exists() or shutil.which("nvidia-smi") is not None
