"""`train face`: from colour pictures, some of people, to the face network."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .training_options import add_export_option, add_run_options, check_recipe

# One picture in ten is kept for validation.
_VALIDATE_ONE_IN = 10
_CHECKPOINT = "face-checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", required=True, metavar="PATH", help="a folder or tar of colour photographs, some of them of people"
    )
    parser.add_argument("--people", metavar="PATH", help="the same, most of them of people, whatever is found in them")
    parser.add_argument("--others", metavar="PATH", help="the same, hardly any of them of people: none is looked for")
    add_run_options(parser, "face-cpu", of_prepared=True)
    add_export_option(parser)


def run(args: argparse.Namespace) -> int:
    from ..devices import choose_device
    from ..evaluation.face_places import FacePlaces, face_count, find_faces
    from ..nets.face import VARIANT
    from ..nets.weights_file import in_few_levels, save_weights
    from ..picture_sets import read_pictures
    from ..training.face_trainer import FaceTrainer
    from ..training.recipes import FACE_RECIPES

    check_recipe(args.recipe, FACE_RECIPES)
    photographs, people, others = (
        read_pictures(path) if path else [] for path in (args.data, args.people, args.others)
    )
    print(f"looking for faces in {len(photographs) + len(people)} pictures", flush=True)
    found = find_faces([*photographs, *people])
    # Where nothing is found among people there may be faces yet.
    found[len(photographs) :] = [places._replace(sure=False) for places in found[len(photographs) :]]
    found += [FacePlaces([], [], sure=True)] * len(others)
    placed = list(zip([*photographs, *people, *others], found, strict=True))
    kept = placed[_VALIDATE_ONE_IN - 1 :: _VALIDATE_ONE_IN]
    learned = [one for i, one in enumerate(placed) if i % _VALIDATE_ONE_IN != _VALIDATE_ONE_IN - 1]
    counts = [face_count(places for _, places in part) for part in (learned, kept)]
    print(f"{counts[0]} faces to learn from, {counts[1]} to validate on", flush=True)
    for part, count in zip((learned, kept), counts, strict=True):
        if not count or not any(places.sure and not places.faces for _, places in part):
            raise InputError(
                "empty-data",
                "Too few of the pictures have faces, or all of them have.",
                "Give a larger data set, some of it of people.",
            )
    trainer = FaceTrainer(
        FACE_RECIPES[args.recipe], learned, kept, Path(args.out) / _CHECKPOINT, choose_device(args.device)
    )
    if trainer.checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), in_few_levels(trainer.weights()), VARIANT)
    return 0
