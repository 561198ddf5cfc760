"""Pictures with some kinds of things in other colours: a surprising hint is learned to be about its kind alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Of the pictures with hints, and of those with few, whose hinted share is below the last. In photographs as they are
# everything shares a tint, and one hint would tint them whole.
_RECOLORED_SHARE, _RECOLORED_OF_FEW, _FEW = 0.3, 0.5, 0.002
# ab units: how far colours may be from the hinted one and still be of its kind, and how far they are moved.
_LEAST_KIND, _WIDEST_KIND = 4.0, 10.0
_MOST_KINDS = 4
# In pictures' heights: how far from the hinted place half of the kinds reach.
_NEAREST_REACH, _FARTHEST_REACH = 0.15, 1.0
_LEAST_SHIFT, _LARGEST_SHIFT = 12.0, 55.0
# Of L* in what makes a kind, beside ab: two grey things of unlike lightness are two.
_LIGHTNESS_SHARE = 0.35
_MOST_CHROMA = 90.0


def recolored(lightness: Tensor, ab: Tensor, hint_mask: Tensor, generator: torch.Generator) -> Tensor:
    """ab (B, 2, H, W), in a share of the pictures with everything of some hinted places' kinds moved to other colours.

    lightness: L* (B, 1, H, W), 0..100, as photographed. hint_mask: (B, 1, H, W) of 0 and 1. What is of a kind is
    told by colour and lightness, for half of the kinds by place, too: a wall and a sweater of one grey may have two
    colours. Light and dark places are moved less: their gamut is smaller.
    """
    changed = ab.clone()
    for i in range(len(ab)):
        chance, number = torch.rand(2, generator=generator).tolist()
        hinted = hint_mask[i, 0].flatten().nonzero()[:, 0]
        share = _RECOLORED_OF_FEW if len(hinted) < _FEW * hint_mask[i, 0].numel() else _RECOLORED_SHARE
        if chance >= share or not len(hinted):
            continue
        for _ in range(1 + int(number * _MOST_KINDS)):
            place = int(hinted[int(torch.randint(len(hinted), (), generator=generator))])
            changed[i] += _move_of_kind(lightness[i], ab[i], place, generator)
        room = _room(lightness[i])
        chroma = changed[i].square().sum(0, keepdim=True).sqrt()
        most = torch.maximum(_MOST_CHROMA * room, ab[i].square().sum(0, keepdim=True).sqrt())
        changed[i] *= (most / chroma.clamp(min=1e-3)).clamp(max=1.0)
    return changed


def _move_of_kind(lightness: Tensor, ab: Tensor, place: int, generator: torch.Generator) -> Tensor:
    """How ab (2, H, W) changes where it is of the kind of one place, an index of the flattened picture."""
    kind, shift, angle, reach = torch.rand(4, generator=generator).tolist()
    color = torch.cat((lightness * _LIGHTNESS_SHARE, ab)).flatten(1)
    radius = _LEAST_KIND * (_WIDEST_KIND / _LEAST_KIND) ** kind
    apart = (color - color[:, place, None]).square().sum(0) / radius**2
    if reach < 0.5:
        height, width = lightness.shape[-2:]
        farthest = height * _NEAREST_REACH * (_FARTHEST_REACH / _NEAREST_REACH) ** (2.0 * reach)
        y, x = torch.arange(height)[:, None] - place // width, torch.arange(width) - place % width
        apart = apart + ((y.square() + x.square()) / farthest**2).flatten()
    of_kind = torch.exp(-0.5 * apart)
    length = _LEAST_SHIFT + (_LARGEST_SHIFT - _LEAST_SHIFT) * shift
    direction = torch.tensor([math.cos(2.0 * math.pi * angle), math.sin(2.0 * math.pi * angle)])
    return (length * direction)[:, None, None] * of_kind.view_as(lightness) * _room(lightness)


def _room(lightness: Tensor) -> Tensor:
    """The share of a middle grey's gamut that there is at a lightness."""
    return 1.0 - (lightness / 50.0 - 1.0).square()
