"""Work that takes a while and never waits: stepped from a timer in a window, or in a loop where there is none."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..core.errors import InputError


class Task(ABC):
    """status: what it does now, for the progress bar. factor: how far it is, 0 to 1. finished: nothing more to
    step; then either error says why it failed, or cancelled is true, or it has done its work."""

    status = ""
    factor = 0.0
    finished = False
    cancelled = False
    error: InputError | None = None

    def step(self) -> None:
        """Go on as far as is possible now."""
        try:
            self.finished = self._advance()
        except InputError as error:
            self.error, self.finished = error, True
        if self.finished:
            self.end()

    def cancel(self) -> None:
        """Stop. It may take further steps until the task is finished."""
        self.cancelled = self.finished = True
        self.end()

    @abstractmethod
    def _advance(self) -> bool:
        """Go on; true when the work is done. Raises InputError if it cannot be done."""

    @abstractmethod
    def end(self) -> None:
        """Give back at once what the task holds, finished or not; a second call does nothing."""
