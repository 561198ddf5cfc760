"""`doctor`: what the engine is missing, if anything."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "say in one sentence whether the engine can run here, and what is missing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the whole report as one line of JSON")
    parser.add_argument("--cache", metavar="FOLDER", help="the cache folder to try")


def run(args: argparse.Namespace) -> int:
    from ..doctor import examine

    report = examine(Path(args.cache) if args.cache else None)
    print(json.dumps(report) if args.json else f"{report['message']} {report['hint']}".rstrip())
    return 0 if report["ok"] else 2
