"""`evaluate seed-table`: the original's table of four variants, beside grey and the published figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError

_WIDTHS, _FRAMES = (64, 1920), (2, 1000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a folder of colour clips (movies, folders of pictures)")
    parser.add_argument("--width", type=int, default=128, metavar="N", help="of the frames, in pixels (%(default)s)")
    parser.add_argument("--frames", type=int, default=24, metavar="N", help="of each clip, at most (%(default)s)")
    parser.add_argument("--encoder", metavar="FILE", help="a VGG-19 state file instead of the encoder that ships")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--json", metavar="FILE", help="write the figures there as JSON")


def run(args: argparse.Namespace) -> int:
    for name, value, (low, high) in (("--width", args.width, _WIDTHS), ("--frames", args.frames, _FRAMES)):
        if not low <= value <= high:
            raise InputError("bad-arguments", f"{name} is {value}, and must be {low} to {high}.")

    from ..colorizer import Colorizer
    from ..evaluation import seed_table
    from ..evaluation.clip_protocol import read_clips
    from ..memory import keep_freed_memory
    from ..nets.vgg import SHIPPED_ENCODER, load_encoder

    keep_freed_memory()
    encoder = load_encoder(Path(args.encoder) if args.encoder else SHIPPED_ENCODER)
    networks = [variant.network for variant in seed_table.VARIANTS if variant.network is not None]
    colorizers = {name: Colorizer.load(name, args.device) for name in dict.fromkeys(networks)}
    rows = {}
    for clip, figures in seed_table.score_seed_table(
        read_clips(args.folder, args.width, args.frames), colorizers, encoder
    ):
        rows[clip] = figures
        print(f"{clip}: " + ", ".join(f"{name} {value:.2f}" for name, value in figures.items()), flush=True)
    scores = seed_table.seed_scores(list(rows.values()))
    print(seed_table.seed_table(scores))
    if args.json:
        seed_table.write_seed_json(Path(args.json), rows, scores)
    return 0
