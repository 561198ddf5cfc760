"""Hints held to their kind: one hint on a face must not tint the wall, nor a sweater's the face."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .hint_reach import SMOOTHED_PART, smoothed, unreached, weight_reached
from .nets.ab_bins import bin_centres
from .nets.domain_transform import spread, step_costs
from .nets.nearest_hint import nearest_hint
from .nets.two_tower import FOLD, WAY

# Where hints do not firmly reach, what they change stays if they tell this share of what they tell at most, and less
# below; the second share, where few hints stand alone. Unchecked, a wall takes a third of a hint on a face.
_OF_ONE_KIND, _ALONE_OF_ONE_KIND = 0.3, 0.55
# What is told of a place is the mean along edges, (cells of FOLD pixels, L* that counts as an edge): from cell to cell
# it wavers by a third.
_TOLD_ALONG = (8.0, 6.0)
# The weight of a hint at which whatever it changes is to be trusted by half; where few stand alone, this share of what
# there is at most, if that is more: on a large thing it grows a hundredfold, and what leaks past its edge, too.
_FIRMLY_REACHED, _FIRM_SHARE = 0.1, 0.1
# The share from which a place is surely of the kind.
_SURELY_OF_KIND = 0.6
# The parts of a picture that are so, from where hints are on small things to where they are not. Random hints fall on
# large things, chosen ones on faces; squeeze's tell more widely.
SMALL_PARTS = {"two-tower": (0.0015, 0.0042), "squeeze": (0.003, 0.0085)}
# Hints of one colour are on one thing, of which more is surely told the more they cover, but less than as much more: a
# dot's side as a part of the short side, the ab units within which colours are one (those of random hints hardly ever
# are), and the power. Straight on, a long stroke on a wall would be on something small.
_DOT_PART, _ONE_COLOR, _SHARED_POWER = 7 / 256, 2.0, 0.6
# How many times less likely than the likeliest a hint's colour is, by what the colorizer says without hints, as a power
# of ten: below the first it may be the picture's own, and changes it as the network has it; above the other, the rule
# holds in full. The same of strokes, from which number of dots on they are some, and from which on in full: with a dot
# one may tell of the picture, with a stroke one means a thing. And the ab units by which a colour may be told wrong.
_EXPECTED, _SURPRISING = 0.5, 1.0
_EXPECTED_OF_STROKES, _SURPRISING_OF_STROKES = 0.25, 0.6
_DOT, _STROKE = 1.5, 4.0
# Colours up to which hints that surprise are kept to their things, and from which on they are not: random ones tell of
# more. Strokes are, in any number of colours, but of many only those that are very unlikely.
KEPT_COLORS = 4.0, 6.5
# How many dots long a stroke is that somebody painted, and the inverse of the share of what is hinted from which on it
# all is theirs: random dots lie beside each other, two of one colour at times.
_LONG, _MOSTLY = 2.4, 2.0
# From where on a dot, too, means a thing in full.
_STRANGE = 1.6
_BLUR = 12.0
# The mean of what is not reached: below the first, hints speak for themselves; above the other, the rule holds in full.
# It takes a second run of the network, so followed hints, of which every frame has some, are held later.
_HELD, _FOLLOWED_HELD = (0.25, 0.5), (0.7, 0.88)
# From where hints help each other to where each stands alone: the mean of what is not reached, and, the other way
# round, how many colours they have.
_ALONE = 0.58, 0.75
_FEW_COLORS, _SOME_COLORS = 3.0, 6.0


def strictness(unhinted: Tensor, weight: float) -> float:
    """How far hints are held to their kind, 0..1: not at all where they reach most of the picture.

    unhinted, weight: as in `hint_reach.unreached`.
    """
    return between(unreached(unhinted, weight), *(_HELD if weight == 1.0 else _FOLLOWED_HELD))


def aloneness(unhinted: Tensor, hints: Tensor, mask: Tensor) -> float:
    """How far few hints stand alone, 0..1: no other one says what their neighbours are.

    unhinted: of `hint_reach.unhinted_share`. hints (2, H, W), mask (H, W): how much they count, 0..1.
    """
    return scarcity(unhinted, hints, mask, (_FEW_COLORS, _SOME_COLORS), _ALONE)


def scarcity(
    unhinted: Tensor, hints: Tensor, mask: Tensor, colors: tuple[float, float], missed: tuple[float, float]
) -> float:
    """How few colours hints have, and how much they miss: 0..1.

    colors: from how many on there are less than few, and from how many on none is few. missed: the mean of what is not
    reached, below which nothing is missed, and from which on enough is. The rest: as in `aloneness`.
    """
    few = 1.0 - between(_color_count(hints, mask), *colors)
    return few * between(unreached(unhinted, float(mask.max())), *missed)


def surprise(hints: Tensor, mask: Tensor, bin_logits: Tensor) -> Tensor:
    """How little the colorizer would have expected each hint: (h, w) of cells, 0..1, and 0 where none is.

    hints (2, H, W), mask (H, W), 1 where they hold. bin_logits: nets.two_tower.Colors.bin_logits without hints, of one
    picture (Q, h, w). What counts is what is likely, not what is near the mean: where a thing may be red or blue,
    neither surprises.
    """
    apart = _unlikeliness(hints, mask, bin_logits)
    stroke = _stroke_share(hints, mask, apart)
    low = _EXPECTED + stroke * (_EXPECTED_OF_STROKES - _EXPECTED)
    high = _SURPRISING + stroke * (_SURPRISING_OF_STROKES - _SURPRISING)
    many = between(_color_count(hints, mask), *KEPT_COLORS) if mask.any() else 0.0
    if many > 0.0:
        many *= painted(hints, mask)
        low, high = low + many * (_SURPRISING - low), high + many * (_STRANGE - high)
    return ((apart - low) / (high - low)).clamp(0.0, 1.0)


def thing_meant(hints: Tensor, mask: Tensor, bin_logits: Tensor) -> float:
    """How surely whoever gave the hints meant one thing, and tells nothing of the picture, 0..1: by a stroke, or by a
    colour that is very unlikely. As in `surprise`."""
    apart = _unlikeliness(hints, mask, bin_logits)
    strange = ((apart - _SURPRISING) / (_STRANGE - _SURPRISING)).clamp(0.0, 1.0)
    hinted = F.adaptive_avg_pool2d(mask[None], (apart.shape[0], apart.shape[1]))[0] > 0
    return float(torch.maximum(_stroke_share(hints, mask, apart), strange)[hinted].mean())


def _unlikeliness(hints: Tensor, mask: Tensor, bin_logits: Tensor) -> Tensor:
    """How many times less likely than the likeliest each hint is, as a power of ten: (h, w) of cells, 0 where none
    is."""
    centres = bin_centres()
    cells = bin_logits.shape[1], bin_logits.shape[2]
    weight = F.adaptive_avg_pool2d(mask[None], cells)[0]
    colors = F.adaptive_avg_pool2d(hints * mask, cells) / weight.clamp(min=1e-6)
    hinted = weight > 0
    likely = bin_logits.softmax(0)[:, hinted]
    near_hints = torch.exp(-0.5 * (torch.cdist(colors[:, hinted].T, centres) / _BLUR).square())
    near_bins = torch.exp(-0.5 * (torch.cdist(centres, centres) / _BLUR).square())
    likelihood = (near_hints * likely.T).sum(1) / (near_bins @ likely).amax(0)
    apart = torch.zeros(cells)
    apart[hinted] = -torch.log10(likelihood.clamp(min=1e-9))
    return apart


def expected(surprising: Tensor, mask: Tensor) -> float:
    """How much of the hints does not surprise, 0..1. surprising: of `surprise`; mask: (H, W), where they hold."""
    hinted = F.adaptive_avg_pool2d(mask[None], (surprising.shape[0], surprising.shape[1]))[0] > 0
    return 1.0 - float(surprising[hinted].mean())


def unsurprising(surprising: Tensor, hints: Tensor, mask: Tensor) -> Tensor:
    """The mask (H, W) of the hints that do not surprise; hints of one colour surprise alike.

    surprising: of `surprise`. hints (2, H, W), mask (H, W).
    """
    hinted = mask > 0
    at_pixels = F.interpolate(surprising[None, None], size=mask.shape)[0, 0][hinted]
    color = _color_index(hints[:, hinted])
    surprise_of = torch.bincount(color, at_pixels) / torch.bincount(color).clamp(min=1)
    kept = mask.clone()
    kept[hinted] *= surprise_of[color] < 0.5
    return kept


def surprise_around(surprising: Tensor, lightness: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Each place's nearest hint's surprise, (*size), 0..1: a stroke that surprises is held to its kind, its neighbours
    that do not are not.

    surprising: of `surprise`. lightness, mask: padded planes (H, W).
    """
    quarter = F.avg_pool2d(lightness[None, None], FOLD)
    plane = F.interpolate(surprising[None, None], size=quarter.shape[-2:])
    weight = F.avg_pool2d(mask[None, None], FOLD)
    near, _ = nearest_hint(plane, weight, *step_costs(quarter, *WAY))
    return F.interpolate(smoothed(near, SMOOTHED_PART), size=size, mode="bilinear", align_corners=False)[0, 0]


