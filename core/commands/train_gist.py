"""`train gist`: from photographs and pictures in class folders to the gist network."""

from __future__ import annotations

import argparse
from pathlib import Path

from .training_options import add_export_option, add_run_options, check_recipe, split_for_validation

_CHECKPOINT = "gist-checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of photographs")
    parser.add_argument(
        "--classes", required=True, metavar="PATH", help="a folder or tar of class folders of small pictures"
    )
    add_run_options(parser, "gist-cpu")
    add_export_option(parser)


def run(args: argparse.Namespace) -> int:
    from ..devices import choose_device
    from ..nets.gist import VARIANT
    from ..nets.weights_file import in_few_levels, save_weights
    from ..picture_sets import read_labelled_pictures, read_pictures
    from ..training.gist_trainer import GistTrainer
    from ..training.recipes import GIST_RECIPES

    check_recipe(args.recipe, GIST_RECIPES)
    photographs, kept = split_for_validation(read_pictures(args.data))
    labelled = read_labelled_pictures(args.classes)
    print(f"{len(photographs)} photographs, {len(labelled.pictures)} of {len(labelled.classes)} classes", flush=True)
    trainer = GistTrainer(
        GIST_RECIPES[args.recipe], photographs, labelled, kept, Path(args.out) / _CHECKPOINT, choose_device(args.device)
    )
    if trainer.checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), in_few_levels(trainer.weights()), VARIANT)
    return 0
