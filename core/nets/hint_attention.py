"""Hints reach regions that look alike, however far: attention from every cell to the hinted cells.

The hint tower's shortcut through the picture, and the shape that the similarity sub-network of exemplar
methods has (He 2018, Zhang 2019): queries and keys are what the lightness tower sees, values are chroma.

A wall and the sweater before it may look alike. So the nearest hint along edges has a say: the nearer it is, the less
a cell hears of hints of other colours.

What is hinted in another picture can be recalled, too: of an exemplar its hinted cells are remembered, and heard of
wherever they lay, by look alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hinted_cells import at_cells, hinted_cells

# A cell without hints must not be seen; this logarithm of its weight is finite in bfloat16 and float16.
_UNSEEN = -1e4
# More hinted cells than this, of 8 by 8 pixels, are thinned: a quarter of a 16:9 picture at 512.
MOST_CELLS = 2048
# Where learning begins, as logarithms: what is taken off the similarity for a squared distance of 1 between a hint's
# chroma and the nearest one's, in network units; and the way at which a third of it is left.
_PARTING, _PARTING_REACH = 3.0, 0.9


class HintedCells(NamedTuple):
    """What attention hears of: features (B, n, width), ab (B, n, 2) in network units, and weight (B, n, 1), the share
    of each cell under hints, 0 where a cell only fills up the batch."""

    features: Tensor
    ab: Tensor
    weight: Tensor


class HintAttention(nn.Module):
    """Chroma gathered from hinted cells of similar look, by several heads of their own temperature and reach."""

    def __init__(self, width: int, *, hears_nearest: bool, heads: int = 3, head_width: int = 24) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(width, heads * head_width, 1)
        self.key = nn.Conv2d(width, heads * head_width, 1)
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), 10.0))
        # Softplus of it times the squared distance, in pictures' heights, is taken off the similarity.
        self.nearness = nn.Parameter(torch.linspace(0.0, 4.0, heads).view(heads, 1, 1))
        self.nothing = nn.Parameter(torch.zeros(heads, 1, 1))
        if hears_nearest:
            self.parting = nn.Parameter(torch.full((heads, 1, 1), _PARTING))
            self.parting_reach = nn.Parameter(torch.full((heads, 1, 1), _PARTING_REACH))

    def forward(
        self,
        features: Tensor,
        hint_ab: Tensor,
        weight: Tensor,
        nearest: tuple[Tensor, Tensor] | None,
        exemplars: HintedCells | None = None,
    ) -> tuple[Tensor, Tensor, HintedCells]:
        """features (B, width, h, w); hint_ab (B, 2, h, w); weight (B, 1, h, w), the share of a cell under hints.

        nearest: each cell's nearest hint's ab (B, 2, h, w) and the way to it (B, 1, h, w); None: not heard. exemplars:
        of other pictures.

        Returns gathered ab (B, 2 * heads, h, w), its trust (B, heads, h, w), 0 (nothing alike is hinted) to 1, and what
        another picture may recall of this one.
        """
        batch, _, height, width = features.shape
        chosen = hinted_cells(weight, MOST_CELLS)
        here = HintedCells(*(at_cells(planes.float(), chosen) for planes in (features, hint_ab, weight)))
        if not chosen.shape[1] and exemplars is None:
            nought = features.new_zeros(batch, 3 * self.heads, height, width, dtype=torch.float32)
            return nought[:, self.heads :], nought[:, : self.heads], here
        with torch.autocast(features.device.type, enabled=False):
            query = F.normalize(self.query(features.float()).flatten(2).unflatten(1, (self.heads, -1)), dim=2)
            query = query.transpose(-1, -2)
            key = self._keys(here.features)
            place = _places(height, width, features.device)
            key_place = place[chosen].unsqueeze(1).expand(-1, self.heads, -1, -1)
            place = place.expand(batch, self.heads, -1, -1)
            reach = F.softplus(self.nearness)
            far, key_far = (p.square().sum(-1, keepdim=True) * reach for p in (place, key_place))
            amount = _amount(here.weight)
            # Similarity, nearness and weight as one inner product; "nothing" is one more key, of value 0.
            query = torch.cat((query * self.temperature, 2.0 * reach * place, -far, torch.ones_like(far)), -1)
            key = torch.cat((key, key_place, torch.ones_like(key_far), amount - key_far), -1)
            chosen_ab = here.ab
            if nearest is not None:
                apart, key_apart = self._parted(*nearest, chosen_ab)
                query, key = torch.cat((apart, query), -1), torch.cat((key_apart, key), -1)
            if exemplars is not None:
                heard = self._keys(exemplars.features)
                # Another picture's cells know nothing of the nearest hint, before the look, nor of places, behind it.
                heard = F.pad(heard, (key.shape[-1] - heard.shape[-1] - 4, 3))
                key = torch.cat(
                    (key, torch.cat((heard, _amount(exemplars.weight).expand(-1, self.heads, -1, -1)), -1)), 2
                )
                chosen_ab = torch.cat((chosen_ab, exemplars.ab), 1)
            nothing = F.pad(self.nothing.expand(batch, -1, -1, -1), (key.shape[-1] - 1, 0))
            values = F.pad(chosen_ab, (0, 1), value=1.0)
            values = F.pad(values, (0, key.shape[-1] - values.shape[-1], 0, 1)).unsqueeze(1)
            values = values.expand(-1, self.heads, -1, -1)
            gathered = F.scaled_dot_product_attention(query, torch.cat((key, nothing), 2), values, scale=1.0)
        gathered = gathered[..., :3].transpose(2, 3)
        ab = gathered[:, :, :2].reshape(batch, 2 * self.heads, height, width)
        return ab, gathered[:, :, 2].reshape(batch, self.heads, height, width), here

    def _keys(self, features: Tensor) -> Tensor:
        """Cells' features (B, n, width) as keys (B, heads, n, head_width)."""
        seen = F.linear(features, self.key.weight.flatten(1), self.key.bias)
        return F.normalize(seen.unflatten(-1, (self.heads, -1)), dim=-1).transpose(1, 2)

    def _parted(self, nearest_ab: Tensor, way: Tensor, chosen_ab: Tensor) -> tuple[Tensor, Tensor]:
        """Parts of queries (B, heads, h * w, 4) and keys (B, heads, n, 4), whose inner product is what is taken off for
        a hint of another colour, below 0. chosen_ab: (B, n, 2)."""
        strength = torch.exp(self.parting - way.float().flatten(2)[:, :, :, None] / self.parting_reach.exp())
        own = nearest_ab.float().flatten(2).transpose(1, 2).unsqueeze(1)
        square, chosen_square = (ab.square().sum(-1, keepdim=True) for ab in (own, chosen_ab))
        query = strength * torch.cat((2.0 * own, -torch.ones_like(square), -square), -1)
        key = torch.cat((chosen_ab, chosen_square, torch.ones_like(chosen_square)), -1)
        return query, key.unsqueeze(1).expand(-1, self.heads, -1, -1)


def _amount(weight: Tensor) -> Tensor:
    """How much cells' shares under hints (B, n, 1) add to their similarity: (B, 1, n, 1)."""
    return torch.where(weight > 0, weight.clamp(min=1e-4).log(), _UNSEEN).unsqueeze(1)


def _places(height: int, width: int, device: torch.device) -> Tensor:
    """Where each cell lies, (h * w, 2), in pictures' heights."""
    y = (torch.arange(height, device=device) / height).repeat_interleave(width)
    x = (torch.arange(width, device=device) / height).repeat(height)
    return torch.stack((y, x), -1)
