"""The one exception that a user sees: a sentence that says what, where, and what to do.

Standard library only, so that the add-on may import it.
"""

from __future__ import annotations


class InputError(Exception):
    """Something the user gave, or the machine has, cannot be used.

    code: a short, stable, hyphenated name for programs ("missing-file", "bad-hints", "disk-full", ...).
    message: one sentence without a trailing newline: what is wrong, and where.
    hint: what the user can do about it; may be empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()
