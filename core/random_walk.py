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
    found = torch.zeros_like(values) if start is None else start
    loose = weight.clone()
    loose[:, 1:] += across
    loose[:, :-1] += across
    loose[1:] += down
    loose[:-1] += down
    # Conjugate gradients, each cell scaled by its own diagonal (Shewchuk 1994, B3).
    left = weight * (values - found) - _to_neighbours(found, across, down)
    step = scaled = left / loose
    square = (left * scaled).sum()
    for _ in range(_STEPS):
        ahead = weight * step + _to_neighbours(step, across, down)
        length = square / (step * ahead).sum().clamp(min=1e-30)
        found = found + length * step
        left = left - length * ahead
        scaled = left / loose
        square, before = (left * scaled).sum(), square
        step = scaled + (square / before.clamp(min=1e-30)) * step
    return found


def _to_neighbours(values: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """What flows from each cell (h, w) to its neighbours."""
    flowing = torch.zeros_like(values)
    over = across * torch.diff(values, dim=1)
    flowing[:, 1:] += over
    flowing[:, :-1] -= over
    over = down * torch.diff(values, dim=0)
    flowing[1:] += over
    flowing[:-1] -= over
    return flowing