def smallness(told: Tensor, hints: Tensor, mask: Tensor, parts: tuple[float, float]) -> float:
    """How small the things are that hints are on, 0..1: where whoever gives a hint chose it, it is on what differs.

    told: nets.two_tower.Colors.told of one picture, (h', w'). hints (2, H, W), mask (H, W): where they hold. parts: of
    SMALL_PARTS.
    """
    size = float((told > _SURELY_OF_KIND * told.max()).float().mean())
    dots = float((mask > 0).sum()) / _dot_area(mask)
    of_one = min(1.0, _color_count(hints, mask) / max(1.0, dots))
    return 1.0 - between(size * of_one**_SHARED_POWER, *parts)


def beyond_kind(unhinted: Tensor, told: Tensor, lightness: Tensor, alone: float) -> Tensor:
    """How far each place is from what hints reach and from what is of their kind: (h, w), 0..1.

    unhinted: (h, w). told: nets.two_tower.Colors.told of one picture, (H / FOLD, W / FOLD). lightness: a padded plane
    (H, W). alone: of `aloneness`.
    """
    kind = _OF_ONE_KIND + alone * (_ALONE_OF_ONE_KIND - _OF_ONE_KIND)
    of_kind = _along_edges(told, lightness)[None, None]
    of_kind = F.interpolate(of_kind, size=unhinted.shape, mode="bilinear", align_corners=False)[0, 0]
    of_kind = (of_kind / (kind * of_kind.max()).clamp(min=1e-6)).clamp(max=1.0)
    weight = weight_reached(unhinted)
    firmly = (alone * _FIRM_SHARE * weight.max()).clamp(min=_FIRMLY_REACHED)
    return firmly / (firmly + weight) * (1.0 - of_kind.square())


