"""How surely a random walker comes from what is known (Grady 2006, "Random walks for image segmentation").

From each cell a walker goes to a neighbour, the more readily the more alike the two are, and at each step it may stop.
What is expected of the value where it stops minimises, over all cells, weight * (x - value)² and, over all neighbours,
conductance * (x - x')². Unlike a sum along rows and columns it does not go around edges: what leaks through a gap is
shared out over all that lies beyond.
"""

from __future__ import annotations

import torch
from torch import Tensor

# On 60 pictures of 256 by 256 the largest difference from 1,000 steps is 0.02 on the mean, with 150 steps 0.06.
_STEPS = 200


def conductances(lightness: Tensor, edge: float, least: float) -> tuple[Tensor, Tensor]:
    """Between neighbouring cells of a plane (h, w), across (h, w - 1) and down (h - 1, w): by Grady's eq. 1, which
    shading hardly slows. edge: the L* at which e times less passes. least: through any edge; without it a cell that
    differs from all around it would be an island."""
    across, down = (torch.exp(-torch.diff(lightness, dim=dim).div(edge).square()) + least for dim in (1, 0))
    return across, down


def expected_at_rest(
    values: Tensor, weight: Tensor, across: Tensor, down: Tensor, start: Tensor | None = None
) -> Tensor:
    """What is expected of the values (h, w) where walkers from each cell stop: (h, w).

    weight: (h, w), above 0, how readily they stop there. across, down: of `conductances`. start: a guess, (h, w).
    """
    found = torch.zeros_like(values) if start is None else start.clone()
    loose = weight.clone()
    loose[:, 1:] += across
    loose[:, :-1] += across
    loose[1:] += down
    loose[:-1] += down
    # Conjugate gradients, each cell scaled by its own diagonal (Shewchuk 1994, B3).
    left = (weight * values).sub_(_ahead(found, loose, across, down))
    scaled = left / loose
    step = scaled.clone()
    square = _product(left, scaled)
    for _ in range(_STEPS):
        ahead = _ahead(step, loose, across, down)
        length = square / max(_product(step, ahead), 1e-30)
        found.add_(step, alpha=length)
        left.sub_(ahead, alpha=length)
        torch.div(left, loose, out=scaled)
        square, before = _product(left, scaled), square
        step.mul_(square / max(before, 1e-30)).add_(scaled)
    return found


def _ahead(values: Tensor, loose: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """What the values (h, w) are where walkers stop, if they are this where walkers start, times how readily they
    stop. loose: how readily they leave or stop, (h, w)."""
    ahead = loose * values
    ahead[:, 1:].addcmul_(across, values[:, :-1], value=-1.0)
    ahead[:, :-1].addcmul_(across, values[:, 1:], value=-1.0)
    ahead[1:].addcmul_(down, values[:-1], value=-1.0)
    ahead[:-1].addcmul_(down, values[1:], value=-1.0)
    return ahead


def _product(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.view(-1), other.view(-1)))
