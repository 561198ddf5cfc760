"""`colorize INPUT OUTPUT`: one job from the command line."""

from __future__ import annotations

import argparse
import re
import signal
import sys
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..hints import load_hints
from ..job import BIT_DEPTHS, DEVICES, FORMATS, JOB_VERSION, VARIANTS, Job, Settings, parse_job
from ..progress import JobCancelledError, Progress

HELP = "colour a movie, a folder of pictures or a picture"
# Names of files that are no folders, and that cannot be written.
_OTHER_MEDIA = frozenset(
    ".avi .bmp .dpx .exr .flv .gif .jp2 .jpeg .jpg .m4v .mpeg .mpg .mxf .ogv .tga .tif .tiff .ts .webm .webp".split()
)
_CANCELLED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = Settings()
    parser.add_argument("input", metavar="INPUT", help="a movie, a picture, or a folder of numbered pictures")
    parser.add_argument(
        "output", metavar="OUTPUT", help=f"a folder for numbered PNGs, a movie (.{', .'.join(FORMATS[1:])}) or a .png"
    )
    parser.add_argument("--hints", metavar="FILE", help="colour hints on keyframes (hints.json)")
    parser.add_argument(
        "--reference", metavar="FRAME=PICTURE", action="append", default=[],
        help="a picture in colour for a source frame: that frame itself, which then comes back exactly, or any other "
        "one; may be given again",
    )  # fmt: skip
    parser.add_argument("--style", metavar="PICTURE", help="a picture that leads the palette of the whole strip")
    parser.add_argument("--style-strength", type=float, metavar="S", help="how far, 0 to 1 (1)")
    parser.add_argument("--frames", metavar="A:B", help="source frames A to B, both included, counted from 0")
    parser.add_argument("--variant", choices=VARIANTS, default=defaults.variant, help="the network to colour with")
    parser.add_argument("--device", choices=DEVICES, default=defaults.device, help="where the network runs")
    parser.add_argument(
        "--working-size", type=int, default=defaults.working_size, metavar="N",
        help="short side in pixels at which the network sees a frame (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--temporal-strength", type=float, default=defaults.temporal_strength, metavar="X",
        help="0: every frame for itself; 1: as steady as the motion allows (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--saturation", type=float, default=defaults.saturation, metavar="X",
        help="0: the mean of the likely colours; 1: the most saturated of them (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--bit-depth", type=int, choices=BIT_DEPTHS, default=8, help="of the PNGs (%(default)s)")
    parser.add_argument(
        "--cache", metavar="FOLDER",
        help="where finished frames are kept for the next run (else $VSE_COLORIZER_CACHE, or the user's cache folder)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    job = job_of(args)

    from tqdm import tqdm

    from ..cache import default_cache_folder
    from ..memory import keep_freed_memory
    from ..pipeline import run_job

    keep_freed_memory()

    interrupts: list[int] = []

    def interrupt(number: int, _: object) -> None:
        # The first one lets the frame at hand be finished; the second one does not wait.
        if interrupts:
            raise KeyboardInterrupt
        interrupts.append(number)

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with tqdm(unit=" frames", file=sys.stderr, dynamic_ncols=True, smoothing=0.1) as bar:

            def show(progress: Progress) -> None:
                bar.total = progress.total
                bar.update(progress.done - bar.n)

            cache_folder = Path(args.cache) if args.cache else default_cache_folder()
            result = run_job(job, cache_folder, show, lambda frame, path: None, lambda: bool(interrupts))
    except JobCancelledError:
        print("Cancelled; the frames so far are kept, and the same command goes on from there.", file=sys.stderr)
        return _CANCELLED
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    for warning in result.warnings:
        print(warning, file=sys.stderr)
    print(
        f"{result.path}: {result.frames} frames of {result.width} by {result.height}, "
        f"{result.rendered} rendered, {result.reused} from the cache."
    )
    return 0


def job_of(args: argparse.Namespace) -> Job:
    """The job that the arguments describe. Raises InputError naming what is wrong."""
    first, last = _frames(args.frames)
    document: dict[str, Any] = {
        "version": JOB_VERSION,
        "source": {"path": args.input, "first": first, "last": last},
        "output": {"path": args.output, "format": _format(Path(args.output)), "bit_depth": args.bit_depth},
        "hints": load_hints(args.hints).to_json() if args.hints else None,
        "references": _references(args.reference),
        "style": _style(args.style, args.style_strength),
        "settings": {
            "variant": args.variant,
            "device": args.device,
            "working_size": args.working_size,
            "temporal_strength": args.temporal_strength,
            "saturation": args.saturation,
        },
    }
    return parse_job(document)


def _frames(text: str | None) -> tuple[int, int | None]:
    if text is None:
        return 0, None
    match = re.fullmatch(r"(\d{1,9})(?::(\d{1,9}))?", text)
    if match is None:
        raise InputError(
            "bad-arguments", f"--frames is {text!r}, and must be A:B, such as 0:99, or one frame, such as 12."
        )
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise InputError("bad-arguments", f"--frames is {text!r}, and ends before it begins.")
    return first, last


def _style(path: str | None, strength: float | None) -> dict[str, Any] | None:
    if path is None:
        if strength is not None:
            raise InputError("bad-arguments", "--style-strength needs --style, the picture to follow.")
        return None
    return {"path": path, "strength": 1.0 if strength is None else strength}


def _references(texts: list[str]) -> dict[str, str]:
    references: dict[str, str] = {}
    for text in texts:
        match = re.fullmatch(r"0*(\d{1,9})=(.+)", text, re.DOTALL)
        if match is None:
            raise InputError(
                "bad-arguments", f"--reference is {text!r}, and must be FRAME=PICTURE, such as 0=first.png."
            )
        if match[1] in references:
            raise InputError("bad-arguments", f"--reference gives frame {match[1]} twice.")
        references[match[1]] = match[2]
    return references


def _format(output: Path) -> str:
    """The job's output format for a path: a movie's by its ending, else "png"."""
    suffix = output.suffix.lower()
    if output.is_dir():
        return "png"
    if suffix in _OTHER_MEDIA:
        raise InputError(
            "bad-output",
            f"{output} cannot be written: there is no output in the format {suffix}.",
            f"Give a folder, a .png, or a movie ending in .{', .'.join(FORMATS[1:])}.",
        )
    return suffix[1:] if suffix[1:] in FORMATS else "png"
