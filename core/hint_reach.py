"""How far hints reach along a picture's edges, and how much colour there is where they do not."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.ab_bins import bin_centres
from .nets.domain_transform import spread, step_costs
from .nets.nearest_hint import nearest_hint
from .nets.two_tower import FOLD, SIZE_MULTIPLE, SPREADS, WAY

# The weight of a hint at which half of its reach is left; and where whatever it changes is to be trusted by half.
_HARDLY_REACHED, _FIRMLY_REACHED = 0.01, 0.1
# The loss, each picture's RMS error, draws what is doubtful to grey, below its mean. What takes it back there, where
# no hint reaches, in pictures with hints and in those without: chosen on the 40 validation pictures.
_FAR_GAIN, _UNHINTED_GAIN = 0.13, 0.25
# Where hints do not firmly reach, what they change stays if they tell this share of what they tell at most, and less
# below. Unchecked, a wall takes a third of a hint on a face.
_OF_ONE_KIND = 0.3
# The share from which a place is surely of the kind; and the parts of a picture that are so, from where hints are on
# small things to where they are not. Random hints fall on large things, chosen ones on faces.
_SURELY_OF_KIND, _SMALL, _LARGE = 0.6, 0.0015, 0.0042
# How many times less likely than the likeliest a hint's colour is, by what the colorizer says without hints, as a power
# of ten: below the first it may be the picture's own, and changes it as the network has it; above the other, the rule
# holds in full. And the ab units by which a colour may be told wrong.
_EXPECTED, _SURPRISING = 0.5, 1.2
_BLUR = 12.0
# The weight of hints that counts for none; of its share of what it was the fourth root counts: 0.07 dB on 14 clips with
# dots on three keyframes, 0.2 and 0.6 on two whose camera follows something fast.
_LEAST, _KEPT_POWER = 1e-4, 0.25
# The mean of what is not reached: below the first, hints speak for themselves; above the other, the rule holds in full.
# It takes a second run of the network, so followed hints, of which every frame has some, are held later.
_WELL_HINTED, _HARDLY_HINTED = 0.25, 0.5
_WELL_FOLLOWED, _HARDLY_FOLLOWED = 0.7, 0.88
# How soon a few hints tell of the whole, as a power of the unhinted part.
_FADE = 4
# How far what no hint reaches is drawn to the hints' mean colour, the ab units that it moves at most, and the chroma at
# which it is drawn by half: what is grey stays grey. On the validation pictures 0.4 and 4 were worth 0.08 dB with one
# hint and 0.10 with two, and these 0.01 more with one.
_DRAWN, _MOST_DRAWN, _HALF_DRAWN = 0.5, 5.0, 12.0
# What hints kept, and where a surprise ends, is smoothed over this part of the short side, to either side.
_SMOOTHED_PART = 17

Array = TypeVar("Array", np.ndarray, Tensor)


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


def kept_share(lightness: np.ndarray, hint_mask: np.ndarray, hinted_then: np.ndarray) -> np.ndarray:
    """How much of what hints told keyframes those that were followed to a frame still tell: float32 (H, W), 0..1.

    lightness, hint_mask: as in `hinted_share`. hinted_then: what that says of the keyframes, brought to the frame,
    (H, W).
    """
    hinted_now = hinted_share(lightness, hint_mask)
    now, then = (_LEAST + _reached(1.0 - share) for share in (hinted_now, hinted_then))
    side = 2 * (min(lightness.shape) // _SMOOTHED_PART) + 1
    return cv2.blur(np.minimum(now / then, 1.0), (side, side)) ** _KEPT_POWER


def unhinted_share(lightness: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    """How little hints reach each place along the footage's edges: (*size), 0 under a hint to 1.

    lightness, mask: padded planes (h, w).
    """
    if not mask.any():
        return torch.ones(size)
    weight = F.avg_pool2d(mask[None, None], FOLD)
    costs = step_costs(F.avg_pool2d(lightness[None, None], FOLD), *SPREADS[0])
    reached = spread(weight, *costs)
    share = _HARDLY_REACHED / (reached + _HARDLY_REACHED)
    return F.interpolate(share, size=size, mode="bilinear", align_corners=False)[0, 0]


def untold(unhinted: Tensor) -> Tensor:
    """How little hints tell of the picture as a whole: a scalar, 1 without any, and soon 0 the more of it (h, w) they
    reach."""
    return unhinted.mean() ** _FADE


def with_far_gain(ab: Tensor, unhinted: Tensor, hinted: bool) -> Tensor:
    """ab (2, h, w) at its mean, not below it, where hints do not reach. hinted: whether there are any."""
    return ab * (1.0 + (_FAR_GAIN if hinted else _UNHINTED_GAIN) * unhinted.square())


def strictness(unhinted: Tensor, weight: float) -> float:
    """How far hints are held to their kind, 0..1: not at all where they reach most of the picture (h, w).

    weight: of the hints, 1 for strokes. What was followed from elsewhere counts less, but there is no less of it.
    """
    unreached = float((_HARDLY_REACHED / (_reached(unhinted) / weight + _HARDLY_REACHED)).mean())
    least, most = (_WELL_HINTED, _HARDLY_HINTED) if weight == 1.0 else (_WELL_FOLLOWED, _HARDLY_FOLLOWED)
    return min(1.0, max(0.0, (unreached - least) / (most - least)))


def surprise(hints: Tensor, mask: Tensor, bin_logits: Tensor) -> Tensor:
    """How little the colorizer would have expected each hint: (h, w) of cells, 0..1, and 0 where none is.

    hints (2, H, W), mask (H, W), 1 where they hold. bin_logits: nets.two_tower.Colors.bin_logits without hints, of one
    picture (Q, h, w). What counts is what is likely, not what is near the mean: where a thing may be red or blue,
    neither surprises.
    """
    centres = bin_centres()
    cells = bin_logits.shape[1], bin_logits.shape[2]
    weight = F.adaptive_avg_pool2d(mask[None], cells)[0]
    colors = F.adaptive_avg_pool2d(hints * mask, cells) / weight.clamp(min=1e-6)
    hinted = weight > 0
    likely = bin_logits.softmax(0)[:, hinted]
    near_hints = torch.exp(-0.5 * (torch.cdist(colors[:, hinted].T, centres) / _BLUR).square())
    near_bins = torch.exp(-0.5 * (torch.cdist(centres, centres) / _BLUR).square())
    likelihood = (near_hints * likely.T).sum(1) / (near_bins @ likely).amax(0)
    apart = -torch.log10(likelihood.clamp(min=1e-9))
    surprising = torch.zeros(cells)
    surprising[hinted] = ((apart - _EXPECTED) / (_SURPRISING - _EXPECTED)).clamp(0.0, 1.0)
    return surprising


def expected(surprising: Tensor, mask: Tensor) -> float:
    """How much of the hints does not surprise, 0..1. surprising: of `surprise`; mask: (H, W), where they hold."""
    hinted = F.adaptive_avg_pool2d(mask[None], (surprising.shape[0], surprising.shape[1]))[0] > 0
    return 1.0 - float(surprising[hinted].mean())


def surprise_around(surprising: Tensor, lightness: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Each place's nearest hint's surprise, (*size), 0..1: a stroke that surprises is held to its kind, its neighbours
    that do not are not.

    surprising: of `surprise`. lightness, mask: padded planes (H, W).
    """
    quarter = F.avg_pool2d(lightness[None, None], FOLD)
    plane = F.interpolate(surprising[None, None], size=quarter.shape[-2:])
    weight = F.avg_pool2d(mask[None, None], FOLD)
    near, _ = nearest_hint(plane, weight, *step_costs(quarter, *WAY))
    return F.interpolate(smoothed(near, _SMOOTHED_PART), size=size, mode="bilinear", align_corners=False)[0, 0]


