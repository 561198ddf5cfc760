"""How far hints reach along a picture's edges, and how much colour there is where they do not."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.domain_transform import spread_hints, step_costs
from .nets.two_tower import FOLD, SIZE_MULTIPLE, SPREADS

# The weight of a hint at which half of its reach is left; and where whatever it changes is to be trusted by half.
_HARDLY_REACHED, _FIRMLY_REACHED = 0.01, 0.1
# The loss, each picture's RMS error, draws what is doubtful to grey, below its mean. What takes it back there, where
# no hint reaches, in pictures with hints and in those without: the best of 0, 0.1 .. 0.8 on the 40 validation pictures.
_FAR_GAIN, _UNHINTED_GAIN = 0.1, 0.3
# What hints change where they do not firmly reach counts by how much they tell of it, to this power: all of it tints a
# wall by a third of a hint on a face. With 0.3 photos_val gains 0.1 dB at few hints, the validation pictures lose 0.2;
# from 0.5 on far regions of the hint's own kind lose colour, too.
_KIND_POWER = 0.3
# With more of the picture reached than this, hints speak for themselves; with less than the other, the power is full.
_MOSTLY_REACHED, _HARDLY_HINTED = 0.6, 0.4


def padding_of(plane: Tensor) -> tuple[int, int, int, int]:
    """What pads a plane (h, w) to the networks' size, as torch.nn.functional.pad takes it."""
    height, width = plane.shape
    return 0, -width % SIZE_MULTIPLE, 0, -height % SIZE_MULTIPLE


def pad_edge(plane: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    """The plane (h, w) with its edges repeated."""
    return F.pad(plane[None, None], padding, mode="replicate")[0, 0]


def hinted_share(lightness: np.ndarray, hint_mask: np.ndarray) -> np.ndarray:
    """How far hints reach each place along a picture's edges: float32 (H, W), 0 where none does to 1 under one.

    lightness: float32 (H, W), L* 0..100. hint_mask: bool (H, W).
    """
    height, width = lightness.shape
    full = torch.from_numpy(np.ascontiguousarray(lightness, dtype=np.float32))
    padding = padding_of(full)
    padded, mask = pad_edge(full, padding), F.pad(torch.from_numpy(hint_mask.astype(np.float32)), padding)
    return 1.0 - unhinted_share(padded, mask, (padded.shape[0], padded.shape[1]))[:height, :width].numpy()


def unhinted_share(lightness: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    """How little hints reach each place along the footage's edges: (*size), 0 under a hint to 1.

    lightness, mask: padded planes (h, w).
    """
    if not mask.any():
        return torch.ones(size)
    weight = F.avg_pool2d(mask[None, None], FOLD)
    costs = step_costs(F.avg_pool2d(lightness[None, None], FOLD), *SPREADS[0])
    _, reached = spread_hints(torch.zeros_like(weight).repeat(1, 2, 1, 1), weight, *costs)
    share = _HARDLY_REACHED / (reached + _HARDLY_REACHED)
    return F.interpolate(share, size=size, mode="bilinear", align_corners=False)[0, 0]


def with_far_gain(ab: Tensor, unhinted: Tensor, hinted: bool) -> Tensor:
    """ab (2, h, w) at its mean, not below it, where hints do not reach. hinted: whether there are any."""
    return ab * (1.0 + (_FAR_GAIN if hinted else _UNHINTED_GAIN) * unhinted.square())


def kind_power(unhinted: Tensor) -> float:
    """How strictly hints keep to their kind: 0 where they reach most of the picture."""
    ramp = (float(unhinted.mean()) - _HARDLY_HINTED) / (_MOSTLY_REACHED - _HARDLY_HINTED)
    return _KIND_POWER * min(1.0, max(0.0, ramp))


def kept_to_kind(ab: Tensor, unaided: Tensor, unhinted: Tensor, told: Tensor, power: float) -> Tensor:
    """ab (2, h, w), with hints, less of what they changed where they neither reach nor tell much.

    unaided: the answer without hints. unhinted: (h, w). told: nets.two_tower.Colors.told of one picture, (h', w').
    """
    of_kind = F.interpolate(told[None, None], size=unhinted.shape, mode="bilinear", align_corners=False)[0, 0]
    of_kind = (of_kind / of_kind.max().clamp(min=1e-6)).pow(power)
    reached = _HARDLY_REACHED / unhinted.clamp(min=1e-4) - _HARDLY_REACHED
    beyond = _FIRMLY_REACHED / (_FIRMLY_REACHED + reached)
    return unaided + (ab - unaided) * (1.0 - beyond * (1.0 - of_kind))
