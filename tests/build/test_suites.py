"""How build.py counts: no outcome of a suite can look like success when it is none."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from build_tools import suites
from build_tools.suites import Counts, run_suite

ENGINE = Path(sys.executable)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def pytest_on(folder: Path, tests: str) -> list[str]:
    (folder / "test_some.py").write_text(tests)
    return [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), str(folder)]


def test_every_outcome_is_counted_once(tmp_path: Path) -> None:
    tests = """
import pytest
def test_passes(): pass
def test_passes_too(): pass
def test_fails(): assert False
def test_skips(): pytest.skip("reason")
@pytest.fixture
def broken(): raise ValueError
def test_errs(broken): pass
"""
    assert run_suite("some", pytest_on(tmp_path, tests), ENGINE, False) == Counts(passed=2, failed=2, skipped=1)


def test_a_suite_that_skips_everything_fails(tmp_path: Path) -> None:
    tests = "import pytest\npytest.skip('no Blender', allow_module_level=True)\n"
    assert run_suite("some", pytest_on(tmp_path, tests), ENGINE, False).failed == 1


def test_a_suite_without_tests_fails_unless_arguments_narrow_it_down(tmp_path: Path) -> None:
    assert run_suite("some", pytest_on(tmp_path, ""), ENGINE, False).failed == 1
    assert run_suite("some", pytest_on(tmp_path, ""), ENGINE, True) == Counts()


def test_a_crash_after_the_last_test_fails(tmp_path: Path) -> None:
    tests = "import atexit, os\ndef test_passes(): atexit.register(os.abort)\n"
    assert run_suite("some", pytest_on(tmp_path, tests), ENGINE, False) == Counts(passed=1, failed=1)


def test_a_crash_before_any_report_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_suite("some", python("import os; os.abort()"), ENGINE, False) == Counts(failed=1)
    assert "some: crashed with SIGABRT" in capfd.readouterr().err


def test_a_hang_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "TIME_LIMIT_SECONDS", 2.0)
    note = tmp_path / "child"
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    assert run_suite("some", python(code), ENGINE, False) == Counts(failed=1)
    child = int(note.read_text())
    deadline = time.monotonic() + 5.0
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
