"""`train encoder`: from pictures in class folders to the reference path's encoder."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .training_options import add_export_option, add_run_options, check_recipe

# One picture in fifty of each class is kept for validation.
_VALIDATE_ONE_IN = 50
_CHECKPOINT = "encoder-checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of class folders of pictures")
    add_run_options(parser, "encoder-cpu")
    add_export_option(parser)


def run(args: argparse.Namespace) -> int:
    from ..devices import choose_device
    from ..nets.weights_file import save_weights
    from ..picture_sets import read_labelled_pictures
    from ..training.encoder_trainer import EncoderTrainer, split_classes
    from ..training.recipes import ENCODER_RECIPES

    check_recipe(args.recipe, ENCODER_RECIPES)
    learned, kept = split_classes(read_labelled_pictures(args.data), _VALIDATE_ONE_IN)
    if not kept.pictures:
        raise InputError(
            "empty-data",
            f"No class of {args.data} has {_VALIDATE_ONE_IN} pictures, so none is left to validate on.",
            "Give a larger data set.",
        )
    print(f"{len(learned.pictures)} pictures of {len(learned.classes)} classes", flush=True)
    folder = Path(args.out)
    trainer = EncoderTrainer(
        ENCODER_RECIPES[args.recipe], learned, kept, folder / _CHECKPOINT, choose_device(args.device)
    )
    if trainer.checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), trainer.encoder_weights(), "encoder")
    return 0
