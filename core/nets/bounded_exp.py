"""exp of logarithms that may lie far below zero, as those of far cells do."""

from __future__ import annotations

from torch import Tensor

# Below exp(-87) float32 is subnormal, where a processor takes ten times as long.
_LEAST = -80.0


def bounded_exp_(logs: Tensor) -> Tensor:
    """exp of float32 logarithms, in their place; of less than -80 it is that of -80."""
    return logs.clamp_(min=_LEAST).exp_()
