"""`train transfer`: from clips and photographs to the transfer network."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError

_CHECKPOINT = "transfer-checkpoint.safetensors"
_MOST_FRAMES = 150
_CLIP_WIDTH = 480


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", default="transfer-cpu", help="of core/training/recipes.py (default: %(default)s)")
    parser.add_argument(
        "--clips", required=True, metavar="FOLDER", help="colour clips, two or more; the last by name is validated on"
    )
    parser.add_argument("--data", required=True, metavar="PATH", help="a folder or tar of photographs")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="the run's folder; a run that is there goes on")
    parser.add_argument("--minutes", type=float, required=True, help="the whole run's length, without preparation")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--export", metavar="FILE", help="write the averaged weights there when done (.safetensors)")


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from ..colorizer import Colorizer
    from ..devices import choose_device
    from ..evaluation.clip_protocol import read_clips
    from ..nets.weights_file import load_network, save_weights, shipped_weights
    from ..picture_sets import read_pictures
    from ..training.recipes import TRANSFER_RECIPES
    from ..training.transfer_samples import clip_samples, scene_samples, still_samples
    from ..training.transfer_trainer import TransferTrainer

    if args.recipe not in TRANSFER_RECIPES:
        raise InputError(
            "bad-recipe", f"There is no transfer recipe {args.recipe!r}.", f"Recipes: {', '.join(TRANSFER_RECIPES)}."
        )
    recipe = TRANSFER_RECIPES[args.recipe]
    rng = np.random.default_rng(recipe.seed)
    colorizer = Colorizer.load("two-tower", args.device)
    sets = []
    for clip in read_clips(args.clips, _CLIP_WIDTH, _MOST_FRAMES):
        sets.append(list(clip_samples(clip.truth, False, recipe.spacing, colorizer, rng)))
        sets.append(list(clip_samples(clip.truth, True, recipe.spacing, colorizer, rng)))
        print(f"{clip.name}: {len(sets[-2]) + len(sets[-1])} samples", flush=True)
    if len(sets) < 4:
        raise InputError("empty-data", f"{args.clips} has fewer than two clips.", "Give a folder with more.")
    *sets, kept, kept_aged = sets
    photographs = read_pictures(args.data)
    scenes = list(scene_samples(photographs, recipe.scenes, colorizer, rng))
    stills = list(still_samples(photographs, recipe.stills, colorizer, rng))
    print(f"{len(scenes)} samples of moving scenes, {len(stills)} of stills", flush=True)
    # As often from photographs as from clips, so that a few clips are not learned by heart.
    learned = [part for part in [*sets, *[scenes] * 5, *[stills] * 3] if part]
    checkpoint = Path(args.out) / _CHECKPOINT
    trainer = TransferTrainer(recipe, learned, [*kept, *kept_aged], checkpoint, choose_device(args.device))
    if checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    else:
        trainer.start_from(load_network(shipped_weights("two-tower"), "two-tower"))
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), trainer.average, "transfer")
    return 0
