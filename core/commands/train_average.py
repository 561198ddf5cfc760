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
    parser.add_argument("--into", metavar="FILE", help="put the mean of the parts of --only there, and nothing else")
    parser.add_argument("--only", metavar="PARTS", help="names of parts, such as hint_in,hint_down,meet")
    parser.add_argument("--export", required=True, metavar="FILE", help="where the mean goes (.safetensors)")


def run(args: argparse.Namespace) -> int:
    """Wortsman 2022, "Model soups": runs that begin with the same weights end in one basin, and their mean is better
    than each of them."""
    from ..nets.low_rank import grafted, mean_of
    from ..nets.weights_file import in_few_levels, read_fitting_weights, save_weights

    if bool(args.into) != bool(args.only):
        raise InputError("bad-arguments", "--into and --only go together.")
    if len(args.files) < 2 and not args.into:
        raise InputError("bad-arguments", "A mean needs the weights of two runs or more.")
    weights = mean_of([read_fitting_weights(Path(file), args.variant) for file in args.files])
    if args.into:
        base, parts = read_fitting_weights(Path(args.into), args.variant), args.only.split(",")
        known = {name.partition(".")[0] for name in base}
        if not known.issuperset(parts):
            raise InputError("bad-arguments", f"--only is {args.only!r}.", f"Parts: {', '.join(sorted(known))}.")
        weights = grafted(base, weights, parts)
    save_weights(Path(args.export), in_few_levels(weights), args.variant)
    return 0
