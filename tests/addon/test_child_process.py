"""Talking to a child process never waits, and its end is noticed."""

from __future__ import annotations

import os
import sys
import time

import pytest


@pytest.fixture
def start(addon):
    """Starts a Python program in a child process; ends it after the test."""
    started = []

    def run(program: str):
        started.append(addon("child_process").ChildProcess([sys.executable, "-I", "-u", "-c", program]))
        return started[-1]

    yield run
    for process in started:
        process.end()


def _lines(process, count: int, patience_s: float = 20.0) -> list[bytes]:
    lines: list[bytes] = []
    deadline = time.monotonic() + patience_s
    while len(lines) < count and time.monotonic() < deadline:
        lines += process.read_lines()
        time.sleep(0.01)
    return lines


def _exit_code(process, patience_s: float = 20.0) -> int | None:
    deadline = time.monotonic() + patience_s
    while process.exit_code() is None and time.monotonic() < deadline:
        process.read_lines()
        time.sleep(0.01)
    return process.exit_code()


def test_reading_from_a_silent_program_does_not_wait(start):
    process = start("import sys; sys.stdin.readline(); print('heard')")
    began = time.monotonic()
    assert process.read_lines() == [] and process.exit_code() is None
    assert time.monotonic() - began < 0.2
    process.send(b"\n")
    assert _lines(process, 1) == [b"heard"]
    assert _exit_code(process) == 0


def test_lines_come_whole_however_they_are_written(start):
    process = start("import os, time\nfor part in (b'one\\ntw', b'o\\nthree\\n'): os.write(1, part); time.sleep(0.2)")
    assert _lines(process, 3) == [b"one", b"two", b"three"]


def test_a_message_larger_than_the_pipe_goes_out_piece_by_piece(start):
    process = start("import sys, time; time.sleep(0.5); print(len(sys.stdin.buffer.readline()))")
    began = time.monotonic()
    process.send(b"x" * 3_000_000 + b"\n")
    assert time.monotonic() - began < 0.4
    assert _lines(process, 1) == [b"3000001"]


def test_the_output_before_the_end_is_not_lost(start):
    process = start("print('last words' * 20000); raise SystemExit(3)")
    assert _lines(process, 1) == [b"last words" * 20000]
    assert _exit_code(process) == 3


def test_the_last_log_line_says_why_it_ended(start, addon):
    process = start("raise MemoryError('no room')")
    code = _exit_code(process)
    assert addon("child_process").exit_reason(code, process.last_log_line()) == "exit code 1: MemoryError: no room"


def test_ending_it_ends_its_children_too(start):
    program = (
        "import subprocess, sys, time\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)\n"
        "time.sleep(60)"
    )
    process = start(program)
    child = int(_lines(process, 1)[0])
    process.end()
    deadline = time.monotonic() + 10
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_variables_for_blenders_python_do_not_reach_it(start, addon, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    process = addon("child_process").ChildProcess(
        [sys.executable, "-c", "import os; print('PYTHONHOME' in os.environ)"]
    )
    assert _lines(process, 1) == [b"False"]
    process.end()
    assert os.environ["PYTHONHOME"] == "/nowhere"


def test_a_program_that_cannot_be_started_is_named(addon, core, tmp_path):
    with pytest.raises(core("errors").InputError, match="python cannot be started: Permission denied"):
        (tmp_path / "python").write_text("")
        addon("child_process").ChildProcess([str(tmp_path / "python")])
