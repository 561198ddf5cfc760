"""The test suites: tests/addon in each Blender's environment, all others in the engine's.

Every suite is a process of its own, because a Blender that crashes or hangs takes its process with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from . import environments

TIME_LIMIT_SECONDS = 20 * 60
_ADDON_TESTS = "tests/addon"
_ENGINE_TESTS = ["tests/core", "tests/build"]
_NO_TESTS = 5  # pytest's exit status when its arguments select nothing


@dataclass
class Counts:
    """How many tests there were of each outcome."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def run(blenders: str, pytest_arguments: list[str], discard_blenders: bool = False) -> int:
    """Run the suites. blenders: versions with commas between; pytest_arguments: given to every suite;
    discard_blenders: each Blender's environment is removed after its suite, so that the disk holds one at a time.

    Paths among the arguments (tests/core/..., tests/addon/...) choose what is run. The last line printed is
    "N passed, N failed, N skipped", over all of them. Returns 0 if none failed and some passed, otherwise 1.
    """
    paths = [argument for argument in pytest_arguments if argument.startswith("tests/")]
    options = [argument for argument in pytest_arguments if argument not in paths]
    addon_paths = [path for path in paths or [_ADDON_TESTS] if path.startswith(_ADDON_TESTS)]
    engine_paths = [path for path in paths or _ENGINE_TESTS if not path.startswith(_ADDON_TESTS)]
    versions = [version.strip() for version in blenders.split(",") if version.strip()] if addon_paths else []
    environments.require_blenders(versions)
    engine = environments.engine_python()

    def counts_of(title: str, python: Path, suite_paths: list[str]) -> Counts:
        print(f"\n== {title}", flush=True)
        return run_suite(title, [str(python), "-m", "pytest", *suite_paths, *options], engine, bool(options))

    total = counts_of("engine and build", engine, engine_paths) if engine_paths else Counts()
    for version in versions:
        total += counts_of(f"add-on, Blender {version}", environments.blender_python(version), addon_paths)
        if discard_blenders:
            environments.discard_blender(version)
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 0 if total.passed and not total.failed else 1


def run_suite(title: str, command: list[str], engine: Path, selected: bool) -> Counts:
    """Run one pytest command and count its tests; a crash, a hang or a suite without a test that passes counts as
    one more failure. selected: arguments narrow the tests down, so that none may be left."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = {**os.environ, "VSE_COLORIZER_ENGINE_PYTHON": str(engine), "PYTHONFAULTHANDLER": "1"}
        status = _run_to_end([*command, f"--junit-xml={report}"], environment)
        counts = _read_report(report)
    if (status == 0 and (counts.passed or selected)) or (status == 1 and counts.failed):
        return counts
    if status == _NO_TESTS and selected:
        return counts
    print(f"{title}: {_ending(status)}", file=sys.stderr, flush=True)
    return counts + Counts(failed=1)


def _run_to_end(command: list[str], environment: dict[str, str]) -> int | None:
    """The exit status, negative for a signal; None if it ran past the time limit and was ended."""
    process = subprocess.Popen(command, cwd=environments.ROOT, env=environment, start_new_session=True)
    try:
        return process.wait(TIME_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end_session(process)


def _end_session(process: subprocess.Popen[bytes]) -> None:
    # Its children too: a crashed Blender may leave an engine behind.
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    else:
        process.kill()
    process.wait()


def _read_report(path: Path) -> Counts:
    try:
        suites = ElementTree.parse(path).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return Counts()
    counts = Counts()
    for suite in suites:
        number = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        counts += Counts(max(0, number["tests"] - failed - number["skipped"]), failed, number["skipped"])
    return counts


def _ending(status: int | None) -> str:
    if status is None:
        return f"ran past {TIME_LIMIT_SECONDS // 60} minutes and was ended"
    if status == 0:
        return "nothing passed, everything was skipped"
    if status < 0:
        return f"crashed with {signal.Signals(-status).name}"
    if status == _NO_TESTS:
        return "has no tests"
    return f"pytest ended with status {status}"
