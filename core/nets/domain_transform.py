"""Edge-aware spreading of sparse values by the domain transform (Gastal and Oliveira 2011).

Between neighbouring cells stands a step cost. Along a row or a column, two cells at a distance d (the sum of
the costs between them) see each other with the weight exp(-d). Rows and columns take turns. The paper's
recursive filter has this exponential kernel; here each line is one small matrix product, which is
differentiable in values and costs alike, and has no loop over cells.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .bounded_exp import bounded_exp_

# Each turn halves the reach (Gastal and Oliveira 2011, eq. 14), so that the lines' crossings do not show.
TURNS = 2


def step_costs(lightness: Tensor, sigma_cells: float, sigma_lightness: float) -> tuple[Tensor, Tensor]:
    """The domain transform's costs between neighbouring cells (eq. 11, divided by sigma_cells).

    lightness: (B, 1, h, w), L* in 0..100. Returns across (B, h, w - 1) and down (B, h - 1, w), in units of the
    kernel's reach: 1 / sigma_cells for a step on flat ground, plus 1 for each sigma_lightness of L*.
    """
    plane = lightness[:, 0]
    across = (plane[:, :, 1:] - plane[:, :, :-1]).abs() / sigma_lightness + 1.0 / sigma_cells
    down = (plane[:, 1:] - plane[:, :-1]).abs() / sigma_lightness + 1.0 / sigma_cells
    return across, down


def spread(values: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """The values (B, C, h, w), each cell's sum over all others weighted by exp(-distance).

    Not normalised: spread a mask beside the values and divide.
    """
    across_weights, down_weights = _line_weights(across), _line_weights(down.transpose(1, 2))
    for turn in range(TURNS):
        if turn:
            across_weights, down_weights = across_weights.square(), down_weights.square()
        values = torch.einsum("bcyx,byxz->bcyz", values, across_weights)
        values = torch.einsum("bcyx,bxyz->bczx", values, down_weights)
    return values


def spread_hints(hint_ab: Tensor, weight: Tensor, across: Tensor, down: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised convolution of sparse chroma (Knutsson and Westin 1993).

    hint_ab: (B, 2, h, w). weight: (B, 1, h, w), the share of each cell that hints cover. Returns the spread ab
    (B, 2, h, w) and the weight that reached each cell (B, 1, h, w); without hints both are 0.
    """
    summed = spread(torch.cat((hint_ab * weight, weight), 1), across, down)
    reached = summed[:, 2:]
    return summed[:, :2] / (reached + 1e-8), reached


def _line_weights(costs: Tensor) -> Tensor:
    """exp(-distance) between all cells of a line: costs (B, lines, n - 1) → (B, lines, n, n)."""
    position = torch.nn.functional.pad(costs.cumsum(-1), (1, 0))
    return bounded_exp_((position.unsqueeze(-1) - position.unsqueeze(-2)).abs_().neg_())
