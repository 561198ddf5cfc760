"""One request to the engine from beginning to end: check the interpreter, start it, wait for the result. No bpy."""

from __future__ import annotations

import time
from typing import Any

from ..core.errors import InputError
from . import runtime
from .engine_client import EngineClient
from .interpreters import EngineCheck
from .task import Task

# How long a cancelled engine may take to say so before it is ended.
CANCEL_PATIENCE_S = 10.0
# Errors that are the engine's own and not the request's.
_ENGINE_IS_UNFIT = ("engine-died", "bad-message", "internal-error")


class EngineRun(Task):
    """result: the engine's `result` event once the run has finished well.

    Raises InputError "cannot-start" if the interpreter cannot be started.
    """

    def __init__(self, kind: str, fields: dict[str, Any], interpreter: str, cache_folder: str) -> None:
        """kind, fields: of the request, as in core/messages.py."""
        self.result: dict[str, Any] | None = None
        self.status = "Checking the engine"
        self._kind, self._fields = kind, fields
        self._interpreter, self._cache_folder = interpreter, cache_folder
        fit = interpreter in runtime.fit_interpreters
        self._check = None if fit else EngineCheck(interpreter, cache_folder)
        self._engine: EngineClient | None = None
        self._request: int | None = None
        self._cancel_deadline: float | None = None

    def cancel(self) -> None:
        """Stop; what is finished is kept. The engine answers in a later step."""
        if self._engine is None or self._request is None:
            super().cancel()
        elif self._cancel_deadline is None:
            self.status = "Cancelling"
            self._cancel_deadline = time.monotonic() + CANCEL_PATIENCE_S
            self._engine.request("cancel", target=self._request)

    def end(self) -> None:
        if self._check is not None:
            self._check.end()
        if self._engine is not None and not (self.result or self.error or self.cancelled):
            runtime.end_engine()
        self._check = self._engine = None

    def _advance(self) -> bool:
        if self._check is not None:
            self._check.step()
            if self._check.finished:
                if self._check.error:
                    raise self._check.error
                runtime.fit_interpreters.add(self._interpreter)
                self._check = None
        if self._check is None and self._engine is None:
            self.status = "Starting the engine"
            self._engine = runtime.warm_engine(self._interpreter, self._cache_folder)
            self._request = self._engine.request(self._kind, **self._fields)
        if self._engine is None:
            return False
        done = False
        try:
            for event in self._engine.poll():
                if event.get("id") == self._request:
                    done = self._take(event) or done
        except InputError as error:
            if error.code in _ENGINE_IS_UNFIT:
                # The next run checks the interpreter anew, and starts an engine that sees what was mended.
                runtime.fit_interpreters.discard(self._interpreter)
                runtime.end_engine()
            raise
        if not done and self._cancel_deadline is not None and time.monotonic() > self._cancel_deadline:
            runtime.end_engine()
            self.cancelled = done = True
        return done

    def _take(self, event: dict[str, Any]) -> bool:
        kind = event["type"]
        if kind == "progress" and self._cancel_deadline is None:
            self.factor = event["done"] / max(1, event["total"])
            self.status = progress_text(event["done"], event["total"], event["fps"], event["eta_s"])
        elif kind == "result":
            self.result = event
        elif kind == "cancelled":
            self.cancelled = True
        elif kind == "error":
            raise InputError(str(event["code"]), str(event["message"]), str(event["hint"]))
        return kind in ("result", "cancelled")


def progress_text(done: int, total: int, fps: float | None, eta_s: float | None) -> str:
    """Frames done, frames per second and time left, as the progress bar shows them."""
    parts = [f"{done}/{total} frames"]
    if fps:
        parts.append(f"{fps:.1f} frames/s")
    if eta_s is not None:
        minutes, seconds = divmod(max(0, round(eta_s)), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    return ", ".join(parts)
