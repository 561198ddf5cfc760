"""Pictures with one kind of thing in another colour: a surprising hint is learned to be about its kind alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Of the pictures with hints, and of those with few, whose hinted share is below the last. In photographs as they are
# everything shares a tint, and one hint would tint them whole.
_RECOLORED_SHARE, _RECOLORED_OF_FEW, _FEW = 0.25, 0.4, 0.002
# ab units: how far colours may be from the hinted one and still be of its kind, and how far they are moved.
_LEAST_KIND, _WIDEST_KIND = 4.0, 10.0
_LEAST_SHIFT, _LARGEST_SHIFT = 12.0, 55.0
# Of L* in what makes a kind, beside ab: two grey things of unlike lightness are two.
_LIGHTNESS_SHARE = 0.35
_MOST_CHROMA = 90.0


def recolored(lightness: Tensor, ab: Tensor, hint_mask: Tensor, generator: torch.Generator) -> Tensor:
    """ab (B, 2, H, W), in a share of the pictures with everything of one hinted place's kind moved to another colour.

    lightness: L* (B, 1, H, W), 0..100, as photographed. hint_mask: (B, 1, H, W) of 0 and 1. What is of a kind is
    told by colour and lightness, not by place. Light and dark places are moved less: their gamut is smaller.
    """
    changed = ab.clone()
    for i in range(len(ab)):
        chance, kind, shift, angle = torch.rand(4, generator=generator).tolist()
        hinted = hint_mask[i, 0].flatten().nonzero()[:, 0]
        share = _RECOLORED_OF_FEW if len(hinted) < _FEW * hint_mask[i, 0].numel() else _RECOLORED_SHARE
        if chance >= share or not len(hinted):
            continue
        place = hinted[int(torch.randint(len(hinted), (), generator=generator))]
        color = torch.cat((lightness[i] * _LIGHTNESS_SHARE, ab[i])).flatten(1)
        radius = _LEAST_KIND * (_WIDEST_KIND / _LEAST_KIND) ** kind
        of_kind = torch.exp(-0.5 * (color - color[:, place, None]).square().sum(0) / radius**2)
        length = _LEAST_SHIFT + (_LARGEST_SHIFT - _LEAST_SHIFT) * shift
        direction = torch.tensor([math.cos(2.0 * math.pi * angle), math.sin(2.0 * math.pi * angle)])
        room = 1.0 - (lightness[i] / 50.0 - 1.0).square()
        moved = ab[i] + (length * direction)[:, None, None] * of_kind.view_as(room) * room
        chroma = moved.square().sum(0, keepdim=True).sqrt()
        most = torch.maximum(_MOST_CHROMA * room, ab[i].square().sum(0, keepdim=True).sqrt())
        changed[i] = moved * (most / chroma.clamp(min=1e-3)).clamp(max=1.0)
    return changed
