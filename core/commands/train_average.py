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
    parser.add_argument(
        "--beside",
        metavar="FILE",
        help="keep the large kernels of these weights, of a run at low rank, and write what the mean adds to them",
    )
    parser.add_argument("--rank", type=int, default=16, help="of what is added (default: %(default)s)")
    parser.add_argument("--export", required=True, metavar="FILE", help="where the mean goes (.safetensors)")


def run(args: argparse.Namespace) -> int:
    """Wortsman 2022, "Model soups": runs that begin with the same weights end in one basin, and their mean is better
    than each of them."""
    from ..nets.low_rank import beside, mean_of
    from ..nets.weights_file import in_few_levels, load_network, read_weights, save_weights

    if len(args.files) < 2:
        raise InputError("bad-arguments", "A mean needs the weights of two runs or more.")
    if args.rank < 1:
        raise InputError("bad-arguments", f"The rank is {args.rank}, and must be 1 or more.")
    for file in args.files:
        load_network(Path(file), args.variant)
    mean = mean_of([read_weights(Path(file), args.variant) for file in args.files])
    if args.beside:
        load_network(Path(args.beside), args.variant)
        mean = beside(read_weights(Path(args.beside), args.variant), mean, args.rank)
    save_weights(Path(args.export), in_few_levels(mean), args.variant)
    return 0
