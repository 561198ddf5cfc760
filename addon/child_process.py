"""A child process whose output is read without ever waiting for it. No bpy, no threads."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile

from ..core.errors import InputError

_READ_BYTES = 1 << 20
_LOG_TAIL_BYTES = 4096
# Set by Blender or by the user for Blender's Python; to another interpreter they name the wrong libraries.
_FOREIGN_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__")


class ChildProcess:
    """One running program: lines in, lines out, its stderr kept in a file without a name.

    Raises InputError "cannot-start" if the program cannot be started.
    """

    def __init__(self, command: list[str]) -> None:
        self._log = tempfile.TemporaryFile()
        environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                bufsize=0,
                env=environment,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._log.close()
            raise InputError(
                "cannot-start",
                f"{command[0]} cannot be started: {error.strerror or error}.",
                "Choose another interpreter in the preferences, or press Set Up Engine.",
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        if sys.platform != "win32":
            os.set_blocking(self._stdin.fileno(), False)
            os.set_blocking(self._stdout.fileno(), False)
        self._to_send = bytearray()
        self._received = bytearray()
        self._ended_output = False

    def send(self, data: bytes) -> None:
        """Queue bytes for the program's stdin; what does not fit now goes with a later `read_lines`."""
        self._to_send += data
        self._flush()

    def read_lines(self) -> list[bytes]:
        """The whole lines that have come since the last call, without their newline; never waits."""
        self._flush()
        while not self._ended_output and (chunk := self._read_available()):
            self._received += chunk
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        return [bytes(line) for line in lines]

    def runs(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """None while the program runs or unread output is left; negative for a signal's number."""
        return self._process.poll() if self._ended_output else None

    def last_log_line(self) -> str:
        """The last line that the program wrote to stderr, or "". Call it only once the program has ended."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL_BYTES))
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def end(self, grace_s: float = 0.0) -> None:
        """Close the program's stdin, give it `grace_s` seconds to leave, then end it and its children."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._stdout.close()
        self._log.close()

    def _flush(self) -> None:
        while self._to_send:
            try:
                # Windows has no non-blocking pipe before Python 3.12: there this waits until the program reads.
                sent = os.write(self._stdin.fileno(), bytes(self._to_send[:65536]))
            except BlockingIOError:
                return
            except (OSError, ValueError):  # it has ended, which exit_code() tells
                self._to_send.clear()
                return
            del self._to_send[:sent]

    def _read_available(self) -> bytes:
        descriptor = self._stdout.fileno()
        if sys.platform == "win32" and not _windows_pipe_has_data(descriptor):
            self._ended_output = self._process.poll() is not None and not _windows_pipe_has_data(descriptor)
            return b""
        try:
            chunk = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            # A child of the child may hold the pipe open after the program itself has ended.
            self._ended_output = self._process.poll() is not None
            return b""
        self._ended_output = not chunk
        return chunk


def exit_reason(code: int, last_line: str) -> str:
    """How a program ended, for the middle of a sentence: "exit code 1: MemoryError"."""
    if code < 0:
        try:
            how = f"ended by {signal.Signals(-code).name}"
        except ValueError:
            how = f"ended by signal {-code}"
    else:
        how = f"exit code {code}"
    return f"{how}: {last_line.rstrip('.')}" if last_line else how


def _windows_pipe_has_data(descriptor: int) -> bool:
    # PeekNamedPipe also works on anonymous pipes; it fails once the other end is closed and all is read.
    import ctypes
    import msvcrt

    available = ctypes.c_ulong(0)
    handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))  # type: ignore[attr-defined, unused-ignore]
    peek = ctypes.windll.kernel32.PeekNamedPipe  # type: ignore[attr-defined, unused-ignore]
    return bool(peek(handle, None, 0, None, ctypes.byref(available), None)) and available.value > 0
