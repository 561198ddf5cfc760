"""Trains a colorizer: resumable, on any device, with a validation figure on pictures that it never learns from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..nets.low_rank import in_parts, learn_at_low_rank, load_parts
from ..nets.two_tower import VARIANTS, TwoTower
from .crops import PictureMix
from .film_looks import as_seen
from .hint_sampling import sample_hints
from .losses import colorizer_loss
from .recipes import Phase, Recipe
from .recoloring import recolored
from .training_run import Passed, TrainingRun, batches_ahead
from .transfer_sampling import sample_transferred
from .validation import Validation

CHECKPOINT = "checkpoint.safetensors"


class ColorizerTrainer(TrainingRun):
    """One run in one folder. minutes: the run's whole length; a resumed run counts what it has had."""

    def __init__(self, recipe: Recipe, pictures: PictureMix, validation: Validation, folder: Path, device: str) -> None:
        self.recipe, self.pictures, self.validation = recipe, pictures, validation
        self.device = torch.device(device)
        torch.manual_seed(recipe.seed)
        self.network: TwoTower = VARIANTS[recipe.variant]().to(self.device)
        if recipe.hint_side_rank:
            self.network.requires_grad_(False)
            deep = self.network.deep_lightness() if recipe.learns_deep_lightness else []
            for part in (*self.network.hint_side(), *deep):
                part.requires_grad_(True)
                learn_at_low_rank(part, recipe.hint_side_rank)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.99)
        )
        super().__init__(recipe, self.network, optimizer, folder / CHECKPOINT)

    def start_from(self, trained: dict[str, Tensor]) -> None:
        """A new run that begins with trained weights, as `nets.weights_file.read_weights` gives them."""
        load_parts(self.network, trained)
        self.start_average()

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, as `nets.weights_file.load_weights` reads them."""
        return in_parts(self.average)

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        for progress, batch in batches_ahead(self, self.recipe.phases, self._make_batch, passed):
            loss = self._learn(batch, progress)
            yield {"loss": f"{loss:.4f}", "size": batch[0].shape[-1]}

    def _make_batch(self, step: int, phase: Phase) -> tuple[Tensor, ...]:
        """lightness (B, 1, S, S), ab (B, 2, S, S), hint_ab and hint_mask, transferred colours and their confidence.

        The same for the same step and phase.
        """
        rng = np.random.default_rng((self.recipe.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        crops = self.pictures.crops(phase.batch, phase.size, rng)
        lab, lightness = as_seen(crops, self.recipe.film_share, rng)
        photographed, ab = lab[:, :1], lab[:, 1:].contiguous()
        hints_seed = int(torch.randint(2**62, (), generator=generator))
        true_ab = ab
        drawn_hints = partial(
            sample_hints, few_share=self.recipe.few_hints_share, chosen_share=self.recipe.chosen_hints_share
        )
        _, hint_mask = drawn_hints(ab, torch.Generator().manual_seed(hints_seed))
        ab = recolored(photographed, ab, hint_mask, generator)
        hints = drawn_hints(ab, torch.Generator().manual_seed(hints_seed), chosen_by=true_ab)
        return (lightness, ab, *hints, *sample_transferred(ab, generator))

    def _learn(self, batch: tuple[Tensor, ...], progress: float) -> float:
        lightness, ab, hint_ab, hint_mask, *transferred = (part.to(self.device, non_blocking=True) for part in batch)
        self._set_rate(progress)
        with torch.autocast(self.device.type, torch.bfloat16):
            colors = self.network(lightness, hint_ab, hint_mask, tuple(transferred))
        loss = colorizer_loss(colors, lightness, ab)
        return self._descend(loss, self.recipe.ema_decay)

    def _validated(self) -> tuple[float, str]:
        with self._averaged():
            figures = self.validation.psnr(self.network, self.device)
        mean = sum(figures.values()) / len(figures)
        table = " · ".join(f"{count}: {value:.2f}" for count, value in figures.items())
        return mean, f"PSNR at hints {table} dB, mean {mean:.3f}"
