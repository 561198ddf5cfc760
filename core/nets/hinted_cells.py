"""Which cells of a picture are hinted, and what stands there: what attention and kriging look at."""

from __future__ import annotations

import torch
from torch import Tensor


def hinted_cells(cell_weight: Tensor, most: int) -> Tensor:
    """Indices (B, n) of the cells of (B, 1, h, w) whose weight is above 0; n is the largest count, `most` at most.

    One fixed scattered order says which are taken where there are more; rows with fewer are filled up with cells that
    are not hinted.
    """
    hinted = cell_weight.flatten(1) > 0
    count = min(most, int(hinted.sum(1).max()))
    order = torch.rand(hinted.shape[1], generator=torch.Generator().manual_seed(0)).to(hinted.device)
    return (hinted * (1.0 + order)).topk(count, dim=1).indices


def at_cells(planes: Tensor, chosen: Tensor) -> Tensor:
    """Planes (B, C, h, w) at the chosen cells (B, n): (B, n, C)."""
    tokens = planes.flatten(2).transpose(1, 2)
    return tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[-1]))
