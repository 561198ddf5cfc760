"""The nearest hint along the lightness's edges: geodesic distance (Yatziv and Sapiro 2006), by passes along lines.

A place takes the colour of the one hint that is reached over the least change of lightness, so that two hints part
at an edge instead of mixing there. Along one line the distance is a running minimum, forth and back; rows and columns
take turns, and after each pair of turns paths may have two more bends.
"""

from __future__ import annotations

import torch
from torch import Tensor

TURNS = 8
# The distance of what no hint reaches, and the most that is told of any.
FARTHEST = 1e3


def nearest_hint(values: Tensor, weight: Tensor, across: Tensor, down: Tensor) -> tuple[Tensor, Tensor]:
    """values (B, C, h, w): of hints, their ab for one. weight (B, 1, h, w): 0 where no hint is. across, down: costs of
    `domain_transform.step_costs`.

    Returns each cell's nearest hint's values (B, C, h, w), 0 in pictures without any, and the distance to it
    (B, 1, h, w), 0 under hints and at most FARTHEST, in the costs' units.
    """
    if not (weight > 0).any():
        return torch.zeros_like(values), torch.full_like(weight, FARTHEST)
    batch, _, height, width = weight.shape
    distance = torch.where(weight[:, 0] > 0, 0.0, FARTHEST)
    source = torch.arange(height * width, device=weight.device).view(1, height, width).expand(batch, -1, -1)
    along_rows = torch.nn.functional.pad(across.cumsum(-1), (1, 0))
    along_columns = torch.nn.functional.pad(down.transpose(1, 2).cumsum(-1), (1, 0))
    for _ in range(TURNS):
        distance, source = _along_lines(distance, source, along_rows)
        distance, source = _along_lines(distance.transpose(1, 2), source.transpose(1, 2), along_columns)
        distance, source = distance.transpose(1, 2), source.transpose(1, 2)
    places = source.reshape(batch, 1, -1).expand(-1, values.shape[1], -1)
    near = values.flatten(2).gather(2, places).view_as(values)
    distance = distance[:, None].clamp(max=FARTHEST)
    return near * (distance < FARTHEST), distance


def _along_lines(distance: Tensor, source: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """The least distance (B, lines, n), and whose it is, when paths may also follow the lines. place: (B, lines, n),
    how far each cell is along its line."""
    ahead, ahead_at = (distance - place).cummin(-1)
    back, back_at = (distance + place).flip(-1).cummin(-1)
    back, back_at = back.flip(-1), distance.shape[-1] - 1 - back_at.flip(-1)
    ahead, back = ahead + place, back - place
    return torch.minimum(ahead, back), source.gather(-1, torch.where(ahead <= back, ahead_at, back_at))
