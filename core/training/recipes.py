"""Named recipes: everything that decides a training run, except where its data lie and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A part of the run. until: the share of the whole run at which it ends. size: the crops' side in pixels."""

    until: float
    size: int
    batch: int


@dataclass(frozen=True)
class Recipe:
    """variant: a network of nets.two_tower.VARIANTS. film_share: of the pictures that get a film look."""

    variant: str
    phases: tuple[Phase, ...]
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    warmup_steps: int = 150
    film_share: float = 0.25
    ema_decay: float = 0.998
    seed: int = 2026


# On a CPU whole pictures at 128 teach meaning four times as fast as at 256, which then teaches edges.
_CPU_PHASES = (Phase(until=0.5, size=128, batch=32), Phase(until=1.0, size=256, batch=8))

RECIPES = {
    "two-tower-cpu": Recipe("two-tower", _CPU_PHASES),
    "squeeze-cpu": Recipe("squeeze", _CPU_PHASES),
}
