"""The engine's messages: one JSON object a line, requests on its stdin, events on its stdout.

A request: {"type": ..., "id": ..., fields}. Every event that answers a request carries the request's id.

    hello                       → ready {version, device, variants}
    colorize {job}              → progress {done, total, fps, eta_s}*, frame {frame, path}*, result {frames,
                                  rendered, reused, width, height, path, warnings}
    preview {job, frame}        → result {path}
    suggest {path, frame, x, y, n} → result {colors}, "#rrggbb" of at most n plausible colours, the likeliest first
    carry {path, frame, hints}  → progress {done, total, fps, eta_s}*, result {strokes}: those of hints.json that can be
                                  followed to the frame from the keyframes around it, beside what it has already
    cancel {target}             → cancelled, carrying the target's id; its frames so far are kept
    quit                        → the engine ends; so it does when stdin ends

Any request may be answered by error {code, message, hint} instead. Standard library only, so that the
add-on may import it.
"""

from __future__ import annotations

import json
from typing import Any

from .errors import InputError

REQUESTS = ("hello", "colorize", "preview", "suggest", "carry", "cancel", "quit")
EVENTS = ("ready", "progress", "frame", "result", "error", "cancelled")
# A line holds one job; a million points are 20 MB. A longer line is no message of ours.
MAX_LINE_BYTES = 64 * 1024 * 1024


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line of UTF-8, newline included. NaN and infinities raise ValueError."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes, kinds: tuple[str, ...]) -> dict[str, Any]:
    """The message of one line. kinds: REQUESTS or EVENTS. Raises InputError if the line is none of them."""
    if len(line) > MAX_LINE_BYTES:
        raise InputError("bad-message", f"A message of {len(line)} bytes is longer than the engine reads.")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("bad-message", f"A line is not a JSON message: {line[:80]!r}.") from error
    if not isinstance(message, dict) or message.get("type") not in kinds:
        raise InputError("bad-message", f"A message's type must be one of {', '.join(kinds)}: {line[:80]!r}.")
    return message


def error_event(request_id: object, error: InputError) -> dict[str, Any]:
    """The event that carries a failure to whoever asked."""
    return {"type": "error", "id": request_id, "code": error.code, "message": error.message, "hint": error.hint}
