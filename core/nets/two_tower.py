"""The colorizer: a lightness tower and a hint tower that meet at every scale of a U-Net.

Four by four pixels are folded into channels first, so that all convolutions run at a quarter of the picture's
size and below, wide and small. The hint tower sees the hints, and the hints already spread along the
lightness's edges at two reaches. On the way up, hints reach far regions of the same look by attention, and
what the decoder still gets wrong under the hints is taken off wherever it must err alike: first by kriging over
what it has learned to be of one kind, then along affinities between neighbours.

A parallel path takes transferred colours, dense and not always right, with a confidence for every pixel: the hint
tower sees them, and a learned gate says how much of them is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .ab_bins import bin_centres
from .blocks import Block, Conv, FireBlock, PlainBlock, stack
from .domain_transform import spread_hints, step_costs
from .exemplar import Exemplar
from .hint_attention import HintAttention, HintedCells
from .kriging import KnownErrors, Kriging
from .nearest_hint import nearest_hint

FOLD = 4
# Pictures are padded to a multiple of this: the fold, and three halvings below it.
SIZE_MULTIPLE = 32
# Network units: ab of ±110 becomes ±1.
AB_SCALE = 110.0
# (reach in cells, L* that counts as an edge) of the two ready-made spreads.
SPREADS = ((16.0, 8.0), (64.0, 20.0))
# The same of the way to the nearest hint, and how much of that way tells of another thing.
WAY, _FAR = (64.0, 20.0), 4.0


@dataclass(frozen=True)
class Widths:
    """Channels of the lightness tower and of the hint tower, at 1/4, 1/8, 1/16 and 1/32 of the picture, and how many
    blocks stand there on the way down and on the way up. nearest: whether hint tower and attention know of the nearest
    hint along edges."""

    lightness: tuple[int, int, int, int]
    hint: tuple[int, int, int]
    depth: tuple[int, int, int, int]
    up_depth: tuple[int, int, int]
    nearest: bool


@dataclass
class Colors:
    """What a forward pass gives.

    ab: (B, 2, H/2, W/2) in network units. uncorrected: the same before the corrections, (B, 2, H/4, W/4).
    bin_logits: (B, Q, H/8, W/8), over ab_bins.bin_centres(). told: (B, 1, H/4, W/4), 0..1, how much the hints say
    about each place, by what the network takes to be of one kind; None unless asked for. exemplar: what other
    pictures may recall of this one.
    """

    ab: Tensor
    uncorrected: Tensor
    bin_logits: Tensor
    told: Tensor | None
    exemplar: Exemplar


class TwoTower(nn.Module):
    """lightness (B, 1, H, W) L* 0..100, hint_ab (B, 2, H, W), hint_mask (B, 1, H, W) 0 or 1 → Colors.

    transferred: colours (B, 2, H, W) with their confidence (B, 1, H, W), 0..1, or None; ab in Lab units. explain: give
    Colors.told, too. prior: added to what is corrected by hints, (B, 2, H/4, W/4) in network units. exemplars: what
    is recalled of other pictures, each of them seen for itself. levels: of `see_lightness`, if that is known.
    H and W are multiples of SIZE_MULTIPLE.
    """

    def __init__(self, widths: Widths, block: Block) -> None:
        super().__init__()
        light, hint, depth = widths.lightness, widths.hint, widths.depth
        self.lightness_in = Conv(FOLD * FOLD, light[0])
        self.lightness_blocks = nn.ModuleList(stack(block, light[i], depth[i]) for i in range(4))
        self.lightness_down = nn.ModuleList(Conv(light[i], light[i + 1], stride=2) for i in range(3))
        self.knows_nearest = widths.nearest
        self.hint_in = Conv(3 + 3 * len(SPREADS) + 3 * self.knows_nearest, hint[0])
        self.transfer_in = Conv(3, hint[0])
        nn.init.zeros_(self.transfer_in.gain)
        self.hint_down = nn.ModuleList(Conv(light[i] + hint[i], hint[i + 1], stride=2) for i in range(2))
        self.meet = nn.ModuleList(Conv(light[i] + hint[i], light[i], kernel=1) for i in range(3))
        self.up = nn.ModuleList(Conv(light[i + 1], light[i], kernel=1) for i in range(3))
        self.up_blocks = nn.ModuleList(stack(block, light[i], widths.up_depth[i]) for i in range(3))
        self.attention = HintAttention(light[1], hears_nearest=widths.nearest)
        self.attended = Conv(3 * self.attention.heads, light[1], kernel=1)
        self.bins = nn.Conv2d(light[1], len(bin_centres()), 1)
        self.to_ab = nn.Conv2d(light[0], 2, 1)
        # Two step costs, the share of the correction taken, and the log of how much weight it must gather.
        self.to_affinity = nn.Conv2d(light[0], 4, 1)
        self.to_detail = nn.Conv2d(light[0], 8, 1)
        self.to_gate = nn.Conv2d(light[0], 1, 1)
        self.kriging = Kriging(light[0])
        for head in (self.to_ab, self.to_affinity, self.to_detail, self.to_gate):
            for parameter in head.parameters():
                nn.init.zeros_(parameter)
        self.to_affinity.bias = nn.Parameter(torch.tensor([-2.0, -2.0, 3.0, -5.0]))

    def forward(
        self,
        lightness: Tensor,
        hint_ab: Tensor,
        hint_mask: Tensor,
        transferred: tuple[Tensor, Tensor] | None = None,
        *,
        explain: bool = False,
        prior: Tensor | None = None,
        exemplars: Exemplar | None = None,
        levels: Sequence[Tensor] | None = None,
    ) -> Colors:
        quarter = F.avg_pool2d(lightness, FOLD)
        cell_ab, weight = _pooled(hint_ab, hint_mask, FOLD)
        brought, confidence = transferred or (torch.zeros_like(hint_ab), torch.zeros_like(hint_mask))
        brought_ab, sureness = _pooled(brought, confidence, FOLD)

        nearest = self._nearest(quarter, cell_ab, weight) if self.knows_nearest else None

        levels = self.see_lightness(lightness) if levels is None else levels
        brought_in = torch.cat((brought_ab * sureness, sureness), 1)
        hints = self._see_hints(levels, quarter, cell_ab, weight, nearest, brought_in)
        features = levels[3]
        for level in (2, 1, 0):
            features = F.interpolate(self.up[level](features), size=levels[level].shape[-2:], mode="nearest")
            features = features + self.meet[level](F.relu(torch.cat((levels[level], hints[level]), 1)))
            if level == 1:
                cells = None if exemplars is None else exemplars.cells
                recalled, hinted = self._recall(levels[1] + features, cell_ab, weight, nearest, cells)
                features = features + recalled
            features = self.up_blocks[level](features)
            if level == 1:
                bin_logits = self.bins(F.relu(features))
        features = F.relu(features)
        # The confidence is where the gate starts from, not its limit: colours of 0.9 may be kept whole.
        gate = torch.sigmoid(self.to_gate(features).float() + torch.logit(sureness, eps=1e-3)) * (sureness > 0)
        uncorrected = self.to_ab(features).float()
        uncorrected = uncorrected + gate * (brought_ab - uncorrected)
        if prior is not None:
            uncorrected = uncorrected + prior
        errors = None if exemplars is None else exemplars.errors
        correction, told, known = self._correction(features, uncorrected, cell_ab, weight, errors, explain)
        corrected = uncorrected + correction
        detail = F.pixel_shuffle(self.to_detail(features).float(), 2)
        if transferred is not None:
            detail = detail + _twice(gate) * (_pooled(brought, confidence, FOLD // 2)[0] - _twice(brought_ab))
        return Colors(_twice(corrected) + detail, uncorrected, bin_logits, told, Exemplar(hinted, known))

    def transfer_path(self) -> list[Tensor]:
        """The parameters that only transferred colours meet: without any, the answer does not depend on them."""
        return [self.transfer_in.weight, self.transfer_in.gain, *self.to_gate.parameters()]

    def hint_side(self) -> list[nn.Module]:
        """What makes colours of hints and of what the lightness tower sees; not that tower, nor transferred colours."""
        parts = (self.hint_in, self.hint_down, self.meet, self.up, self.up_blocks, self.attention, self.attended)
        return [*parts, self.to_ab, self.to_affinity, self.to_detail, self.kriging]

    def deep_lightness(self) -> list[nn.Module]:
        """What the lightness tower sees at 1/16 and 1/32: what things are, more than where they end."""
        return [*self.lightness_down[1:], *self.lightness_blocks[2:]]

    def see_lightness(self, lightness: Tensor) -> list[Tensor]:
        """What `forward` sees of the lightness (B, 1, H, W), whatever the hints are: at 1/4 to 1/32 of its size."""
        features = self.lightness_in(F.pixel_unshuffle(lightness / 50.0 - 1.0, FOLD))
        levels = [self.lightness_blocks[0](features)]
        for level in range(3):
            features = self.lightness_down[level](F.relu(levels[-1]))
            levels.append(self.lightness_blocks[level + 1](features))
        return levels

    def _nearest(self, quarter: Tensor, cell_ab: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest hint's ab, in network units, and the way to it, of each cell of FOLD pixels."""
        with torch.no_grad(), torch.autocast(quarter.device.type, enabled=False):
            return nearest_hint(cell_ab.float(), weight.float(), *step_costs(quarter.float(), *WAY))

    def _see_hints(
        self,
        levels: Sequence[Tensor],
        quarter: Tensor,
        cell_ab: Tensor,
        weight: Tensor,
        nearest: tuple[Tensor, Tensor] | None,
        brought: Tensor,
    ) -> list[Tensor]:
        inputs = [cell_ab, weight]
        with torch.no_grad(), torch.autocast(quarter.device.type, enabled=False):
            for sigma_cells, sigma_lightness in SPREADS:
                costs = step_costs(quarter.float(), sigma_cells, sigma_lightness)
                spread_ab, reached = spread_hints(cell_ab.float(), weight.float(), *costs)
                trust = reached / (reached + 1e-2)
                inputs += [spread_ab * trust, torch.log10(reached + 1e-4) / 4.0 + 0.5]
        if nearest is not None:
            near = torch.exp(-nearest[1] / _FAR)
            inputs += [nearest[0] * near, near]
        hints = [self.hint_in(torch.cat(inputs, 1)) + self.transfer_in(brought)]
        for level in range(2):
            hints.append(self.hint_down[level](F.relu(torch.cat((levels[level], hints[-1]), 1))))
        return hints

    def _recall(
        self,
        features: Tensor,
        cell_ab: Tensor,
        weight: Tensor,
        nearest: tuple[Tensor, Tensor] | None,
        exemplars: HintedCells | None,
    ) -> tuple[Tensor, HintedCells]:
        """What is added to the features, and what another picture may recall of this one."""
        coarse_weight = F.avg_pool2d(weight, 2)
        coarse_ab = F.avg_pool2d(cell_ab * weight, 2) / coarse_weight.clamp(min=1e-6)
        coarse_nearest = None if nearest is None else (F.avg_pool2d(nearest[0], 2), F.avg_pool2d(nearest[1], 2))
        gathered, trust, hinted = self.attention(features, coarse_ab, coarse_weight, coarse_nearest, exemplars)
        trusted = (gathered.unflatten(1, (self.attention.heads, 2)) * trust.unsqueeze(2)).flatten(1, 2)
        return self.attended(torch.cat((trusted, trust), 1)), hinted

    def _correction(
        self,
        features: Tensor,
        uncorrected: Tensor,
        cell_ab: Tensor,
        weight: Tensor,
        elsewhere: KnownErrors | None,
        explain: bool,
    ) -> tuple[Tensor, Tensor | None, KnownErrors]:
        """What the decoder gets wrong under the hints: by kriging, and what that leaves, along learned affinities.
        How much the hints tell of each place. And what another picture may recall of the errors."""
        with torch.autocast(features.device.type, enabled=False):
            affinity = self.to_affinity(features.float())
            cost = F.softplus(affinity[:, :2])
            across = 0.5 * (cost[:, 0, :, 1:] + cost[:, 0, :, :-1])
            down = 0.5 * (cost[:, 1, 1:] + cost[:, 1, :-1])
            error = (cell_ab.float() - uncorrected) * (weight > 0)
            alike, told, known = self.kriging(features, error, weight, elsewhere, explain=explain)
            error = (error - alike) * (weight > 0)
            spread_error, reached = spread_hints(error, weight.float(), across, down)
            share = torch.sigmoid(affinity[:, 2:3]) * reached / (reached + F.softplus(affinity[:, 3:]) + 1e-6)
            return alike + spread_error * share, told, known


def _pooled(ab: Tensor, weight: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Cells of size by size pixels: their mean ab, weighted, in network units, and their mean weight."""
    cell_weight = F.avg_pool2d(weight, size)
    return F.avg_pool2d(ab * weight, size) / (AB_SCALE * cell_weight.clamp(min=1e-6)), cell_weight


def _twice(planes: Tensor) -> Tensor:
    return F.interpolate(planes, scale_factor=2, mode="bilinear", align_corners=False)


def two_tower() -> TwoTower:
    """The colorizer that ships as "two-tower"."""
    return TwoTower(Widths((48, 96, 192, 256), (32, 64, 96), (1, 2, 2, 1), (4, 2, 2), nearest=True), PlainBlock)


def squeeze() -> TwoTower:
    """The variant of Fire modules that ships as "squeeze": far fewer parameters."""
    return TwoTower(Widths((48, 64, 96, 128), (24, 32, 48), (1, 2, 2, 2), (4, 2, 2), nearest=False), FireBlock)


VARIANTS = {"two-tower": two_tower, "squeeze": squeeze}
