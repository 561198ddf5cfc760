"""`evaluate REPORT`: figures and pictures of methods on the same footage."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from . import seed_table

HELP = "measure methods on pictures and on clips, and make contact sheets"
_COUNTS = "0,1,2,5,10,20,50,100"
# Of each clip: four pictures alone would tell their own story.
_EDGE_FRAMES = (0, 20, 40, 60)


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
    placement = reports.add_parser("placement", help="PSNR with hints at random places and where uncertainty asks")
    edges = reports.add_parser("edges", help="ab error at edges of large pictures, seen small and at their own size")
    tinting = reports.add_parser("tinting", help="how much of one surprising hint its own kind and other kinds take")
    chosen = reports.add_parser("chosen", help="what one true hint on a small thing in colour does to its picture")
    for report in (stills, sheet, chosen):
        report.add_argument(
            "--saturation", type=float, default=0.0, metavar="X", help="of our methods, as in colorize (%(default)s)"
        )
    for report in (tinting, chosen):
        report.add_argument("--methods", default="levin,two-tower,squeeze", help="of grey, levin, two-tower, squeeze")
    chosen.add_argument("--on-faces", action="store_true", help="on a face, in pictures in which one is found")
    for report in (placement, edges):
        report.add_argument("--variant", default="two-tower", choices=("two-tower", "squeeze"))
    for report in (placement, edges, tinting, chosen):
        folder = "a folder of colour clips" if report is edges else "a folder or tar of colour pictures"
        report.add_argument("folder", metavar="DIR", help=folder)
        report.add_argument("--first", type=int, metavar="N", help="only the first N pictures")
        report.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    carrying = reports.add_parser("carrying", help="how many hints reach another frame as strokes, on their own colour")
    carrying.add_argument("folder", metavar="DIR", help="a folder of colour clips (movies, folders of pictures)")
    carrying.add_argument("--frames", type=int, default=72, metavar="N", help="of each clip, at most (%(default)s)")
    seed_table.add_arguments(reports.add_parser("seed-table", help="the original's table: four variants beside grey"))
    _add_clips_arguments(reports.add_parser("clips", help="PSNR, ab error, CDC, flicker and speed on colour clips"))


def _add_clips_arguments(clips: argparse.ArgumentParser) -> None:
    clips.add_argument("folder", metavar="DIR", help="a folder of colour clips (movies, folders of pictures)")
    clips.add_argument(
        "--given", choices=("first", "hints", "corrected"), default="first",
        help="first: the first frame in true colour; hints: 20 on the first, the middle and the last frame; corrected: "
        "the first frame in wrong colours, and 20 hints on the middle one (%(default)s)",
    )  # fmt: skip
    clips.add_argument(
        "--methods", help="first: of grey, frozen, dis; else of grey, dis-levin; all: two-tower, squeeze "
        "(the baselines and two-tower)",
    )  # fmt: skip
    clips.add_argument(
        "--aged", action="store_true",
        help="as old films show them: faded, soft, flickering, with grain, dirt and scratches, unsteady, compressed",
    )  # fmt: skip
    clips.add_argument("--width", type=int, default=480, metavar="N", help="of the frames, in pixels (%(default)s)")
    clips.add_argument("--frames", type=int, default=72, metavar="N", help="of each clip, at most (%(default)s)")
    clips.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    clips.add_argument("--json", metavar="FILE", help="write the figures there as JSON")
    clips.add_argument("--sheet", metavar="PNG", help="write a contact sheet there: a row a method, a column a frame")


def run(args: argparse.Namespace) -> int:
    reports = {
        "clips": _run_clips, "placement": _run_placement, "edges": _run_edges, "tinting": _run_tinting,
        "chosen": _run_chosen, "carrying": _run_carrying, "seed-table": seed_table.run,
    }  # fmt: skip
    return reports.get(args.report, _run_stills)(args)


def _run_placement(args: argparse.Namespace) -> int:
    from ..colorizer import Colorizer
    from ..evaluation.placement import score_placement
    from ..evaluation.stills import load_stills

    print(f"{'hints':>6}{'random dB':>11}{'uncertainty dB':>16}{'gain':>8}   s.e.")
    pictures = load_stills(args.folder)[: args.first]
    for score in score_placement(Colorizer.load(args.variant, args.device), pictures):
        gain = score.uncertainty - score.random
        print(f"{score.hints:>6}{score.random:>11.2f}{score.uncertainty:>16.2f}{gain:>8.2f} ± {score.gain_error:.2f}")
    return 0


def _run_tinting(args: argparse.Namespace) -> int:
    from ..evaluation.stills import load_method, load_stills
    from ..evaluation.tinting import score_tinting

    methods = {name: load_method(name, args.device) for name in args.methods.split(",")}
    print(f"{'method':<10}{'pictures':>10}{'own kind':>10}{'other kinds':>13}   s.e.")
    for score in score_tinting(load_stills(args.folder)[: args.first], methods):
        print(
            f"{score.method:<10}{score.pictures:>10}{score.own_kind:>10.2f}{score.other_kinds:>13.3f}"
            f" ± {score.other_error:.3f}",
            flush=True,
        )
    return 0


def _run_chosen(args: argparse.Namespace) -> int:
    from ..evaluation.chosen_hints import score_chosen_hints
    from ..evaluation.stills import load_method, load_stills

    _check_saturation(args.saturation)
    methods = {name: load_method(name, args.device, args.saturation) for name in args.methods.split(",")}
    print(f"{'':<20}{'ab error, without the hint and with it':^42}{'PSNR':^18}")
    print(f"{'method':<10}{'pictures':>10}{'other kinds':>21}{'own kind':>21}{'dB':>18}{'gain':>8}   s.e.")
    for score in score_chosen_hints(load_stills(args.folder)[: args.first], methods, on_faces=args.on_faces):
        pairs = [f"{without:.2f} {then:.2f}" for without, then in (score.other_kinds, score.own_kind, score.psnr)]
        print(
            f"{score.method:<10}{score.pictures:>10}{pairs[0]:>21}{pairs[1]:>21}{pairs[2]:>18}"
            f"{score.psnr[1] - score.psnr[0]:>8.2f} ± {score.psnr_error:.2f}",
            flush=True,
        )
    return 0


def _check_saturation(saturation: float) -> None:
    if not 0.0 <= saturation <= 1.0:
        raise InputError("bad-arguments", f"--saturation is {saturation}, and must be 0 to 1.")


def _run_edges(args: argparse.Namespace) -> int:
    from ..evaluation.clip_protocol import read_clips
    from ..evaluation.edges import score_edges

    clips = read_clips(args.folder, width=8192, frames=_EDGE_FRAMES[-1] + 1)
    pictures = [clip.truth[n] for clip in clips for n in _EDGE_FRAMES if n < len(clip.truth)][: args.first]
    print(f"{'hints':>6}{'seen at':>10}{'ab error at edges':>20}{'overall':>10}")
    for hints in (0, 5, 20, 50):
        for score in score_edges(pictures, args.variant, args.device, hints):
            seen = score.working_size or "own size"
            print(f"{score.hints:>6}{seen:>10}{score.at_edges:>20.2f}{score.overall:>10.2f}", flush=True)
    return 0


def _run_carrying(args: argparse.Namespace) -> int:
    if not 2 <= args.frames <= 10_000:
        raise InputError("bad-arguments", "Clips must be 2 to 10000 frames long.")

    from ..evaluation.carrying import score_carrying
    from ..evaluation.clip_protocol import read_clips

    print(f"{'clip':<20}{'dots':>6}{'arrived':>9}{'ab error':>10}{'on another colour':>20}")
    for score in score_carrying(read_clips(args.folder, frames=args.frames)):
        print(
            f"{score.clip:<20}{score.dots:>6}{score.arrived:>9}{score.ab_error:>10.2f}{score.wrong:>20.1%}", flush=True
        )
    return 0


def _run_clips(args: argparse.Namespace) -> int:
    if not (16 <= args.width <= 8192 and 2 <= args.frames <= 10_000):
        raise InputError("bad-arguments", "Clips must be 16 to 8192 pixels wide, and 2 to 10000 frames long.")

    from ..evaluation import clip_report, clips
    from ..evaluation.aged_footage import aged
    from ..evaluation.clip_protocol import read_clips
    from ..memory import keep_freed_memory

    keep_freed_memory()
    names = args.methods.split(",") if args.methods else clips.method_names(args.given)[:-1]
    methods = {name: clips.load_clip_method(name, args.given, args.device) for name in names}
    results = []
    sheet = clip_report.ClipSheet()
    print(clip_report.clip_table_header(), flush=True)
    footage = read_clips(args.folder, args.width, args.frames)
    if args.aged:
        footage = map(aged, footage)
    for clip, result, frames in clips.score_clips(footage, methods, args.given):
        print(clip_report.clip_table_row(result.score), flush=True)
        results.append(result)
        if args.sheet:
            sheet.add(clip, result.score, frames)
    means = clips.mean_scores([result.score for result in results])
    for mean in means:
        print(clip_report.clip_table_row(mean), flush=True)
    if args.json:
        clip_report.write_clip_json(Path(args.json), args.given, results, means)
    if args.sheet:
        sheet.write(Path(args.sheet))
    return 0


def _run_stills(args: argparse.Namespace) -> int:
    from ..evaluation import report
    from ..evaluation.stills import load_method, load_stills, score_stills

    counts = _whole_numbers(args.counts)
    _check_saturation(args.saturation)
    methods = {name: load_method(name, args.device, args.saturation) for name in args.methods.split(",")}
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