def _along_edges(told: Tensor, lightness: Tensor) -> Tensor:
    """Each cell's mean over those of the same thing, of cells (h, w) of FOLD pixels of a lightness (H, W)."""
    costs = step_costs(F.avg_pool2d(lightness[None, None], FOLD), *_TOLD_ALONG)
    total, weight = spread(torch.stack((told, torch.ones_like(told)))[None], *costs)[0]
    return total / weight


def _stroke_share(hints: Tensor, mask: Tensor, cells: Tensor) -> Tensor:
    """How far the hints in each of the cells (h, w) are a stroke, not a dot, by what all of their colour cover: (h, w),
    0..1, and 0 where none is."""
    hinted = mask > 0
    color = _color_index(hints[:, hinted])
    dots = torch.zeros_like(mask)
    dots[hinted] = torch.bincount(color)[color] / _dot_area(mask)
    stroke = ((dots - _DOT) / (_STROKE - _DOT)).clamp(0.0, 1.0)
    return F.adaptive_max_pool2d(stroke[None], (cells.shape[0], cells.shape[1]))[0]


def painted(hints: Tensor, mask: Tensor) -> float:
    """How far hints are strokes and not dots, by how long they are, 0..1: what somebody painted. As in `aloneness`."""
    hinted = mask > 0
    color = _color_index(hints[:, hinted])
    covered = torch.bincount(color)
    longest, of_strokes = _LONG * _DOT_PART * min(mask.shape), 0
    plane = torch.full(mask.shape, -1)
    plane[hinted] = color
    for one in (covered > _DOT * _dot_area(mask)).nonzero()[:, 0].tolist():
        _, _, stats, _ = cv2.connectedComponentsWithStats((plane == one).numpy().astype(np.uint8))
        long = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) >= longest
        of_strokes += int(stats[1:, cv2.CC_STAT_AREA][long].sum())
    return min(1.0, _MOSTLY * of_strokes / max(1, int(covered.sum())))


def _dot_area(mask: Tensor) -> float:
    return (_DOT_PART * min(mask.shape)) ** 2


def _color_count(hints: Tensor, mask: Tensor) -> float:
    """How many colours hints have, by how much they cover: the inverse of Simpson's index (Simpson 1949)."""
    covered = torch.bincount(_color_index(hints[:, mask > 0])).float()
    return float(covered.sum().square() / covered.square().sum())


def _color_index(ab: Tensor) -> Tensor:
    """A number (n,) that colours (2, n) have in common if they are one."""
    # Whole numbers are colours that users give: none may lie where one bin ends. By bins, for sorting 54,000 pixels
    # takes 64 ms.
    a, b = (ab / _ONE_COLOR + 0.283).floor().clamp(-128.0, 127.0).long() + 128
    return 256 * a + b


def between(value: float, low: float, high: float) -> float:
    """0 up to low, 1 from high on."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
