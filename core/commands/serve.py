"""`serve`: the engine, for as long as its stdin is open."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import os
import sys
from pathlib import Path

HELP = "run the engine: JSON messages, one a line, on stdin and stdout"
_LOG_BYTES = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", metavar="FOLDER", help="where finished frames are kept for the next job")


def run(args: argparse.Namespace) -> int:
    # stdout carries messages alone: whatever else prints, in Python or in a library, goes to stderr.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    events = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _log_to_stderr_and_file()

    from ..engine import Engine
    from ..memory import keep_freed_memory

    keep_freed_memory()
    Engine(requests, events, Path(args.cache) if args.cache else None).serve()
    return 0


def _log_to_stderr_and_file() -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    try:
        import platformdirs

        folder = Path(platformdirs.user_log_dir("vse-colorizer", appauthor=False))
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.handlers.RotatingFileHandler(folder / "engine.log", maxBytes=_LOG_BYTES, backupCount=2))
    except (ImportError, OSError) as error:
        print(f"There is no log file: {error}", file=sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers)
