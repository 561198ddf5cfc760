"""Trains a colorizer: resumable, on any device, with a validation figure on pictures that it never learns from."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..color import lab_from_srgb
from ..memory import keep_freed_memory
from ..nets.two_tower import VARIANTS, TwoTower
from .checkpoint import load_checkpoint, save_checkpoint
from .crops import PictureMix
from .film_looks import film_look
from .hint_sampling import sample_hints
from .losses import colorizer_loss
from .recipes import Phase, Recipe
from .transfer_sampling import sample_transferred
from .validation import Validation

CHECKPOINT = "checkpoint.safetensors"
_VALIDATE_EVERY_S = 600.0
_FINAL_RATE = 0.02


class ColorizerTrainer:
    """One run in one folder. minutes: the run's whole length; a resumed run counts what it has had."""

    def __init__(self, recipe: Recipe, pictures: PictureMix, validation: Validation, folder: Path, device: str) -> None:
        self.recipe, self.pictures, self.validation = recipe, pictures, validation
        self.folder, self.device = folder, torch.device(device)
        keep_freed_memory()
        torch.manual_seed(recipe.seed)
        self.network: TwoTower = VARIANTS[recipe.variant]().to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.99)
        )
        self.step, self.seconds, self.best = 0, 0.0, -math.inf

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint. Raises InputError if it is none of this network's."""
        self.step, self.seconds, self.best = load_checkpoint(path, self.network, self.average, self.optimizer)

    def start_from(self, trained: TwoTower) -> None:
        """A new run that begins with trained weights."""
        self.network.load_state_dict(trained.state_dict())
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

    def train(self, minutes: float) -> None:
        """Train until the run has had its minutes; saves and validates every few minutes and at the end."""
        budget, started, validated = minutes * 60.0, time.monotonic() - self.seconds, time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        # A log file gets a line every half minute, a terminal a live bar.
        interval = 0.5 if sys.stderr.isatty() else 30.0
        with tqdm(total=round(budget), initial=round(self.seconds), unit="s", mininterval=interval) as bar:
            for progress, batch in self._batches(started, budget):
                loss = self._learn(batch, progress)
                self.seconds = time.monotonic() - started
                bar.update(round(self.seconds) - bar.n)
                bar.set_postfix(step=self.step, loss=f"{loss:.4f}", size=batch[0].shape[-1], refresh=False)
                if time.monotonic() - validated > _VALIDATE_EVERY_S:
                    self._validate_and_save(bar)
                    validated = time.monotonic()
            self._validate_and_save(bar)

    def _batches(self, started: float, budget: float) -> Iterator[tuple[float, tuple[Tensor, ...]]]:
        """(share of the run that has passed, batch); the next batch is made while this one is learned from."""
        with ThreadPoolExecutor(1) as maker:
            waiting = None
            while (progress := (time.monotonic() - started) / budget) < 1.0:
                batch = waiting.result() if waiting else self._make_batch(self.step, self._phase(progress))
                waiting = maker.submit(self._make_batch, self.step + 1, self._phase(progress))
                yield progress, batch

    def _phase(self, progress: float) -> Phase:
        return next(phase for phase in self.recipe.phases if progress < phase.until or phase is self.recipe.phases[-1])

    def _make_batch(self, step: int, phase: Phase) -> tuple[Tensor, ...]:
        """lightness (B, 1, S, S), ab (B, 2, S, S), hint_ab and hint_mask, transferred colours and their confidence.

        The same for the same step and phase.
        """
        rng = np.random.default_rng((self.recipe.seed, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        crops = self.pictures.crops(phase.batch, phase.size, rng)
        lab = lab_from_srgb(torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255.0)
        lightness, ab = lab[:, :1].contiguous(), lab[:, 1:].contiguous()
        for i in np.flatnonzero(rng.random(phase.batch) < self.recipe.film_share):
            lightness[i, 0] = torch.from_numpy(film_look(crops[i], rng))
        return (lightness, ab, *sample_hints(ab, generator), *sample_transferred(ab, generator))

    def _learn(self, batch: tuple[Tensor, ...], progress: float) -> float:
        lightness, ab, hint_ab, hint_mask, *transferred = (part.to(self.device, non_blocking=True) for part in batch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * self._rate(progress)
        with torch.autocast(self.device.type, torch.bfloat16):
            colors = self.network(lightness, hint_ab, hint_mask, tuple(transferred))
        loss = colorizer_loss(colors, lightness, ab)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.recipe.ema_decay, self.step / (self.step + 20.0))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1.0 - decay)
        return float(loss.detach())

    def _rate(self, progress: float) -> float:
        warmth = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        return warmth * (_FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))

    def _validate_and_save(self, bar: tqdm) -> None:
        figures = self.validation.psnr(self.network, self.average, self.device)
        mean = sum(figures.values()) / len(figures)
        self.best = max(self.best, mean)
        save_checkpoint(
            self.folder / CHECKPOINT, self.network, self.average, self.optimizer, (self.step, self.seconds, self.best)
        )
        table = " · ".join(f"{count}: {value:.2f}" for count, value in figures.items())
        bar.write(f"{self.seconds / 60:6.1f} min, step {self.step}: PSNR at hints {table} dB, mean {mean:.3f}")
