"""Trains the gist network on whole small pictures: their colours, and beside them their classes; resumable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..color import lightness_from_srgb, recolor
from ..evaluation.metrics import psnr
from ..evaluation.protocol import centre_square
from ..nets.ab_bins import bin_centres
from ..nets.gist import GistNet
from ..nets.two_tower import AB_SCALE
from ..picture_sets import LabelledPictures
from .crops import random_crop
from .film_looks import as_seen
from .losses import gist_loss
from .recipes import GistRecipe, Phase
from .training_run import Passed, TrainingRun, batches_ahead

_DROPPED = 0.2


class GistLearner(nn.Module):
    """The gist network with what only its training asks of it: a distribution over ab bins, and classes."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.gist = GistNet()
        _, middle, coarse = self.gist.widths
        self.bins = nn.Conv2d(middle, len(bin_centres()), 1)
        self.classes = nn.Linear(coarse, classes)

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ab (B, 2, h/4, w/4) in network units, logits of bins (B, Q, h/8, w/8) and of classes (B, classes)."""
        ab, understood, seen = self.gist.look(lightness)
        return ab, self.bins(understood), self.classes(F.dropout(seen.mean((2, 3)), _DROPPED, self.training))


class GistTrainer(TrainingRun):
    """One run, kept in one checkpoint file. best: the highest PSNR on the pictures kept for validation."""

    final_rate = 0.01

    def __init__(
        self,
        recipe: GistRecipe,
        photographs: Sequence[np.ndarray],
        labelled: LabelledPictures,
        kept: Sequence[np.ndarray],
        checkpoint: Path,
        device: str,
    ) -> None:
        """photographs, labelled: to learn from, uint8 (H, W, 3); kept: to validate on."""
        self.recipe, self.photographs, self.labelled = recipe, photographs, labelled
        self.kept = [centre_square(picture) for picture in kept]
        self.device = torch.device(device)
        torch.manual_seed(recipe.seed)
        self.network = GistLearner(len(labelled.classes)).to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        kernels = [p for p in self.network.parameters() if p.dim() > 1]
        others = [p for p in self.network.parameters() if p.dim() <= 1]
        groups = [{"params": kernels, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        super().__init__(
            recipe, self.network, torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.99)), checkpoint
        )

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights of the gist network alone."""
        part = "gist."
        return {name.removeprefix(part): value for name, value in self.average.items() if name.startswith(part)}

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        for progress, batch in batches_ahead(self, self.recipe.phases, self._make_batch, passed):
            yield {"loss": f"{self._learn(batch, progress):.4f}"}

    def _make_batch(self, step: int, phase: Phase) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """lightness as seen and as photographed (B, 1, S, S), ab (B, 2, S, S), and the classes of the first pictures,
        those that have one; the same for the same step."""
        rng = np.random.default_rng((self.recipe.seed, step))
        photographs = round(phase.batch * self.recipe.photographs_share)
        chosen = rng.integers(0, len(self.labelled.pictures), phase.batch - photographs)
        pictures = [self.labelled.pictures[i] for i in chosen]
        pictures += [self.photographs[i] for i in rng.integers(0, len(self.photographs), photographs)]
        crops = np.stack([random_crop(picture, phase.size, rng) for picture in pictures])
        lab, seen = as_seen(crops, self.recipe.film_share, rng)
        return seen, lab[:, :1], lab[:, 1:], torch.tensor([self.labelled.labels[i] for i in chosen])

    def _learn(self, batch: tuple[Tensor, ...], progress: float) -> float:
        seen, photographed, ab, classes = (part.to(self.device, non_blocking=True) for part in batch)
        self._set_rate(progress)
        with torch.autocast(self.device.type, torch.bfloat16):
            predicted, bins, class_logits = self.network(seen)
        loss = gist_loss(predicted, bins, photographed, ab)
        loss = loss + self.recipe.classes_share * F.cross_entropy(
            class_logits[: len(classes)].float(), classes, label_smoothing=self.recipe.label_smoothing
        )
        return self._descend(loss, self.recipe.ema_decay)

    @torch.no_grad()
    def _validated(self) -> tuple[float, str]:
        with self._averaged():
            mean = float(np.mean([self._psnr(picture) for picture in self.kept]))
        return mean, f"PSNR without hints {mean:.3f} dB"

    def _psnr(self, picture: np.ndarray) -> float:
        lightness = torch.from_numpy(lightness_from_srgb(picture))[None, None]
        small = F.interpolate(lightness, size=self.recipe.phases[-1].size, mode="area").to(self.device)
        ab = self.network.gist(small).cpu()[0].permute(1, 2, 0).numpy() * AB_SCALE
        return psnr(recolor(picture, cv2.resize(ab, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)), picture)
