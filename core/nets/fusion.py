"""Which of several estimates of a frame's colours holds where, and where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Conv
from .similarity import CELL, Descriptor, Similarity, alike_along

# Pixels to a side of a cell that has one choice.
FUSION_CELL = 4
SIZE_MULTIPLE = 32
# Scales that bring the inputs to about ±1.
_AB, _DOUBT, _CHANGE, _DISTANCE = 30.0, 4.0, 10.0, 6.0
_FEATURES, _WIDTH = 17, 32
# Colours further apart than this are as far apart as can be, and what an estimate is from itself.
_APART = 3.0
# Under a root: its slope at 0 would be infinite.
_ROOT = 0.01


class Estimates(NamedTuple):
    """What routes bring, a cell of FUSION_CELL pixels each; before they are a batch, without B.

    ab: (B, K, 2, h, w), Lab units. doubt: (B, K, h, w), pixels. change: (B, K, h, w), L*. seen: (B, K, h, w), 0..1.
    distance: (B, K), frames. matched: (B, K), 1 for routes matched with the anchor itself, 0 for carried ones. places:
    (B, K, 2, H/CELL, W/CELL), x and y of where each cell's route leads, in cells of CELL. K may be 0.
    """

    ab: Tensor
    doubt: Tensor
    change: Tensor
    seen: Tensor
    distance: Tensor
    matched: Tensor
    places: Tensor


@dataclass
class Memory:
    """Anchors' cells of CELL pixels, all in one row: descriptors (B, 64, n), and colours (B, 3, n): L*, a, b."""

    keys: Tensor
    lab: Tensor


@dataclass
class Choice:
    """weights (B, K + 2, h, w), adding up to 1: of the K estimates, of what similarity gathers, and of nothing.

    gathered: (B, 2, h, w), ab in Lab units. confidence: (B, 1, h, w) is 1 less the last weight.
    """

    weights: Tensor
    gathered: Tensor

    @property
    def confidence(self) -> Tensor:
        return 1.0 - self.weights[:, -1:]


