"""The command line: `python -m core COMMAND`, or `python -I core/__main__.py COMMAND` from anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Read by OpenMP when torch loads. Threads that spin while they wait make one frame take five times as long where
# Blender or anything else is on the same cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if __package__ in (None, ""):  # run as a script: make this folder importable as the package it is
    sys.path[:] = [str(Path(__file__).resolve().parent.parent)] + [
        entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent
    ]
    __package__ = "core"

import argparse
from typing import NoReturn

from core import __version__
from core.commands import bench, colorize, doctor, evaluate, serve, train
from core.errors import InputError

# A command's module is light: what it computes with is imported when it runs.
COMMANDS = {
    "colorize": colorize,
    "serve": serve,
    "train": train,
    "evaluate": evaluate,
    "bench": bench,
    "doctor": doctor,
}
EXIT_BAD_INPUT = 2
EXIT_CANCELLED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError("bad-arguments", f"{self.prog}: {message}.", "Add --help to see how it is used.")


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0; 2 with one sentence on stderr for bad input; 130 if cancelled."""
    parser = _Parser(prog="python -m core", description="VSE Colorizer: colour for black-and-white footage.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    try:
        parsed = parser.parse_args(arguments)
        return COMMANDS[parsed.command].run(parsed)
    except InputError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "core":
            raise
        print(f"{sys.executable} has no module {error.name!r}. Install requirements.txt into it.", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return EXIT_CANCELLED


if __name__ == "__main__":
    sys.exit(main())
