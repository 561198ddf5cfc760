"""`train joint`: colorizer and transfer network tuned together."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .train_transfer import samples_of_clips, split_scenes

_CHECKPOINT = "joint-checkpoint.safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", default="joint-cpu", help="of core/training/recipes.py (default: %(default)s)")
    parser.add_argument(
        "--clips", required=True, metavar="FOLDER", help="colour clips, two or more; the last by name is validated on"
    )
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of photographs")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the run's folder; a run that is there goes on")
    parser.add_argument("--minutes", type=float, required=True, help="the whole run's length, without preparation")
    parser.add_argument("--colorizer", metavar="FILE", help="begin with these weights, not the shipped ones")
    parser.add_argument("--transfer", metavar="FILE", help="begin with these weights, not the shipped ones")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument(
        "--export", metavar="FOLDER", help="write both networks' averaged weights there when done (.safetensors)"
    )


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from ..colorizer import Colorizer
    from ..devices import choose_device
    from ..nets.fusion import TransferNet
    from ..nets.weights_file import in_few_levels, load_network, load_weights, save_weights, shipped_weights
    from ..picture_sets import read_pictures
    from ..training.joint_trainer import Joint, JointTrainer
    from ..training.recipes import JOINT_RECIPES
    from ..training.transfer_samples import SampleMaker

    if args.recipe not in JOINT_RECIPES:
        raise InputError(
            "bad-recipe", f"There is no joint recipe {args.recipe!r}.", f"Recipes: {', '.join(JOINT_RECIPES)}."
        )
    recipe = JOINT_RECIPES[args.recipe]
    colorizer_weights = Path(args.colorizer or shipped_weights(recipe.variant))
    colorizer, transfer = load_network(colorizer_weights, recipe.variant), TransferNet()
    load_weights(transfer, Path(args.transfer or shipped_weights("transfer")), "transfer")
    unaided = Colorizer.load(recipe.variant, args.device, weights=colorizer_weights)
    maker = SampleMaker(unaided, transfer.descriptor, np.random.default_rng(recipe.seed))
    *sets, kept = samples_of_clips(args.clips, lambda frames, aged: maker.pairs_of_clip(frames, aged, recipe.spacing))
    scenes, unseen = split_scenes(list(maker.pairs_of_scenes(read_pictures(args.data), recipe.scenes)))
    kept += unseen
    learned = [part for part in [*sets, *[scenes] * len(sets)] if part]
    checkpoint = Path(args.out) / _CHECKPOINT
    device = choose_device(args.device)
    trainer = JointTrainer(recipe, Joint(colorizer, transfer), learned, kept, checkpoint, device)
    separate = trainer.figures()
    print(f"apart: ab error {separate.error:.3f}, difference along the motion {separate.flicker:.3f}", flush=True)
    if checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    trainer.train(args.minutes)
    if args.export:
        for name, variant in (("colorizer", recipe.variant), ("transfer", "transfer")):
            own = {
                key.removeprefix(f"{name}."): value for key, value in trainer.average.items() if key.startswith(name)
            }
            stored = in_few_levels(own) if variant == recipe.variant else own
            save_weights(Path(args.export) / f"{variant}.safetensors", stored, variant)
    return 0
