"""What every training run has: a clock, a rate that falls with it, a running average, a checkpoint to go on from."""

from __future__ import annotations

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..memory import keep_freed_memory
from .checkpoint import load_checkpoint, save_checkpoint
from .recipes import Phase

Batch = TypeVar("Batch")
# The share of the run that has passed, 0..1 and beyond.
Passed = Callable[[], float]


class RunRecipe(Protocol):
    """What a recipe says of every run."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup_steps(self) -> int: ...


class TrainingRun(ABC):
    """One run, kept in one checkpoint file. It counts the time it has had; a resumed one goes on from there."""

    validate_every_s = 600.0
    # The share of the learning rate that is left at the end of the cosine.
    final_rate = 0.02
    # The gradients of a step are scaled down to this norm.
    most_gradient = 1.0

    def __init__(
        self, recipe: RunRecipe, network: nn.Module, optimizer: torch.optim.Optimizer, checkpoint: Path
    ) -> None:
        """network: on its device. optimizer: of its parameters."""
        keep_freed_memory()
        self._rates, self._trained = recipe, network
        self.optimizer, self.checkpoint = optimizer, checkpoint
        self.average: dict[str, Tensor] = {}
        self.start_average()
        self.step, self.seconds, self.best = 0, 0.0, -math.inf

    def start_average(self) -> None:
        """Begin the running average with the network's weights as they are."""
        self.average = {name: value.detach().clone() for name, value in self._trained.state_dict().items()}

    def resume(self) -> None:
        """Go on from the checkpoint. Raises InputError if it is none of this network's."""
        self.step, self.seconds, self.best = load_checkpoint(
            self.checkpoint, self._trained, self.average, self.optimizer
        )

    def train(self, minutes: float) -> None:
        """Train until the run has had its minutes; saves and validates every few minutes and at the end."""
        budget, started, validated = minutes * 60.0, time.monotonic() - self.seconds, time.monotonic()
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        # A log file gets a line every half minute, a terminal a live bar.
        interval = 0.5 if sys.stderr.isatty() else 30.0
        with tqdm(total=round(budget), initial=round(self.seconds), unit="s", mininterval=interval) as bar:
            for shown in self._steps(lambda: (time.monotonic() - started) / budget):
                self.seconds = time.monotonic() - started
                bar.update(round(self.seconds) - bar.n)
                bar.set_postfix(step=self.step, **shown, refresh=False)
                if time.monotonic() - validated > self.validate_every_s:
                    self._validate_and_save(bar)
                    validated = time.monotonic()
            self._validate_and_save(bar)

    @abstractmethod
    def _steps(self, passed: Passed) -> Iterable[dict[str, str | int]]:
        """Learn step after step until the run has passed; what to show of each."""

    @abstractmethod
    def _validated(self) -> tuple[float, str]:
        """A figure of the averaged weights, the higher the better, and what to say of it."""

    def _set_rate(self, progress: float) -> None:
        """A linear start, then a cosine over the whole run."""
        warmth = min(1.0, (self.step + 1) / self._rates.warmup_steps)
        fallen = 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
        for group in self.optimizer.param_groups:
            group["lr"] = self._rates.learning_rate * warmth * (self.final_rate + (1.0 - self.final_rate) * fallen)

    def _descend(self, loss: Tensor, ema_decay: float) -> float:
        """One step down the loss, and one of the running average; the loss as it was."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._apply_gradients(starting_decay(ema_decay, self.step + 1))
        return float(loss.detach())

    def _apply_gradients(self, decay: float) -> None:
        """Move the network by its gradients, and the running average after it."""
        torch.nn.utils.clip_grad_norm_(self._trained.parameters(), self.most_gradient)
        self.optimizer.step()
        self.step += 1
        self._average_in(decay)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Meanwhile the network has the averaged weights, and does not learn."""
        current = {name: value.clone() for name, value in self._trained.state_dict().items()}
        learning = self._trained.training
        self._trained.load_state_dict(self.average)
        self._trained.eval()
        try:
            yield
        finally:
            self._trained.load_state_dict(current)
            self._trained.train(learning)

    def _average_in(self, decay: float) -> None:
        """Move the running average towards the network's weights; what only counts stays as it was."""
        with torch.no_grad():
            for name, value in self._trained.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1.0 - decay)

    def _validate_and_save(self, bar: tqdm) -> None:
        figure, said = self._validated()
        self.best = max(self.best, figure)
        progress = (self.step, self.seconds, self.best)
        save_checkpoint(self.checkpoint, self._trained, self.average, self.optimizer, progress)
        bar.write(f"{self.seconds / 60:6.1f} min, step {self.step}: {said}")


def starting_decay(decay: float, step: int) -> float:
    """The running average's decay after `step` steps: a young average forgets its start sooner."""
    return min(decay, step / (step + 20.0))


def batches_ahead(
    run: TrainingRun, phases: Sequence[Phase], make_batch: Callable[[int, Phase], Batch], passed: Passed
) -> Iterator[tuple[float, Batch]]:
    """(share of the run that has passed, batch); the next batch is made while this one is learned from."""

    def phase(progress: float) -> Phase:
        return next(phase for phase in phases if progress < phase.until or phase is phases[-1])

    with ThreadPoolExecutor(1) as maker:
        waiting = None
        while (progress := passed()) < 1.0:
            batch = waiting.result() if waiting else make_batch(run.step, phase(progress))
            waiting = maker.submit(make_batch, run.step + 1, phase(progress))
            yield progress, batch
