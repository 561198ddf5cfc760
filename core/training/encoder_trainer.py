"""Trains the reference path's encoder to tell the classes of colour pictures; resumable, on any device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..nets.vgg import DEVIATION, MEAN
from ..picture_sets import LabelledPictures
from .crops import random_crop
from .encoder_classifier import EncoderClassifier, folded
from .recipes import EncoderRecipe, Phase
from .training_run import Passed, TrainingRun, batches_ahead

_LABEL_SMOOTHING = 0.05
_VALIDATION_BATCH = 100


class EncoderTrainer(TrainingRun):
    """One run, kept in one checkpoint file. best: the validation accuracy, 0..1, that was the highest."""

    final_rate = 0.01
    most_gradient = math.inf

    def __init__(
        self, recipe: EncoderRecipe, learned: LabelledPictures, kept: LabelledPictures, checkpoint: Path, device: str
    ) -> None:
        """learned, kept: pictures to learn from and to validate on, of the same classes."""
        self.recipe, self.learned, self.kept = recipe, learned, kept
        self.device = torch.device(device)
        torch.manual_seed(recipe.seed)
        self.network = EncoderClassifier(recipe.widths, recipe.depths, len(learned.classes)).to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        super().__init__(recipe, self.network, optimizer, checkpoint)

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        for progress, (pictures, labels) in batches_ahead(self, self.recipe.phases, self._make_batch, passed):
            loss = self._learn(pictures, labels, progress)
            yield {"loss": f"{loss:.3f}", "size": pictures.shape[-1]}

    def encoder_weights(self) -> dict[str, Tensor]:
        """The averaged network as plain convolutions: the state dict of a nets.vgg.Encoder."""
        return folded(self.average, self.network.places)

    @torch.no_grad()
    def accuracy(self) -> tuple[float, float]:
        """(top-1, top-5) shares of the kept pictures, with the averaged weights at the last phase's size."""
        size = self.recipe.phases[-1].size
        ranks = []
        with self._averaged():
            for start in range(0, len(self.kept.pictures), _VALIDATION_BATCH):
                chosen = slice(start, start + _VALIDATION_BATCH)
                whole = [_at_size(picture, size) for picture in self.kept.pictures[chosen]]
                logits = self.network(self._input(np.stack(whole))).cpu()
                labels = torch.tensor(self.kept.labels[chosen])
                ranks.append((logits > logits.gather(1, labels[:, None])).sum(1))
        rank = torch.cat(ranks)
        return float((rank < 1).float().mean()), float((rank < 5).float().mean())

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
        self._set_rate(progress)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(self._input(pictures))
        loss = F.cross_entropy(logits.float(), labels.to(self.device), label_smoothing=_LABEL_SMOOTHING)
        return self._descend(loss, self.recipe.ema_decay)

    def _validated(self) -> tuple[float, str]:
        top1, top5 = self.accuracy()
        classes = f"{len(self.kept.pictures)} pictures in {len(self.kept.classes)} classes"
        return top1, f"top-1 {top1:.1%}, top-5 {top5:.1%} of {classes}"


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
