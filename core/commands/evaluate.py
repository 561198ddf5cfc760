"""`evaluate stills` and `evaluate sheet`: figures and pictures of every method on the same stills."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError

HELP = "measure methods on pictures, and make contact sheets"
_COUNTS = "0,1,2,5,10,20,50,100"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reports = parser.add_subparsers(dest="report", required=True, metavar="REPORT")
    stills = reports.add_parser("stills", help="PSNR, ab error, colourfulness and time by number of hints")
    sheet = reports.add_parser("sheet", help="a contact sheet: the footage, every method, the truth")
    for report, methods, counts in ((stills, "grey,levin,two-tower", _COUNTS), (sheet, "two-tower", "0,1,10,100")):
        report.add_argument("folder", metavar="DIR", help="a folder or tar of colour pictures")
        report.add_argument(
            "--methods", default=methods, help="of grey, levin, two-tower, squeeze (default: %(default)s)"
        )
        report.add_argument("--counts", default=counts, help="numbers of hints (default: %(default)s)")
        report.add_argument("--first", type=int, metavar="N", help="only the first N pictures")
        report.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    stills.add_argument("--json", metavar="FILE", help="write the figures there as JSON")
    stills.add_argument("--plot", metavar="FILE", help="write a plot there (.png, .svg, .pdf)")
    sheet.add_argument("output", metavar="PNG", help="where the sheet goes")


def run(args: argparse.Namespace) -> int:
    from ..evaluation import report
    from ..evaluation.stills import load_method, load_stills, score_stills

    counts = _whole_numbers(args.counts)
    methods = {name: load_method(name, args.device) for name in args.methods.split(",")}
    pictures = load_stills(args.folder)[: args.first]
    if args.report == "sheet":
        report.write_sheet(Path(args.output), pictures, methods, counts)
        return 0
    if "grey" in methods:
        methods = {"grey": methods.pop("grey"), **methods}
    print(f"{len(pictures)} pictures\n{report.table_header()}", flush=True)
    scores = []
    for score in score_stills(pictures, methods, counts):
        print(report.table_row(score), flush=True)
        scores.append(score)
    if args.json:
        report.write_json(Path(args.json), scores)
    if args.plot:
        report.write_plot(Path(args.plot), scores)
    return 0


def _whole_numbers(text: str) -> list[int]:
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = [-1]
    if min(counts) < 0:
        raise InputError("bad-counts", f"--counts is {text!r}, and must be whole numbers such as 0,1,10.")
    return counts
