"""`train encoder`: from pictures in class folders to the reference path's encoder."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError

# One picture in fifty of each class is kept for validation.
_VALIDATE_ONE_IN = 50
_CHECKPOINT = "encoder-checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", default="encoder-cpu", help="of core/training/recipes.py (default: %(default)s)")
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of class folders of pictures")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the run's folder; a run that is there goes on")
    parser.add_argument("--minutes", type=float, required=True, help="the whole run's length")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--export", metavar="FILE", help="write the averaged weights there when done (.safetensors)")


def run(args: argparse.Namespace) -> int:
    from ..devices import choose_device
    from ..nets.weights_file import save_weights
    from ..picture_sets import read_labelled_pictures
    from ..training.encoder_trainer import EncoderTrainer, split_classes
    from ..training.recipes import ENCODER_RECIPES

    if args.recipe not in ENCODER_RECIPES:
        raise InputError(
            "bad-recipe", f"There is no encoder recipe {args.recipe!r}.", f"Recipes: {', '.join(ENCODER_RECIPES)}."
        )
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
