"""Trains the transfer network: similarity and fusion together, to the colours that come out; resumable."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ..memory import keep_freed_memory
from ..nets.domain_transform import spread_hints, step_costs
from ..nets.fusion import FUSION_CELL, Choice, Estimates, Memory, TransferNet
from ..nets.two_tower import TwoTower
from .checkpoint import load_checkpoint, save_checkpoint
from .recipes import TransferRecipe
from .transfer_samples import TransferSample

_VALIDATE_EVERY_S = 240.0
# Which anchors are remembered, and which estimates are given: the earlier one, both, and no routes.
_Given = tuple[tuple[int, ...], tuple[int, ...]]
_VALIDATED: tuple[_Given, ...] = (((0,), (0, 1)), ((0, 1), (0, 1, 2, 3)), ((0,), ()))
_FINAL_RATE = 0.02
# The stand-in for what the colorizer makes of doubtful places: trusted colours spread by (cells, L*).
_FILL_REACH = (24.0, 10.0)
# ab that an error of the gathered colours counts at most, and its share of the loss.
_MOST_ERROR, _GATHERED_SHARE = 40.0, 0.15


class TransferTrainer:
    """One run, kept in one checkpoint file. best: the lowest validation error, ab units, below zero."""

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
        self.checkpoint, self.device = checkpoint, torch.device(device)
        keep_freed_memory()
        torch.manual_seed(recipe.seed)
        self.network = TransferNet().to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.99)
        )
        self.step, self.seconds, self.best = 0, 0.0, -math.inf

    def start_from(self, colorizer: TwoTower) -> None:
        """A new run whose descriptors begin as the colorizer's lightness tower."""
        tower = colorizer.state_dict()
        own = self.network.descriptor.state_dict()
        own |= {name: tower[name] for name in own if name in tower}
        self.network.descriptor.load_state_dict(own)
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}

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
            while (progress := (time.monotonic() - started) / budget) < 1.0:
                loss = self._learn(progress)
                self.seconds = time.monotonic() - started
                bar.update(round(self.seconds) - bar.n)
                bar.set_postfix(step=self.step, loss=f"{loss:.3f}", refresh=False)
                if time.monotonic() - validated > _VALIDATE_EVERY_S:
                    self._validate_and_save(bar)
                    validated = time.monotonic()
            self._validate_and_save(bar)

    def _learn(self, progress: float) -> float:
        rng = np.random.default_rng((self.recipe.seed, self.step))
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * self._rate(progress)
        samples = self.learned[int(rng.integers(len(self.learned)))]
        chosen = [samples[i] for i in rng.integers(len(samples), size=self.recipe.batch)]
        remembered, given = _anchors_used(rng) if chosen[0].routed else ((0,), ())
        flip = bool(rng.random() < 0.5)
        batch = [_side(sample, remembered, given, flip) for sample in chosen]
        parts = [torch.stack(part).float() for part in zip(*batch, strict=True)]
        lightness, truth, unaided, anchors, lab, *estimates = parts
        loss = self._loss(lightness, truth, unaided, anchors, lab, Estimates(*estimates))
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

    def _loss(
        self, lightness: Tensor, truth: Tensor, unaided: Tensor, anchors: Tensor, lab: Tensor, estimates: Estimates
    ) -> Tensor:
        choice = run(self.network, lightness, anchors, lab, estimates)
        error = (answer(choice, estimates, lightness, unaided) - truth).square().sum(1)
        gathered = (choice.gathered - truth).square().sum(1).add(0.1).sqrt().clamp(max=_MOST_ERROR)
        squared_share = self.recipe.squared_share
        return error.add(0.1).sqrt().mean() + squared_share * error.mean() + _GATHERED_SHARE * gathered.mean()

    def _rate(self, progress: float) -> float:
        warmth = min(1.0, (self.step + 1) / self.recipe.warmup_steps)
        return warmth * (_FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))

    def _validate_and_save(self, bar: tqdm) -> None:
        """Error of ab, root mean square over the kept samples, with all that is known and with the earlier anchor."""
        network = TransferNet().to(self.device)
        network.load_state_dict(self.average)
        figures = []
        for remembered, given in _VALIDATED:
            errors, alone = [], []
            for sample in self.kept:
                parts = [part[None].float() for part in _side(sample, remembered, given, False)]
                lightness, truth, unaided, anchors, lab, *routed = parts
                estimates = Estimates(*routed)
                with torch.no_grad():
                    choice = run(network, lightness, anchors, lab, estimates)
                    got = answer(choice, estimates, lightness, unaided)
                errors.append(float((got - truth).square().sum(1).mean()))
                alone.append(float((estimates.ab[:, -1] - truth).square().sum(1).mean()) if routed[0].shape[1] else 0.0)
            figures.append((math.sqrt(np.mean(errors)), math.sqrt(np.mean(alone))))
        self.best = max(self.best, -figures[0][0])
        progress = (self.step, self.seconds, self.best)
        save_checkpoint(self.checkpoint, self.network, self.average, self.optimizer, progress)
        table = " · ".join(f"{value:.2f} (one route {alone:.2f})" for value, alone in figures)
        bar.write(
            f"{self.seconds / 60:6.1f} min, step {self.step}: ab error, anchor before · both · likeness alone {table}"
        )