class TransferNet(nn.Module):
    """Similarity and fusion: the estimates that routes bring, and one that likeness brings, weighed cell by cell."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptor = Descriptor()
        self.similarity = Similarity()
        self.context_detail = Conv(FUSION_CELL * FUSION_CELL, _WIDTH)
        self.candidate_in = Conv(_FEATURES + _WIDTH, _WIDTH)
        self.candidate = Conv(_WIDTH, _WIDTH)
        self.compare = Conv(3 * _WIDTH, _WIDTH, kernel=1)
        self.smooth = Conv(_WIDTH, _WIDTH)
        self.to_logit = nn.Conv2d(_WIDTH, 1, 1)
        self.nothing = Conv(2 * _WIDTH, _WIDTH, kernel=1)
        self.to_nothing = nn.Conv2d(_WIDTH, 1, 1)
        for head in (self.to_logit, self.to_nothing):
            nn.init.zeros_(head.weight)

    def forward(
        self, lightness: Tensor, described: Tensor, estimates: Estimates, anchors: Sequence[Tensor], memory: Memory
    ) -> Choice:
        """lightness (B, 1, H, W), L* 0..100; H and W multiples of SIZE_MULTIPLE. described: its descriptors. anchors:
        those of the anchor that each of the K estimates is of, (B, 64, h', w')."""
        size = (lightness.shape[-2] // FUSION_CELL, lightness.shape[-1] // FUSION_CELL)
        features, gathered = self._candidates(lightness, described, estimates, anchors, memory, size)
        batch, count = features.shape[:2]
        # What is shown is not looked at beyond its edges: by descriptors, a few clips would be learned by heart.
        context = self.context_detail(F.pixel_unshuffle(lightness / 50.0 - 1.0, FUSION_CELL))
        hidden = F.relu(self.candidate_in.beside(features, context)).flatten(0, 1)
        hidden = F.relu(self.candidate(hidden)).unflatten(0, (batch, count))
        rest = torch.cat((hidden.mean(1), hidden.amax(1)), 1)
        beside = F.relu(self.compare.beside(hidden, rest)).flatten(0, 1)
        logits = self.to_logit(F.relu(self.smooth(beside))).view(batch, count, *size)
        nothing = self.to_nothing(F.relu(self.nothing(rest)))
        return Choice(torch.softmax(torch.cat((logits, nothing), 1).float(), 1), gathered)

    def _candidates(
        self,
        lightness: Tensor,
        described: Tensor,
        estimates: Estimates,
        anchors: Sequence[Tensor],
        memory: Memory,
        size: tuple[int, int],
    ) -> tuple[Tensor, Tensor]:
        """Features (B, K + 1, 17, h, w) of the estimates and of what similarity gathers, and that, ab (B, 2, h, w)."""
        values = torch.cat((memory.lab, memory.lab[:, 1:].square() / _AB), 1)
        gathered, likeness = self.similarity(described, memory.keys, values)
        own = F.avg_pool2d(lightness, CELL)
        spread = (
            (gathered[:, 3:] * _AB - gathered[:, 1:3].square()).clamp(min=0.0).sum(1, keepdim=True).add(_ROOT).sqrt()
        )
        alike = torch.cat((gathered[:, 1:3], (own - gathered[:, :1]).abs(), spread, likeness), 1)
        alike = F.interpolate(alike, size=size, mode="bilinear")
        ab = torch.cat((estimates.ab, alike[:, None, :2]), 1)
        disagreement = (ab - ab.mean(1, keepdim=True)).square().sum(2, keepdim=True).add(_ROOT).sqrt()
        nought = torch.zeros_like(estimates.doubt)
        # K may be 0.
        along = torch.cat([nought[:, :0], *self._alike(described, anchors, estimates.places, size)], 1)
        routed = torch.stack(
            (
                (estimates.doubt / _DOUBT).clamp(max=3.0),
                torch.exp(-estimates.doubt),
                estimates.change / _CHANGE,
                estimates.seen,
                (estimates.distance.log1p() / _DISTANCE)[..., None, None].expand_as(nought),
                (1.0 - estimates.matched)[..., None, None].expand_as(nought),
                estimates.matched[..., None, None].expand_as(nought),
                along,
                nought,
                nought,
                nought,
            ),
            2,
        )
        blank = torch.zeros_like(alike[:, 0])
        found = (alike[:, 2] / _CHANGE, alike[:, 3] / _AB, alike[:, 4])
        similar = torch.stack(
            (blank, blank, found[0], blank, blank, blank, blank, found[2], found[1], found[2], blank + 1.0), 1
        )
        features = torch.cat((routed, similar.unsqueeze(1)), 1)
        saturation = ab.square().sum(2, keepdim=True).add(_ROOT).sqrt()
        apart = (ab.unsqueeze(2) - ab.unsqueeze(1)).square().sum(3).add(_ROOT).sqrt() / _AB
        itself = torch.eye(ab.shape[1], device=ab.device)[:, :, None, None]
        # The nearest of the others' colours, and those that likeness gathers.
        others = (apart + 2.0 * _APART * itself).amin(2, keepdim=True).clamp(max=_APART), apart[:, :, -1:]
        colors = ab / _AB, disagreement / _AB, saturation / _AB
        return torch.cat((features, *colors, *others), 2), alike[:, :2]

    @staticmethod
    def _alike(described: Tensor, anchors: Sequence[Tensor], places: Tensor, size: tuple[int, int]) -> list[Tensor]:
        """How alike each place looks to where each route leads: K times (B, 1, h, w), -1..1."""
        found = (alike_along(described, anchor, places[:, [index]]) for index, anchor in enumerate(anchors))
        return [F.interpolate(along, size=size, mode="bilinear") for along in found]
