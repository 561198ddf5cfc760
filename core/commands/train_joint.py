"""`train joint`: colorizer and transfer network tuned together."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from .train_transfer import samples_of_clips, split_scenes
from .training_options import add_clip_options, add_run_options, check_recipe

_CHECKPOINT = "joint-checkpoint.safetensors"
_MOST_FRAMES = 75


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_options(parser, "joint-cpu", of_prepared=True)
    add_clip_options(parser)
    parser.add_argument("--colorizer", metavar="FILE", help="begin with these weights, not the shipped ones")
    parser.add_argument("--transfer", metavar="FILE", help="begin with these weights, not the shipped ones")
    parser.add_argument(
        "--export", metavar="FOLDER", help="write both networks' averaged weights there when done (.safetensors)"
    )


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from ..devices import choose_device
    from ..nets.fusion import TransferNet
    from ..nets.weights_file import in_few_levels, load_network, load_weights, save_weights, shipped_weights
    from ..picture_sets import read_pictures
    from ..training.joint_trainer import Joint, JointTrainer
    from ..training.recipes import JOINT_RECIPES
    from ..training.transfer_samples import SampleMaker

    check_recipe(args.recipe, JOINT_RECIPES)
    recipe = JOINT_RECIPES[args.recipe]
    colorizer_weights = Path(args.colorizer or shipped_weights(recipe.variant))
    colorizer, transfer = load_network(colorizer_weights, recipe.variant), TransferNet()
    load_weights(transfer, Path(args.transfer or shipped_weights("transfer")), "transfer")
    maker = SampleMaker(transfer.descriptor, np.random.default_rng(recipe.seed))
    pairs_of = partial(maker.pairs_of_clip, spacing=recipe.spacing)
    *sets, kept = samples_of_clips(args.clips, _MOST_FRAMES, pairs_of)
    scenes, unseen = split_scenes(list(maker.pairs_of_scenes(read_pictures(args.data), recipe.scenes)))
    kept += unseen
    # More often from photographs than from clips, so that a few clips are not learned by heart.
    learned = [part for part in [*sets, *[scenes] * 3 * len(sets)] if part]
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
