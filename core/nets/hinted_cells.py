"""Which cells of a picture are hinted, and what stands there: what attention and kriging look at."""

from __future__ import annotations

from collections.abc import Sequence

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


def in_one_row(pictures: Sequence[tuple[Tensor, ...]], most: int | None = None) -> tuple[Tensor, ...]:
    """What is known of several pictures' cells, one or more, each as the same fields (B, n, C), as one picture's; of
    more cells than `most` every second, third or so on."""
    stride = 1 if most is None else -(-sum(one[0].shape[1] for one in pictures) // most) or 1
    return tuple(torch.cat(parts, 1)[:, ::stride] for parts in zip(*pictures, strict=True))
