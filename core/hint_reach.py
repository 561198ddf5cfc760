"""How far hints reach along a picture's edges, and how much colour there is where they do not."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.domain_transform import spread, spread_hints, step_costs
from .nets.two_tower import FOLD, SPREADS
from .seen_picture import pad_edge, padding_of

# The weight of a hint at which half of its reach is left.
_HARDLY_REACHED = 0.01
# The loss, each picture's RMS error, draws what is doubtful to grey, below its mean. What takes it back there, where
# no hint reaches, in pictures with hints and in those without: chosen on the 40 validation pictures.
_FAR_GAIN, _UNHINTED_GAIN = 0.13, 0.25
# The weight of hints that counts for none; of its share of what it was the fourth root counts: 0.07 dB on 14 clips with
# dots on three keyframes, 0.2 and 0.6 on two whose camera follows something fast.
_LEAST, _KEPT_POWER = 1e-4, 0.25
# How soon a few hints tell of the whole, as a power of the unhinted part.
_FADE = 4
# How far what no hint reaches is drawn to the hints' mean colour, the ab units that it moves at most, and the chroma at
# which it is drawn by half: what is grey stays grey. On the validation pictures 0.4 and 4 were worth 0.08 dB with one
# hint and 0.10 with two, and these 0.02 more with one.
_DRAWN, _MOST_DRAWN, _HALF_DRAWN = 0.6, 5.0, 12.0
# What hints kept, and where a surprise ends, is smoothed over this part of the short side, to either side.
SMOOTHED_PART = 17
# How far, in cells of FOLD pixels and in L*, the last correction under a hint fades into its surroundings; and, in
# pixels and in L*, one that is to stay close: on lips.
_IMPOSE_REACH, _CLOSE_REACH = (3.0, 6.0), (2.0, 4.0)

Array = TypeVar("Array", np.ndarray, Tensor)


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
    now, then = (_LEAST + weight_reached(1.0 - share) for share in (hinted_now, hinted_then))
    side = 2 * (min(lightness.shape) // SMOOTHED_PART) + 1
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


def smoothed(planes: Tensor, part: int) -> Tensor:
    """Planes (B, C, h, w), each cell the mean of those within 1/part of the short side, either way."""
    half = min(planes.shape[-2:]) // part
    return F.avg_pool2d(F.pad(planes, (half, half, half, half), mode="replicate"), 2 * half + 1, stride=1)


def drawn_to_hints(ab: Tensor, hints: Tensor, mask: Tensor, unhinted: Tensor, share: float) -> Tensor:
    """ab (2, h, w), drawn a little to the hints' mean colour where they do not reach: light and film do to a whole
    picture what they do to a part of it.

    hints (2, H, W), mask (H, W): where they hold. unhinted: (h, w). share: how far it is done, 0..1.
    """
    apart = ((hints * mask).sum((1, 2)) / mask.sum())[:, None, None] - ab
    distance, chroma = apart.square().sum(0).sqrt(), ab.square().sum(0).sqrt()
    moved = _DRAWN * share * unhinted.square() * distance * (chroma / (chroma + _HALF_DRAWN))
    return ab + apart * (moved.clamp(max=_MOST_DRAWN) / distance.clamp(min=1e-6))


def imposed(ab: Tensor, lightness: Tensor, hints: Tensor, mask: Tensor, *, closely: bool = False) -> Tensor:
    """ab (2, h, w) with its error under the hints taken off there and, fading along edges, close by. closely: by a few
    pixels only."""
    if not mask.any():
        return ab
    height, width = lightness.shape
    cell, reach = (1, _CLOSE_REACH) if closely else (FOLD, _IMPOSE_REACH)
    padding = (0, -width % cell, 0, -height % cell)
    weight = F.avg_pool2d(F.pad(mask, padding)[None], cell)
    error = F.avg_pool2d(F.pad((hints - ab) * mask, padding), cell) / weight.clamp(min=1e-6)
    costs = step_costs(F.avg_pool2d(pad_edge(lightness, padding)[None], cell)[None], *reach)
    spread_error, reached = spread_hints(error[None], weight[None], *costs)
    correction = spread_error * (reached / (reached + 0.5))
    correction = F.interpolate(correction, scale_factor=cell, mode="bilinear", align_corners=False)
    return torch.where(mask > 0, hints, ab + correction[0, :, :height, :width])


def unreached(unhinted: Tensor, weight: float) -> float:
    """How much of the picture hints do not reach, 0..1.

    unhinted: of `unhinted_share`, (h, w). weight: of the hints, 1 for strokes; what was followed from elsewhere counts
    less, but there is no less of it.
    """
    return float((_HARDLY_REACHED / (weight_reached(unhinted) / weight + _HARDLY_REACHED)).mean())


def weight_reached(unhinted: Array) -> Array:
    """The weight of hints that reached each place, of what `unhinted_share` gives."""
    return _HARDLY_REACHED / unhinted.clip(min=1e-4) - _HARDLY_REACHED
