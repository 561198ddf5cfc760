"""Trains the transfer network: similarity and fusion together, to the colours that come out; resumable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..nets.domain_transform import spread_hints, step_costs
from ..nets.fusion import FUSION_CELL, Choice, Memory, TransferNet
from ..nets.similarity import Descriptor
from ..transfer_paths import ROUTES
from .recipes import TransferRecipe
from .training_run import Passed, TrainingRun
from .transfer_samples import TransferSample
from .transfer_views import View, random_window, stacked, turned, view, windowed

# Pixels to a window's side: enough to judge a place by its surroundings.
_WINDOW = 128
# Which anchors are remembered, and which estimates are given: the earlier one, both, and no routes.
_Given = tuple[tuple[int, ...], tuple[int, ...]]
EARLIER, LATER = tuple(range(len(ROUTES))), tuple(range(len(ROUTES), 2 * len(ROUTES)))
_VALIDATED: tuple[_Given, ...] = (((0,), EARLIER), ((0, 1), EARLIER + LATER), ((0,), ()))
# Rough paths bring one route of an anchor.
_ROUGH: tuple[_Given, ...] = (((0,), EARLIER[:1]), ((0, 1), (EARLIER[1], LATER[0])))
# The stand-in for what the colorizer makes of doubtful places: trusted colours spread by (cells, L*).
_FILL_REACH = (24.0, 10.0)
# ab that an error of the gathered colours counts at most, and its share of the loss.
_MOST_ERROR, _GATHERED_SHARE = 40.0, 0.15
# An error of ab that is still nearly right; and what the confidence's cross entropy weighs.
_RIGHT, _CONFIDENCE_SHARE = 7.0, 4.0


class TransferTrainer(TrainingRun):
    """One run, kept in one checkpoint file. best: the lowest validation error, ab units, below zero."""

    validate_every_s = 60.0

    def __init__(
        self,
        recipe: TransferRecipe,
        learned: Sequence[list[TransferSample]],
        kept: Sequence[TransferSample],
        checkpoint: Path,
        device: str,
    ) -> None:
        """learned: sets of samples, drawn from equally often; those of one set have one size."""
        self.recipe, self.learned, self.kept = recipe, learned, kept
        self.device = torch.device(device)
        torch.manual_seed(recipe.seed)
        self.network = TransferNet().to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for part in self.network.descriptor.tower():
            part.requires_grad_(False)
        optimizer = torch.optim.AdamW(
            [parameter for parameter in self.network.parameters() if parameter.requires_grad],
            lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.99),
        )  # fmt: skip
        super().__init__(recipe, self.network, optimizer, checkpoint)

    def start_from(self, descriptor: Descriptor) -> None:
        """A new run with the descriptor that the samples were seen with."""
        self.network.descriptor.load_state_dict(descriptor.state_dict())
        self.start_average()

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        while (progress := passed()) < 1.0:
            yield {"loss": f"{self._learn(progress):.3f}"}

    def _learn(self, progress: float) -> float:
        rng = np.random.default_rng((self.recipe.seed, self.step))
        self._set_rate(progress)
        samples = self.learned[int(rng.integers(len(self.learned)))]
        chosen = [samples[i] for i in rng.integers(len(samples), size=self.recipe.batch)]
        remembered, given = _anchors_used(rng) if chosen[0].routed else ((0,), ())
        views = [view(sample, remembered, given) for sample in chosen]
        windows = stacked([windowed(one, random_window(one.lightness, _WINDOW, rng)) for one in views])
        windows = turned(windows, rng)
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = self._loss(windows)
        return self._descend(loss, self.recipe.ema_decay)

    def _loss(self, seen: View) -> Tensor:
        """The error of what is brought; and the confidence against how right that is, which is all it says."""
        choice = choose(self.network, seen)
        ab, confidence = brought(choice, seen)
        square = (ab - seen.truth).square().sum(1)
        right = torch.exp(-square.detach() / _RIGHT**2)
        with torch.autocast(self.device.type, enabled=False):
            doubted = F.binary_cross_entropy(confidence[:, 0].float().clamp(1e-4, 1.0 - 1e-4), right.float())
        error = square.add(0.1).sqrt().mean() + self.recipe.squared_share * square.mean()
        gathered = (choice.gathered - seen.truth).square().sum(1).add(0.1).sqrt().clamp(max=_MOST_ERROR)
        return error + _CONFIDENCE_SHARE * doubted + _GATHERED_SHARE * gathered.mean()

    def _validated(self) -> tuple[float, str]:
        """Error of ab, root mean square over the kept samples, with all that is known and with the earlier anchor."""
        network = TransferNet().to(self.device)
        network.load_state_dict(self.average)
        figures = []
        for remembered, given in _VALIDATED:
            errors, alone = [], []
            for sample in self.kept:
                seen = stacked([view(sample, remembered, given)])
                with torch.no_grad():
                    got = answer(choose(network, seen), seen)
                errors.append(float((got - seen.truth).square().sum(1).mean()))
                rival = seen.estimates.ab[:, ROUTES.index("matched")] if given else torch.zeros_like(got)
                alone.append(float((rival - seen.truth).square().sum(1).mean()))
            figures.append((math.sqrt(np.mean(errors)), math.sqrt(np.mean(alone))))
        table = " · ".join(f"{value:.2f} (one route {alone:.2f})" for value, alone in figures)
        return -figures[0][0], f"ab error, anchor before · both · likeness alone {table}"


def choose(network: TransferNet, seen: View) -> Choice:
    """The network's choice for a batch of views."""
    describe = network.descriptor.describe
    anchors = [describe(levels) for levels, _ in seen.anchors]
    keys = torch.cat([described.flatten(2) for described in anchors], -1)
    memory = Memory(keys, torch.cat([lab for _, lab in seen.anchors], -1))
    of_estimates = [anchors[source] for source in seen.sources]
    return network(seen.lightness, describe(seen.levels), seen.estimates, of_estimates, memory)


def brought(choice: Choice, seen: View) -> tuple[Tensor, Tensor]:
    """What the choice brings, ab (B, 2, h, w), and how far to trust it, (B, 1, h, w)."""
    candidates = torch.cat((seen.estimates.ab, choice.gathered.unsqueeze(1)), 1)
    confidence = choice.confidence
    return (candidates * choice.weights[:, :-1].unsqueeze(2)).sum(1) / confidence.clamp(min=1e-3), confidence


def answer(choice: Choice, seen: View) -> Tensor:
    """ab (B, 2, h, w): the choice's colours, and where it has none, those close by, or grey."""
    ab, confidence = brought(choice, seen)
    return confidence * ab + (1.0 - confidence) * filled(ab, confidence.square(), seen)


def filled(ab: Tensor, trust: Tensor, seen: View) -> Tensor:
    """A stand-in for what the colorizer makes of ab (B, 2, h, w) where trust (B, 1, h, w) is low: trusted colours
    spread along the footage's edges, and grey far from any."""
    costs = step_costs(F.avg_pool2d(seen.lightness, FUSION_CELL), *_FILL_REACH)
    spread, reached = spread_hints(ab.float(), trust.float(), *costs)
    share = reached / (reached + 0.05)
    return spread * share


def _anchors_used(rng: np.random.Generator) -> _Given:
    """Which anchors are remembered, and which estimates are given."""
    options: tuple[_Given, ...] = (*_VALIDATED, ((1,), LATER), *_ROUGH)
    return options[int(rng.choice(len(options), p=(0.3, 0.25, 0.12, 0.18, 0.05, 0.1)))]