def smoothed(planes: Tensor, part: int) -> Tensor:
    """Planes (B, C, h, w), each cell the mean of those within 1/part of the short side, either way."""
    half = min(planes.shape[-2:]) // part
    return F.avg_pool2d(F.pad(planes, (half, half, half, half), mode="replicate"), 2 * half + 1, stride=1)


def smallness(told: Tensor) -> float:
    """How small the things are that hints are on, 0..1: where whoever gives a hint chose it, it is on what differs.

    told: nets.two_tower.Colors.told of one picture, (h', w').
    """
    size = float((told > _SURELY_OF_KIND * told.max()).float().mean())
    return min(1.0, max(0.0, (_LARGE - size) / (_LARGE - _SMALL)))


def beyond_kind(unhinted: Tensor, told: Tensor) -> Tensor:
    """How far each place is from what hints reach and from what is of their kind: (h, w), 0..1.

    unhinted: (h, w). told: nets.two_tower.Colors.told of one picture, (h', w').
    """
    of_kind = F.interpolate(told[None, None], size=unhinted.shape, mode="bilinear", align_corners=False)[0, 0]
    of_kind = (of_kind / (_OF_ONE_KIND * of_kind.max()).clamp(min=1e-6)).clamp(max=1.0)
    return _FIRMLY_REACHED / (_FIRMLY_REACHED + _reached(unhinted)) * (1.0 - of_kind.square())


def drawn_to_hints(ab: Tensor, hints: Tensor, mask: Tensor, unhinted: Tensor, share: float) -> Tensor:
    """ab (2, h, w), drawn a little to the hints' mean colour where they do not reach: light and film do to a whole
    picture what they do to a part of it.

    hints (2, H, W), mask (H, W): where they hold. unhinted: (h, w). share: how far it is done, 0..1.
    """
    apart = ((hints * mask).sum((1, 2)) / mask.sum())[:, None, None] - ab
    distance, chroma = apart.square().sum(0).sqrt(), ab.square().sum(0).sqrt()
    moved = _DRAWN * share * unhinted.square() * distance * (chroma / (chroma + _HALF_DRAWN))
    return ab + apart * (moved.clamp(max=_MOST_DRAWN) / distance.clamp(min=1e-6))


def _reached(unhinted: Array) -> Array:
    """The weight of hints that reached each place, of what `unhinted_share` gives."""
    return _HARDLY_REACHED / unhinted.clip(min=1e-4) - _HARDLY_REACHED
