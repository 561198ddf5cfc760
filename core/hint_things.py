"""Hints of few colours that surprise, kept to the things that they are on: what edges enclose, and what goes with it.

The network answers a surprising hint beyond its thing, too: a blue sweater's wall and papers turn blue as it does. How
surely a place is of the thing is where random walks from it end (random_walk.py): at the hints, at others, at what is
told by these, at what looked like their places and heeds them, or at none of it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .hint_kind import KEPT_COLORS, painted, scarcity
from .nets.domain_transform import step_costs
from .nets.nearest_hint import nearest_hint
from .nets.two_tower import FOLD, WAY
from .random_walk import conductances, expected_at_rest
from .seen_picture import SeenPicture

# The mean of what is not reached, below which hints say of every place what it is, and from which on they do not.
_LEFT_UNSAID = 0.05, 0.15
# How readily a walk stops at a cell of FOLD pixels, and at one with hints.
_STOPPING, _STOPPING_AT_HINTS = 0.003, 2.0
# An edge, in L* between cells of half as many pixels, of a picture whose mean step is the second; with the root of that
# it grows or shrinks, up to so many times. And what passes through any.
_EDGE, _MEAN_STEP, _LEAST_STEP, _LARGEST_STEP = 2.0, 3.0, 0.5, 3.0
_THROUGH_EDGES = 0.001
# What tells this share of the most that is told anywhere, and this much, counts as a hint's own place, and less by the
# square: of a dot on lips little is told anywhere, a third of it on a sweater.
_SURELY_TOLD, _LEAST_TOLD = 0.4, 0.2
# The shares of what hints ask for that a place must take to heed them, not at all to fully; how much less readily walks
# stop there; and, where it looked as a hinted place does before, to within these of ab and L*, how much it counts.
_HEEDLESS, _HEEDING, _PASSING = 0.5, 0.8, 0.8
_ALIKE_AB, _ALIKE_LIGHTNESS, _ALIKE_COUNTS = 5.0, 10.0, 0.8
# Places that others are compared with.
_MOST_COMPARED = 64
# Ab units that a hint asks for at least, lest what hardly differs heeds it.
_LEAST_ASKED = 5.0
# How many walks from a place must end at the thing for it to be of it by half, where hints may tell of more, and where
# a thing is meant; and the slope. One in a photograph's own colours at a random place loses nothing.
_OF_MORE, _OF_THING, _SLOPE = 0.23, 0.4, 24.0


def fewness(unhinted: Tensor, hints: Tensor, mask: Tensor) -> float:
    """How few colours hints have, 0..1.

    unhinted: of `hint_reach.unhinted_share`. hints (2, H, W), mask (H, W): how much they count, 0..1.
    """
    return scarcity(unhinted, hints, mask, KEPT_COLORS, _LEFT_UNSAID)


def keptness(unhinted: Tensor, hints: Tensor, mask: Tensor) -> float:
    """How far hints that surprise are kept to their things, 0..1: of few colours, and strokes. As in `fewness`."""
    few = fewness(unhinted, hints, mask)
    return few if few == 1.0 else max(few, painted(hints, mask))


def of_things(
    picture: SeenPicture, others: Tensor, told: Tensor, before: Tensor, after: Tensor, meant: float
) -> Tensor:
    """How surely each place is of the things that hints are on: (H/2, W/2), 0..1.

    picture: with these hints alone, (H, W). others: where others are, (H, W). told: nets.two_tower.Colors.told of
    these, (H / FOLD, W / FOLD). before, after: ab without these hints and with them, (2, H/2, W/2).
    meant: of hint_kind.thing_meant.
    """
    before = F.avg_pool2d(before[None], FOLD // 2)[0]
    heed = _heed(picture, before, F.avg_pool2d(after[None], FOLD // 2)[0])
    known = (told / (_SURELY_TOLD * told.max()).clamp(min=_LEAST_TOLD)).clamp(max=1.0).square()
    known = torch.maximum(known, _ALIKE_COUNTS * heed * _alike(picture, before))
    found, edge = None, _edge(picture.lightness)
    for cell in (FOLD, FOLD // 2):
        lightness, ours, theirs = (_in_cells(plane, cell) for plane in (picture.lightness, picture.mask, others))
        size = lightness.shape
        hinted, elsewhere = ours > 0, (theirs > 0) & (ours == 0)
        values = _resized(known, size).masked_fill(hinted, 1.0).masked_fill(elsewhere, 0.0)
        # A walk of so many pixels has four times as many steps of half the size.
        stopping = _STOPPING * (cell / FOLD) ** 2 * (1.0 - _PASSING * _resized(heed, size))
        stopping = stopping.masked_fill(hinted | elsewhere, _STOPPING_AT_HINTS)
        start = None if found is None else _resized(found, size)
        found = expected_at_rest(values, stopping, *conductances(lightness, edge, _THROUGH_EDGES), start)
    assert found is not None
    enough = _OF_MORE + meant * (_OF_THING - _OF_MORE)
    return torch.sigmoid(_SLOPE * (found - enough))


def _heed(picture: SeenPicture, before: Tensor, after: Tensor) -> Tensor:
    """How far each cell of FOLD pixels does what the nearest hint asks for: (h, w), 0..1. before, after: (2, h, w)."""
    lightness, hints, mask, _ = picture
    quarter, weight = (_in_cells(plane, FOLD)[None, None] for plane in (lightness, mask))
    colors = F.avg_pool2d((hints * mask)[None], FOLD) / weight.clamp(min=1e-6)
    nearest, _ = nearest_hint(colors, weight, *step_costs(quarter, *WAY))
    asked = nearest[0] - before
    taken = ((after - before) * asked).sum(0) / asked.square().sum(0).clamp(min=_LEAST_ASKED**2)
    return ((taken - _HEEDLESS) / (_HEEDING - _HEEDLESS)).clamp(0.0, 1.0)


def _alike(picture: SeenPicture, before: Tensor) -> Tensor:
    """How much each cell of FOLD pixels looked like the most similar hinted one: (h, w), 0..1. before: (2, h, w)."""
    looks = torch.cat((before / _ALIKE_AB, _in_cells(picture.lightness, FOLD)[None] / _ALIKE_LIGHTNESS)).flatten(1)
    hinted = (_in_cells(picture.mask, FOLD) > 0).flatten().nonzero()[:, 0]
    hinted = hinted[:: 1 + len(hinted) // _MOST_COMPARED]
    apart = torch.cdist(looks.T, looks[:, hinted].T).amin(1)
    return torch.exp(-apart.square()).view(before.shape[1:])


def _edge(lightness: Tensor) -> float:
    """The L* of an edge in this picture (H, W)."""
    cells = _in_cells(lightness, FOLD // 2)
    step = float(torch.cat([torch.diff(cells, dim=dim).abs().flatten() for dim in (0, 1)]).mean())
    return _EDGE * min(_LARGEST_STEP, max(_LEAST_STEP, step / _MEAN_STEP)) ** 0.5


def _in_cells(plane: Tensor, cell: int) -> Tensor:
    return F.avg_pool2d(plane[None, None], cell)[0, 0]


def _resized(plane: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(plane[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]
