"""Whether this Python can run the engine, and if not, what is missing, in one sentence.

The module itself needs the standard library alone: it also runs where everything else is missing.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from . import __version__
from .errors import InputError
from .job import VARIANTS, Settings

PYTHON_LEAST = (3, 11)
# Import name → name of the requirement.
MODULES = {
    "numpy": "numpy",
    "torch": "torch",
    "cv2": "opencv-python-headless",
    "av": "av",
    "safetensors": "safetensors",
    "tqdm": "tqdm",
    "platformdirs": "platformdirs",
}
_SET_UP = "Press Set Up Engine in Blender, or install requirements.txt into this Python."


def examine(cache_folder: Path | None = None) -> dict[str, Any]:
    """The report: {"ok", "message", "hint", "version", "python", "modules", "device", "variants", "cache"}.

    ok: whether a job could run. message, hint: the first thing that is missing and what to do, or that all is
    well. What could not be found out is None. cache_folder: None for the user's default.
    """
    report: dict[str, Any] = {
        "ok": False,
        "message": "",
        "hint": "",
        "version": __version__,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}",
        "modules": None,
        "device": None,
        "variants": None,
        "cache": None,
    }
    try:
        _check_python()
        report["modules"] = _module_versions()
        _import_engine()
        report["variants"] = _sound_variants()
        report["cache"] = _writable_cache(cache_folder)
        from .devices import choose_device

        report["device"] = choose_device("auto")
    except InputError as error:
        return {**report, "message": error.message, "hint": error.hint}
    variants = ", ".join(report["variants"])
    message = f"The engine is ready: VSE Colorizer {__version__} with {variants}, on {report['device']}."
    return {**report, "ok": True, "message": message}


def shipped_variants() -> list[str]:
    """The colorizer's variants whose weights are there."""
    from .nets.weights_file import shipped_weights

    return [variant for variant in VARIANTS if shipped_weights(variant).is_file()]


def _check_python() -> None:
    if sys.version_info < PYTHON_LEAST:
        raise InputError(
            "old-python",
            f"{sys.executable} is Python {sys.version_info[0]}.{sys.version_info[1]}, and the engine needs "
            f"{PYTHON_LEAST[0]}.{PYTHON_LEAST[1]} or newer.",
            "Choose another interpreter.",
        )


def _module_versions() -> dict[str, str]:
    versions = {}
    missing = []
    for module, requirement in MODULES.items():
        try:
            versions[module] = str(getattr(importlib.import_module(module), "__version__", ""))
        except ModuleNotFoundError as error:
            missing.append(requirement if error.name == module else f"{requirement}'s {error.name}")
        except Exception as error:  # a library that does not load says so in many ways
            what = f"{requirement} is installed in {sys.executable} but does not load: {_line(error)}."
            raise InputError("broken-module", what, _SET_UP) from error
    if missing:
        raise InputError("missing-module", f"{sys.executable} lacks {', '.join(missing)}.", _SET_UP)
    return versions


def _import_engine() -> None:
    """A library may load and still be no version that the engine works with."""
    for part in ("engine", "pipeline"):
        try:
            importlib.import_module(f".{part}", __package__)
        except Exception as error:
            what = f"A library that {sys.executable} has is not one that the engine works with: {_line(error)}."
            raise InputError("broken-module", what, _SET_UP) from error


def _sound_variants() -> list[str]:
    """The variants whose weights load; the default one must be among them."""
    from .nets.gist import load_gist
    from .nets.weights_file import load_network, shipped_weights

    variants = shipped_variants()
    for variant in dict.fromkeys([Settings().variant, *variants]):
        load_network(shipped_weights(variant), variant)
    load_gist()
    return variants


def _writable_cache(folder: Path | None) -> str:
    from .cache import FrameCache, default_cache_folder

    return str(FrameCache(folder or default_cache_folder()).folder)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