def run(network: TransferNet, lightness: Tensor, anchors: Tensor, lab: Tensor, estimates: Estimates) -> Choice:
    """A choice of the network in training. anchors (B, A, 1, H, W); lab (B, A, 3, n); the rest as in TransferNet."""
    batch, count = anchors.shape[:2]
    described = network.descriptor(torch.cat((lightness, anchors.flatten(0, 1))))
    keys = described[batch:].unflatten(0, (batch, count)).flatten(3).permute(0, 2, 1, 3).flatten(2)
    memory = Memory(keys, lab.permute(0, 2, 1, 3).flatten(2))
    return network(lightness, described[:batch], estimates, memory)


def answer(choice: Choice, estimates: Estimates, lightness: Tensor, unaided: Tensor) -> Tensor:
    """ab (B, 2, h, w): the choice's colours, and where it has none, those close by, or the colorizer's own."""
    candidates = torch.cat((estimates.ab, choice.gathered.unsqueeze(1)), 1)
    brought = (candidates * choice.weights[:, :-1].unsqueeze(2)).sum(1)
    with torch.no_grad():
        confidence = choice.confidence
        trust = confidence.square()
        costs = step_costs(F.avg_pool2d(lightness, FUSION_CELL), *_FILL_REACH)
        spread, reached = spread_hints(brought / confidence.clamp(min=1e-3), trust, *costs)
        share = reached / (reached + 0.05)
        fill = spread * share + unaided * (1.0 - share)
    return brought + choice.weights[:, -1:] * fill


def _anchors_used(rng: np.random.Generator) -> _Given:
    """Which anchors are remembered, and which estimates are given."""
    options: tuple[_Given, ...] = (*_VALIDATED, ((1,), (2, 3)))
    return options[int(rng.choice(len(options), p=(0.35, 0.3, 0.15, 0.2)))]


def _side(sample: TransferSample, remembered: Sequence[int], given: Sequence[int], flip: bool) -> list[Tensor]:
    """The sample's tensors with some of its anchors and estimates, mirrored or not."""
    remembered, given = list(remembered), list(given)
    ab, doubt, change, distance, matched = sample.estimates
    parts = [sample.lightness, sample.truth, sample.unaided, sample.anchor_lightness[remembered]]
    planes = [ab[given], doubt[given], change[given]]
    if flip:
        parts, planes = [part.flip(-1) for part in parts], [part.flip(-1) for part in planes]
    # An anchor's cells are in one row: mirrored, they would stand beside other descriptors.
    lab = sample.anchor_lab[remembered]
    if flip:
        width = sample.lightness.shape[-1] // 8
        lab = lab.unflatten(-1, (-1, width)).flip(-1).flatten(-2)
    return [*parts, lab, *planes, distance[given], matched[given]]
