"""Hints reach regions that look alike, however far: attention from every cell to the hinted cells.

The hint tower's shortcut through the picture, and the shape that the similarity sub-network of exemplar
methods has (He 2018, Zhang 2019): queries and keys are what the lightness tower sees, values are chroma.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# A cell without hints must not be seen; this logarithm of its weight is finite in bfloat16 and float16.
_UNSEEN = -1e4


class HintAttention(nn.Module):
    """Chroma gathered from hinted cells of similar look, by several heads of their own temperature and reach."""

    def __init__(self, width: int, heads: int = 3, head_width: int = 24) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Conv2d(width, heads * head_width, 1)
        self.key = nn.Conv2d(width, heads * head_width, 1)
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), 10.0))
        # Softplus of it times the squared distance, in pictures' heights, is taken off the similarity.
        self.nearness = nn.Parameter(torch.linspace(0.0, 4.0, heads).view(heads, 1, 1))
        self.nothing = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, features: Tensor, hint_ab: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """features (B, width, h, w); hint_ab (B, 2, h, w); weight (B, 1, h, w), the share of a cell under hints.

        Returns gathered ab (B, 2 * heads, h, w) and its trust (B, heads, h, w), 0 (nothing alike is hinted) to 1.
        """
        batch, _, height, width = features.shape
        query, key = self._tokens(self.query(features)), self._tokens(self.key(features))
        similarity = torch.matmul(query, key.transpose(-1, -2)) * self.temperature
        similarity = similarity - F.softplus(self.nearness) * _squared_distances(height, width, features.device)
        seen = torch.where(weight > 0, weight.clamp(min=1e-4).log(), torch.full_like(weight, _UNSEEN))
        logits = similarity + seen.view(batch, 1, 1, height * width)
        nothing = self.nothing.expand(batch, -1, height * width, 1).to(logits.dtype)
        share = torch.softmax(torch.cat((logits, nothing), -1).float(), -1)
        values = hint_ab.flatten(2).transpose(1, 2).unsqueeze(1).float()
        gathered = torch.matmul(share[..., :-1], values)
        trust = 1.0 - share[..., -1]
        gathered = gathered.permute(0, 1, 3, 2).reshape(batch, 2 * self.heads, height, width)
        return gathered, trust.reshape(batch, self.heads, height, width)

    def _tokens(self, features: Tensor) -> Tensor:
        tokens = features.flatten(2).unflatten(1, (self.heads, -1)).transpose(-1, -2)
        return F.normalize(tokens.float(), dim=-1).to(features.dtype)


def _squared_distances(height: int, width: int, device: torch.device) -> Tensor:
    y = (torch.arange(height, device=device) / height).repeat_interleave(width)
    x = (torch.arange(width, device=device) / height).repeat(height)
    return (y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2
