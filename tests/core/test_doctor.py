"""The preflight: one exact sentence on what is missing, from interpreters that really lack it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from core import __version__
from core.doctor import MODULES, examine

PROGRAM = Path(__file__).resolve().parents[2] / "core" / "__main__.py"


def report_of(*options: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """(exit code, report) of the doctor run by this Python with interpreter options."""
    result = subprocess.run(
        [sys.executable, *options, str(PROGRAM), "doctor", "--json"],
        capture_output=True, text=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    assert result.stderr == ""
    return result.returncode, json.loads(result.stdout)


def test_a_sound_engine_is_ready_and_says_with_what(tmp_path: Path) -> None:
    report = examine(tmp_path / "cache")
    assert report["ok"]
    assert report["message"].startswith(f"The engine is ready: VSE Colorizer {__version__}")
    assert report["version"] == __version__
    assert report["device"] in ("cpu", "cuda", "mps")
    assert "two-tower" in report["variants"]
    assert set(report["modules"]) == set(MODULES)
    assert report["cache"] == str(tmp_path / "cache")


def test_a_python_without_the_libraries_is_told_all_that_it_lacks() -> None:
    code, report = report_of("-I", "-S")  # -S: the standard library alone
    assert code == 2
    assert not report["ok"]
    assert report["message"] == f"{sys.executable} lacks {', '.join(MODULES.values())}."
    assert "Set Up Engine" in report["hint"]
    assert report["version"] == __version__


def test_a_library_that_does_not_load_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('libav.so.99: cannot open shared object file')")
    code, report = report_of(PYTHONPATH=str(tmp_path))
    assert code == 2
    assert "av is installed" in report["message"]
    assert "libav.so.99: cannot open shared object file" in report["message"]


def test_a_library_that_the_engine_does_not_work_with_is_told_by_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "safetensors.py").write_text("__version__ = '0.1'")
    code, report = report_of(PYTHONPATH=str(tmp_path))
    assert code == 2
    assert "not one that the engine works with: cannot import name 'SafetensorError'" in report["message"]
    assert "Set Up Engine" in report["hint"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report = examine(tmp_path / "file")
    assert not report["ok"]
    assert str(tmp_path / "file") in report["message"]


def test_colouring_without_the_libraries_is_one_sentence(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM), "colorize", "in.mp4", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "has no module" in result.stderr
