"""Trains the reference path's encoder to tell the classes of colour pictures; resumable, on any device."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ..memory import keep_freed_memory
from ..nets.vgg import DEVIATION, MEAN
from ..picture_sets import LabelledPictures
from .checkpoint import load_checkpoint, save_checkpoint
from .crops import random_crop
from .encoder_classifier import EncoderClassifier, folded
from .recipes import EncoderRecipe, Phase

_VALIDATE_EVERY_S = 600.0
_FINAL_RATE = 0.01
_LABEL_SMOOTHING = 0.05
_VALIDATION_BATCH = 100


class EncoderTrainer:
    """One run, kept in one checkpoint file. best: the validation accuracy, 0..1, that was the highest."""

    def __init__(
        self, recipe: EncoderRecipe, learned: LabelledPictures, kept: LabelledPictures, checkpoint: Path, device: str
    ) -> None:
        """learned, kept: pictures to learn from and to validate on, of the same classes."""
        self.recipe, self.learned, self.kept = recipe, learned, kept
        self.checkpoint, self.device = checkpoint, torch.device(device)
        keep_freed_memory()
        torch.manual_seed(recipe.seed)
        self.network = EncoderClassifier(recipe.widths, recipe.depths, len(learned.classes)).to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.step, self.seconds, self.best = 0, 0.0, 0.0

    def resume(self) -> None:
        """Go on from the checkpoint. Raises InputError if it is none of this network's."""
        self.step, self.seconds, self.best = load_checkpoint(
            self.checkpoint, self.network, self.average, self.optimizer
        )

    def train(self, minutes: float) -> None:
        """Train until the run has had its minutes; saves and validates every few minutes and at the end."""
        budget, started, validated = minutes * 60.0, time.monotonic() - self.seconds, time.monotonic()
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        interval = 0.5 if sys.stderr.isatty() else 30.0
        with tqdm(total=round(budget), initial=round(self.seconds), unit="s", mininterval=interval) as bar:
            for progress, (pictures, labels) in self._batches(started, budget):
                loss = self._learn(pictures, labels, progress)
                self.seconds = time.monotonic() - started
                bar.update(round(self.seconds) - bar.n)
                bar.set_postfix(step=self.step, loss=f"{loss:.3f}", size=pictures.shape[-1], refresh=False)
                if time.monotonic() - validated > _VALIDATE_EVERY_S:
                    self._validate_and_save(bar)
                    validated = time.monotonic()
            self._validate_and_save(bar)

    def encoder_weights(self) -> dict[str, Tensor]:
        """The averaged network as plain convolutions: the state dict of a nets.vgg.Encoder."""
        return folded(self.average, self.network.places)

    @torch.no_grad()
    def accuracy(self) -> tuple[float, float]:
        """(top-1, top-5) shares of the kept pictures, with the averaged weights at the last phase's size."""
        current = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.average)
        self.network.eval()
        size = self.recipe.phases[-1].size
        ranks = []
        for start in range(0, len(self.kept.pictures), _VALIDATION_BATCH):
            chosen = slice(start, start + _VALIDATION_BATCH)
            whole = [_at_size(picture, size) for picture in self.kept.pictures[chosen]]
            logits = self.network(self._input(np.stack(whole))).cpu()
            labels = torch.tensor(self.kept.labels[chosen])
            ranks.append((logits > logits.gather(1, labels[:, None])).sum(1))
        self.network.load_state_dict(current)
        self.network.train()
        rank = torch.cat(ranks)
        return float((rank < 1).float().mean()), float((rank < 5).float().mean())

    def _batches(self, started: float, budget: float) -> Iterator[tuple[float, tuple[np.ndarray, Tensor]]]:
        """(share of the run that has passed, batch); the next batch is made while this one is learned from."""
        with ThreadPoolExecutor(1) as maker:
            waiting = None
            while (progress := (time.monotonic() - started) / budget) < 1.0:
                batch = waiting.result() if waiting else self._make_batch(self.step, self._phase(progress))
                waiting = maker.submit(self._make_batch, self.step + 1, self._phase(progress))
                yield progress, batch

    def _phase(self, progress: float) -> Phase:
        return next(phase for phase in self.recipe.phases if progress < phase.until or phase is self.recipe.phases[-1])

    def _make_batch(self, step: int, phase: Phase) -> tuple[np.ndarray, Tensor]:
        """Crops uint8 (B, S, S, 3), some of them grey, and their classes; the same for the same step and phase."""
        rng = np.random.default_rng((self.recipe.seed, step))
        chosen = rng.integers(0, len(self.learned.pictures), phase.batch)
        crops = np.stack([random_crop(self.learned.pictures[i], phase.size, rng) for i in chosen])
        for i in np.flatnonzero(rng.random(phase.batch) < self.recipe.grey_share):
            crops[i] = cv2.cvtColor(crops[i], cv2.COLOR_RGB2GRAY)[..., None]
        return crops, torch.tensor([self.learned.labels[i] for i in chosen])

    def _input(self, pictures: np.ndarray) -> Tensor:
        mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))
        planes = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255.0
        return ((planes - mean) / deviation).to(self.device, memory_format=torch.channels_last)

    def _learn(self, pictures: np.ndarray, labels: Tensor, progress: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * self._rate(progress)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(self._input(pictures))
        loss = F.cross_entropy(logits.float(), labels.to(self.device), label_smoothing=_LABEL_SMOOTHING)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        decay = min(self.recipe.ema_decay, self.step / (self.step + 20.0))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1.0 - decay)
        return float(loss.detach())

    def _rate(self, progress: float) -> float:
        warmth = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        return warmth * (_FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))

    def _validate_and_save(self, bar: tqdm) -> None:
        top1, top5 = self.accuracy()
        self.best = max(self.best, top1)
        progress = (self.step, self.seconds, self.best)
        save_checkpoint(self.checkpoint, self.network, self.average, self.optimizer, progress)
        bar.write(
            f"{self.seconds / 60:6.1f} min, step {self.step}: top-1 {top1:.1%}, top-5 {top5:.1%} "
            f"of {len(self.kept.pictures)} pictures in {len(self.kept.classes)} classes"
        )


def _at_size(picture: np.ndarray, size: int) -> np.ndarray:
    interpolation = cv2.INTER_AREA if min(picture.shape[:2]) > size else cv2.INTER_CUBIC
    return cv2.resize(picture, (size, size), interpolation=interpolation)


def split_classes(pictures: LabelledPictures, every: int) -> tuple[LabelledPictures, LabelledPictures]:
    """Every `every`-th picture of each class kept for validation, in the order given: (the rest, those kept)."""
    seen: dict[int, int] = {}
    kept: list[bool] = []
    for label in pictures.labels:
        kept.append(seen.get(label, 0) % every == every - 1)
        seen[label] = seen.get(label, 0) + 1
    return _chosen(pictures, [not item for item in kept]), _chosen(pictures, kept)


def _chosen(pictures: LabelledPictures, chosen: Sequence[bool]) -> LabelledPictures:
    taken = [i for i, item in enumerate(chosen) if item]
    return LabelledPictures(
        [pictures.pictures[i] for i in taken], [pictures.labels[i] for i in taken], pictures.classes
    )
