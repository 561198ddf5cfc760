"""`train transfer`: from clips and photographs to the transfer network."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import InputError
from .training_options import add_clip_options, add_export_option, add_run_options, check_recipe

if TYPE_CHECKING:
    import numpy as np

_CHECKPOINT = "transfer-checkpoint.safetensors"
_MOST_FRAMES = 144
_CLIP_WIDTH = 480
# Of the samples of moving scenes, one in so many is validated on.
_VALIDATED_PART = 10

Sample = TypeVar("Sample")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_options(parser, "transfer-cpu", of_prepared=True)
    add_clip_options(parser)
    parser.add_argument(
        "--start-from",
        metavar="FILE",
        help="begin with the descriptor of these weights, not with the colorizer's tower",
    )
    add_export_option(parser)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from ..devices import choose_device
    from ..nets.weights_file import load_network, save_weights, shipped_weights
    from ..picture_sets import read_pictures
    from ..training.recipes import TRANSFER_RECIPES
    from ..training.transfer_samples import SampleMaker, colorizer_descriptor, load_descriptor
    from ..training.transfer_trainer import TransferTrainer

    check_recipe(args.recipe, TRANSFER_RECIPES)
    recipe = TRANSFER_RECIPES[args.recipe]
    rng = np.random.default_rng(recipe.seed)
    if args.start_from:
        descriptor = load_descriptor(Path(args.start_from))
    else:
        descriptor = colorizer_descriptor(load_network(shipped_weights("two-tower"), "two-tower"))
    maker = SampleMaker(descriptor, rng)
    *sets, kept = samples_of_clips(
        args.clips, _MOST_FRAMES, lambda frames, _: maker.of_stretches(frames, recipe.stretches)
    )
    photographs = read_pictures(args.data)
    scenes, unseen = split_scenes(list(maker.of_scenes(photographs, recipe.scenes)))
    kept += unseen
    stills = list(maker.of_stills(photographs, recipe.stills))
    print(f"{len(scenes)} samples of moving scenes, {len(stills)} of stills", flush=True)
    # More often from photographs than from clips, so that a few clips are not learned by heart.
    learned = [part for part in [*sets, *[scenes] * 6, *[stills] * 2] if part]
    checkpoint = Path(args.out) / _CHECKPOINT
    trainer = TransferTrainer(recipe, learned, kept, checkpoint, choose_device(args.device))
    if checkpoint.exists():
        trainer.resume()
        print(f"resumed at step {trainer.step}", flush=True)
    else:
        trainer.start_from(descriptor)
    trainer.train(args.minutes)
    if args.export:
        save_weights(Path(args.export), trainer.average, "transfer")
    return 0


def samples_of_clips(
    folder: str, most_frames: int, make: Callable[[Sequence[np.ndarray], bool], Iterable[Sample]]
) -> list[list[Sample]]:
    """What `make(frames, aged)` gives of each clip of a folder, by name; every second clip is to be aged.

    most_frames: of each clip, from its first on.

    Raises InputError "empty-data" for fewer than two clips.
    """
    from ..evaluation.clip_protocol import read_clips

    sets = []
    for number, clip in enumerate(read_clips(folder, _CLIP_WIDTH, most_frames)):
        sets.append(list(make(clip.truth, number % 2 == 1)))
        print(f"{clip.name}: {len(sets[-1])} samples", flush=True)
    if len(sets) < 2:
        raise InputError("empty-data", f"{folder} has fewer than two clips.", "Give a folder with more.")
    return sets


def split_scenes(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Samples of moving scenes to learn from, and those kept for validation."""
    unseen = len(samples) // _VALIDATED_PART
    return samples[unseen:], samples[:unseen]
