"""`train NETWORK`: from pictures to weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from . import train_average, train_encoder, train_face, train_gist, train_joint, train_transfer
from .training_options import (
    VALIDATION_PICTURES,
    add_export_option,
    add_run_options,
    check_recipe,
    split_for_validation,
)

HELP = "train a network"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    colorizer = networks.add_parser("colorizer", help="train the colorizer from pictures")
    add_run_options(colorizer, "two-tower-cpu")
    colorizer.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="PATH[=SHARE]",
        help="a folder or tar of pictures, or CIFAR-10 batches; SHARE weighs the data sets (default 1); may be "
        f"given several times. Of the first, {VALIDATION_PICTURES} pictures are kept for validation",
    )
    colorizer.add_argument("--start-from", metavar="FILE", help="begin a new run with these weights (.safetensors)")
    add_export_option(colorizer)
    gist = networks.add_parser("gist", help="train what knows a picture's colours at a glance")
    train_gist.add_arguments(gist)
    face = networks.add_parser("face", help="train what tells whether a hint is on a face")
    train_face.add_arguments(face)
    encoder = networks.add_parser("encoder", help="train the reference path's encoder from pictures in class folders")
    train_encoder.add_arguments(encoder)
    transfer = networks.add_parser("transfer", help="train the transfer network from clips and photographs")
    train_transfer.add_arguments(transfer)
    joint = networks.add_parser("joint", help="tune colorizer and transfer network together")
    train_joint.add_arguments(joint)
    average = networks.add_parser("average", help="the mean of several runs' weights of the colorizer")
    train_average.add_arguments(average)


def run(args: argparse.Namespace) -> int:
    others = {
        "gist": train_gist,
        "face": train_face,
        "encoder": train_encoder,
        "transfer": train_transfer,
        "joint": train_joint,
        "average": train_average,
    }
    if args.network in others:
        return others[args.network].run(args)
    return _train_colorizer(args)


def _train_colorizer(args: argparse.Namespace) -> int:
    from ..devices import choose_device
    from ..nets.weights_file import in_few_levels, read_fitting_weights, save_weights
    from ..picture_sets import read_pictures
    from ..training.crops import PictureMix
    from ..training.recipes import RECIPES
    from ..training.trainer import ColorizerTrainer
    from ..training.validation import Validation

    check_recipe(args.recipe, RECIPES)
    recipe = RECIPES[args.recipe]
    data_sets = [(read_pictures(path), share) for path, share in map(_path_and_share, args.data)]
    learned, kept = split_for_validation(data_sets[0][0])
    data_sets[0] = (learned, data_sets[0][1])
    for (path, _), (pictures, share) in zip(map(_path_and_share, args.data), data_sets, strict=True):
        print(f"{path}: {len(pictures)} pictures, share {share:g}", flush=True)
    folder = Path(args.out)
    trainer = ColorizerTrainer(recipe, PictureMix(data_sets), Validation(kept), folder, choose_device(args.device))
    if trainer.checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    elif args.start_from:
        trainer.start_from(read_fitting_weights(Path(args.start_from), recipe.variant))
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), in_few_levels(trainer.weights()), recipe.variant)
    return 0


def _path_and_share(text: str) -> tuple[str, float]:
    path, equals, share = text.rpartition("=")
    if not equals:
        return text, 1.0
    try:
        weight = float(share)
    except ValueError:
        return text, 1.0
    if not weight > 0:
        raise InputError("bad-data", f"The share of {path} is {share}, and must be above 0.")
    return path, weight
