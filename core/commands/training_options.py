"""What several `train NETWORK` share: options, and the pictures kept for validation."""

from __future__ import annotations

import argparse

from ..errors import InputError

VALIDATION_PICTURES = 40


def add_run_options(parser: argparse.ArgumentParser, recipe: str, *, of_prepared: bool = False) -> None:
    """--recipe (default: `recipe`), --out, --minutes and --device. of_prepared: the run prepares its samples first."""
    length = "the whole run's length, without preparation" if of_prepared else "the whole run's length"
    parser.add_argument("--recipe", default=recipe, help="of core/training/recipes.py (default: %(default)s)")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the run's folder; a run that is there goes on")
    parser.add_argument("--minutes", type=float, required=True, help=length)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def add_export_option(parser: argparse.ArgumentParser) -> None:
    """--export FILE."""
    parser.add_argument("--export", metavar="FILE", help="write the averaged weights there when done (.safetensors)")


def add_clip_options(parser: argparse.ArgumentParser) -> None:
    """--clips and --data, for what learns from motion."""
    parser.add_argument(
        "--clips", required=True, metavar="FOLDER", help="colour clips, two or more; the last by name is validated on"
    )
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of photographs")


def check_recipe(name: str, recipes: dict) -> None:
    """Raises InputError ("bad-recipe") if there is no such recipe."""
    if name not in recipes:
        raise InputError("bad-recipe", f"There is no recipe {name!r}.", f"Recipes: {', '.join(recipes)}.")


def split_for_validation(pictures: list) -> tuple[list, list]:
    """Pictures to learn from, and those kept apart: evenly over the list, so over its classes."""
    if len(pictures) < 2 * VALIDATION_PICTURES:
        raise InputError(
            "empty-data",
            f"The first data set has {len(pictures)} pictures.",
            f"Give at least {2 * VALIDATION_PICTURES}.",
        )
    stride = len(pictures) // VALIDATION_PICTURES
    kept = set(range(0, stride * VALIDATION_PICTURES, stride))
    return [p for i, p in enumerate(pictures) if i not in kept], [p for i, p in enumerate(pictures) if i in kept]
