"""`train average`: the mean of several runs' weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from ..job import VARIANTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="weights of one variant, of runs that share a beginning"
    )
    parser.add_argument("--variant", default="two-tower", choices=VARIANTS, help="(default: %(default)s)")
    parser.add_argument("--export", required=True, metavar="FILE", help="where the mean goes (.safetensors)")


def run(args: argparse.Namespace) -> int:
    """Wortsman 2022, "Model soups": runs that begin with the same weights end in one basin, and their mean is better
    than each of them."""
    from ..nets.low_rank import mean_of
    from ..nets.weights_file import in_few_levels, load_network, read_weights, save_weights

    if len(args.files) < 2:
        raise InputError("bad-arguments", "A mean needs the weights of two runs or more.")
    for file in args.files:
        load_network(Path(file), args.variant)
    runs = [read_weights(Path(file), args.variant) for file in args.files]
    save_weights(Path(args.export), in_few_levels(mean_of(runs)), args.variant)
    return 0
