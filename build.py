#!/usr/bin/env python3
"""The one door to this repository: demo, test, package, lint. CPython 3.11 and pip are all it needs.

    python3 build.py demo [MOVIE] [--hints HINTS]             the main job in a real Blender, into out/
    python3 build.py test [--blenders 4.2,4.5,5.0] [ARGS]     every test; ARGS go to pytest
    python3 build.py package                                  the extension's zip, into dist/
    python3 build.py lint                                     style and types

Each command first makes the environments it uses, in .venv, and keeps them for the next time.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The one door to this repository; it makes what it needs in .venv.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="colour a strip in a real Blender, into out/demo.mp4 and out/demo.png")
    demo.add_argument("movie", nargs="?", type=Path, help="black-and-white footage; without it the demo makes a clip")
    demo.add_argument("--hints", type=Path, help="a hints.json for MOVIE; without it MOVIE is coloured without hints")
    test = commands.add_parser("test", help="run the tests; further arguments go to pytest")
    test.add_argument("--blenders", default="5.0", help="the Blenders to test the add-on in, such as 4.2,4.5,5.0")
    test.add_argument(
        "--discard-blenders",
        action="store_true",
        help="remove each Blender (1 GB) after its tests, where the disk is small; it is installed anew next time",
    )
    commands.add_parser("package", help="make dist/vse_colorizer-VERSION.zip and validate it")
    commands.add_parser("lint", help="check style and types")
    known, rest = parser.parse_known_args()
    if rest and known.command != "test":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if known.command == "demo" and known.hints and not known.movie:
        parser.error("--hints belongs to a MOVIE")
    known.pytest_arguments = rest
    return known


def main() -> int:
    arguments = _arguments()
    if sys.version_info[:2] != (3, 11) or sys.implementation.name != "cpython":
        other = shutil.which("python3.11")
        print(
            f"build.py: this is Python {sys.version.split()[0]}, and Blender's own module, bpy, needs CPython 3.11."
            f" {'Run it as: ' + other + ' build.py' if other else 'Install Python 3.11 and run build.py with it.'}",
            file=sys.stderr,
        )
        return 2

    # A build machine that stops this stops its children too: SystemExit passes through their clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    from build_tools import demo, lint, packaging, suites
    from core.errors import InputError

    try:
        if arguments.command == "demo":
            return demo.run(arguments.movie, arguments.hints)
        if arguments.command == "test":
            return suites.run(arguments.blenders, arguments.pytest_arguments, arguments.discard_blenders)
        if arguments.command == "package":
            packaging.build()
            return 0
        return lint.run()
    except InputError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbuild.py: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
