"""The engine process: requests in, events out, one job at a time, its networks kept warm.

The messages are those of messages.py. A thread reads requests, so that a cancel is heard while a job runs.
Nothing that goes wrong in a job ends the engine. Modules that compute are imported by the first request that
needs them: a missing one is an error event, too.
"""

from __future__ import annotations

import errno
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from . import __version__
from .errors import InputError
from .hints import parse_hints
from .job import Job, parse_job
from .messages import MAX_LINE_BYTES, REQUESTS, decode, encode, error_event
from .progress import JobCancelledError, Progress

log = logging.getLogger(__name__)
# Progress is said at most this often, in seconds; the last frame's always is.
_PROGRESS_EVERY_S = 0.1


class Engine:
    """requests, events: binary streams of lines. cache_folder: None for the user's default."""

    def __init__(self, requests: BinaryIO, events: BinaryIO, cache_folder: Path | None = None) -> None:
        self._requests = requests
        self._events = events
        self._cache_folder = cache_folder
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        # What the reader thread tells the job that runs.
        self._open: set[int | str] = set()
        self._cancelled: set[int | str] = set()
        self._ending = threading.Event()

    def serve(self) -> None:
        """Answer requests until `quit`, or until they end; a job that runs then is left at its next frame."""
        reader = threading.Thread(target=self._read_requests, name="requests", daemon=True)
        reader.start()
        log.info("engine %s started", __version__)
        while (request := self._queue.get()) is not None:
            if self._ending.is_set():
                break
            self._answer(request)
        reader.join()
        log.info("engine ended")

    def _read_requests(self) -> None:
        while line := self._requests.readline(MAX_LINE_BYTES + 1):
            if not line.strip():
                continue
            try:
                request = decode(line, REQUESTS)
                if not isinstance(request.get("id"), int | str):
                    raise InputError("bad-message", "A request's id must be a number or a text.")
            except InputError as error:
                self._send(error_event(None, error))
                continue
            if request["type"] == "quit":
                break
            if request["type"] == "cancel":
                self._cancel(request)
            else:
                self._open.add(request["id"])
                self._queue.put(request)
        self._ending.set()
        self._queue.put(None)

    def _cancel(self, request: dict[str, Any]) -> None:
        target = request.get("target")
        if isinstance(target, int | str) and target in self._open:
            self._cancelled.add(target)
        else:
            self._send(error_event(request["id"], InputError("nothing-to-cancel", f"No request {target!r} is open.")))

    def _answer(self, request: dict[str, Any]) -> None:
        """Do what a request asks; its last event is a result, a ready, a cancelled or an error."""
        number = request["id"]
        try:
            answers = {
                "hello": self._hello,
                "colorize": self._colorize,
                "preview": self._preview,
                "suggest": self._suggest,
                "carry": self._carry,
            }
            answer = answers[request["type"]]
            if self._should_cancel(number):
                raise JobCancelledError
            event = answer(request)
        except JobCancelledError:
            event = {"type": "cancelled"}
        except InputError as error:
            event = error_event(number, error)
        except Exception as error:
            log.exception("request %r failed", number)
            event = error_event(number, _explained(error))
        self._open.discard(number)
        self._cancelled.discard(number)
        self._send({**event, "id": number})

    def _hello(self, request: dict[str, Any]) -> dict[str, Any]:
        from .devices import choose_device
        from .doctor import shipped_variants

        return {
            "type": "ready",
            "version": __version__,
            "device": choose_device("auto"),
            "variants": shipped_variants(),
        }

    def _colorize(self, request: dict[str, Any]) -> dict[str, Any]:
        from .pipeline import run_job

        number = request["id"]

        def on_frame(frame: int, path: Path) -> None:
            self._send({"type": "frame", "id": number, "frame": frame, "path": str(path)})

        job = _job(request)
        result = run_job(job, self._cache(), self._progress_of(number), on_frame, lambda: self._should_cancel(number))
        return {"type": "result", **asdict(result)}

    def _preview(self, request: dict[str, Any]) -> dict[str, Any]:
        from .pipeline import run_preview

        frame = _whole_number(request, "frame", 0)
        path = run_preview(_job(request), frame, self._cache(), lambda: self._should_cancel(request["id"]))
        return {"type": "result", "path": str(path)}

    def _suggest(self, request: dict[str, Any]) -> dict[str, Any]:
        from .pipeline import suggest_colors

        path = _path(request)
        frame, n = _whole_number(request, "frame", 0, default=0), _whole_number(request, "n", 1, default=9)
        for name in ("x", "y"):
            value = request.get(name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 <= value <= 1.0:
                raise InputError("bad-message", f"{name} is {value!r}, and must be a number from 0 to 1.")
        colors = suggest_colors(path, frame, request["x"], request["y"], n)
        return {"type": "result", "colors": colors}

    def _carry(self, request: dict[str, Any]) -> dict[str, Any]:
        from .pipeline import carry_hints

        number, path, frame = request["id"], _path(request), _whole_number(request, "frame", 0)
        hints = parse_hints(request.get("hints"))
        strokes = carry_hints(path, frame, hints, self._progress_of(number), lambda: self._should_cancel(number))
        return {"type": "result", "strokes": [stroke.to_json() for stroke in strokes]}

    def _progress_of(self, number: int | str) -> Callable[[Progress], None]:
        """What a request's work tells of its progress goes out as events, some of it."""
        said = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= _PROGRESS_EVERY_S or progress.done == progress.total:
                said = now
                self._send({"type": "progress", "id": number, **asdict(progress)})

        return on_progress

    def _should_cancel(self, number: int | str) -> bool:
        return number in self._cancelled or self._ending.is_set()

    def _cache(self) -> Path:
        from .cache import default_cache_folder

        return self._cache_folder or default_cache_folder()

    def _send(self, event: dict[str, Any]) -> None:
        with self._writing:
            try:
                self._events.write(encode(event))
            except OSError:
                # Nobody listens any more.
                self._ending.set()


def _job(request: dict[str, Any]) -> Job:
    return parse_job(request.get("job"))


def _path(request: dict[str, Any]) -> str:
    path = request.get("path")
    if not isinstance(path, str):
        raise InputError("bad-message", f"The path is {path!r}, and must be a text.")
    return path


def _whole_number(request: dict[str, Any], name: str, low: int, default: int | None = None) -> int:
    value = request.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise InputError("bad-message", f"{name} is {value!r}, and must be a whole number from {low}.")
    return value


def _explained(error: Exception) -> InputError:
    """The sentence for a failure that no part of the engine expected."""
    if is_out_of_memory(error):
        return InputError(
            "out-of-memory", "There is not enough memory for this job.", "Choose a smaller working size, or the CPU."
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return InputError("disk-full", "The disk is full.", "Free some space.")
    if isinstance(error, ModuleNotFoundError):
        return InputError(
            "missing-module", f"The engine's Python has no module {error.name!r}.", "Set up the engine again."
        )
    return InputError(
        "internal-error", f"The engine failed: {type(error).__name__} {str(error)[:200]!r}.", "Its log file says more."
    )


def is_out_of_memory(error: Exception) -> bool:
    """Whether Python, numpy, OpenCV or torch, on the CPU or a GPU, has run out of memory."""
    # torch on the CPU has no type of its own for it, and OpenCV a code.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "not enough memory" in str(error)
        or "can't allocate memory" in str(error)
        or "Insufficient memory" in str(error)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    )
