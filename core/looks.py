"""Looks: what the colorizer's network says of one picture with its hints, and how far these are believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .hint_kind import aloneness, beyond_kind, expected, smallness, surprise_around, thing_meant, unsurprising
from .hint_reach import drawn_to_hints, unhinted_share
from .hint_things import of_things
from .saturation import vividness
from .seen_picture import SeenPicture


class Heard(NamedTuple):
    """What is left of a look: ab (2, h/2, w/2) in Lab units, and, if asked for, what is vivid beyond it, the same."""

    ab: Tensor
    vivid: Tensor | None

    def lerp(self, other: Heard, share: Tensor) -> Heard:
        """Of the other that share, (h/2, w/2)."""
        vivid = self.vivid
        if vivid is not None and other.vivid is not None:
            vivid = vivid.lerp(other.vivid, share)
        return Heard(self.ab.lerp(other.ab, share), vivid)


class Seen(NamedTuple):
    """What is seen of one picture: ab (2, h/2, w/2) in Lab units, and Colors.bin_logits (Q, h/8, w/8)."""

    ab: Tensor
    bin_logits: Tensor

    def heard(self, *, vivid: bool) -> Heard:
        """All of it."""
        size = self.ab.shape[1], self.ab.shape[2]
        return Heard(self.ab, vividness(self.bin_logits, size) if vivid else None)


class Held(NamedTuple):
    """Why hints are held to their kind. strict: how far. kept: how far what surprises is kept to its things; one
    of the two is above 0. surprising: of hint_kind.surprise. on_faces: the same, of what is held though it does not
    surprise. unaided: what is seen without hints."""

    strict: float
    kept: float
    surprising: Tensor
    on_faces: Tensor
    unaided: Seen


class Look(NamedTuple):
    """One look at a picture (h, w). unhinted: (h/2, w/2), 0..1. held: None where hints speak for themselves; else
    told: (h/4, w/4), as in Colors. others: where some of the hints surprise, the look with those alone that do not.
    apart: (h, w), 1 on what is surely none of the things that hints are on; None: nothing is."""

    picture: SeenPicture
    unhinted: Tensor
    seen: Seen
    held: Held | None = None
    told: Tensor | None = None
    others: Look | None = None
    apart: Tensor | None = None


def heard(look: Look, told: Tensor | None, parts: tuple[float, float], small: float | None, *, vivid: bool) -> Heard:
    """The look's answer, its hints held to their kind.

    told: as in `Look`, of this look or of several; None: of this one. parts: of hint_kind.SMALL_PARTS. small: how small
    the things are that hints are on, 0..1; None: as small as is told. vivid: whether that is asked for.
    """
    lightness, hints, mask, _ = look.picture
    answer = look.seen.heard(vivid=vivid)
    told = look.told if told is None else told
    if look.held is None or told is None:
        return answer
    if look.others is not None:
        beyond = _beyond_surprises(look, look.held, look.others)
        return answer.lerp(heard(look.others, None, parts, small, vivid=vivid), beyond)
    strict, kept, surprising, on_faces, unaided = look.held
    size = answer.ab.shape[1], answer.ab.shape[2]
    around = of_surprise = surprise_around(surprising, lightness, mask, size)
    if on_faces.any():
        around = surprise_around(torch.maximum(surprising, on_faces), lightness, mask, size)
    small = smallness(told, hints, mask, parts) if small is None else small
    beyond = beyond_kind(look.unhinted, told, lightness, aloneness(look.unhinted, hints, mask))
    beyond = strict * around.clamp(min=small) * beyond
    if kept > 0.0 and surprising.any():
        meant = thing_meant(hints, mask, unaided.bin_logits)
        apart = torch.zeros_like(mask) if look.apart is None else look.apart
        things = of_things(look.picture, apart, told, unaided.ab, answer.ab, meant)
        beyond = beyond.lerp(1.0 - things, kept * of_surprise)
    answer = answer.lerp(unaided.heard(vivid=vivid), beyond)
    # Squared, for with ten hints it would lose 0.01 dB, and beside small things it tints walls.
    telling = (strict * (1.0 - small)) ** 2 * expected(torch.maximum(surprising, on_faces), mask)
    return answer._replace(ab=drawn_to_hints(answer.ab, hints, mask, look.unhinted, telling))


def _beyond_surprises(look: Look, held: Held, others: Look) -> Tensor:
    """How far each place is beyond those hints that surprise, (h/2, w/2), 0..1: of few colours, beyond the things that
    they are on; of many, beyond their kinds where one is the nearest, and wherever it tells no more than others do."""
    assert look.told is not None and others.told is not None
    lightness, hints, mask, _ = look.picture
    size = look.unhinted.shape[0], look.unhinted.shape[1]
    surprises = mask * (others.picture.mask == 0)
    told = (look.told - others.told).clamp(min=0.0)
    beyond = torch.zeros(size)
    if held.strict > 0.0 and held.kept < 1.0:
        alone = aloneness(look.unhinted, hints, mask)
        around = surprise_around(held.surprising, lightness, mask, size)
        unhinted = unhinted_share(lightness, surprises, size)
        of_surprises = beyond_kind(unhinted, told, lightness, aloneness(unhinted, hints, surprises))
        of_all = around * beyond_kind(look.unhinted, look.told, lightness, alone)
        beyond = held.strict * torch.maximum(of_all, alone * of_surprises)
    if held.kept > 0.0:
        alone_seen = SeenPicture(lightness, hints, surprises, None)
        meant = thing_meant(hints, surprises, held.unaided.bin_logits)
        apart = others.picture.mask if look.apart is None else torch.maximum(others.picture.mask, look.apart)
        things = of_things(alone_seen, apart, told, others.seen.ab, look.seen.ab, meant)
        beyond = beyond.lerp(1.0 - things, held.kept)
    return beyond


def unsurprising_part(picture: SeenPicture, surprising: Tensor) -> SeenPicture | None:
    """The picture with those hints alone that do not surprise; None if all do or none. surprising: as in `Held`."""
    kept = unsurprising(surprising, picture.hints, picture.mask)
    if not kept.any() or torch.equal(kept, picture.mask):
        return None
    return SeenPicture(picture.lightness, picture.hints * (kept > 0), kept, None)


def told_by(looks: Sequence[Look], columns: float) -> list[Tensor | None]:
    """What each look is to take for told: of a picture and its mirror image, the mean of both, for a face may pass for
    something larger in one of them. columns: the picture's width in cells, without padding."""
    own = [look.told for look in looks]
    if len(own) < 2 or own[0] is None or own[1] is None:
        return own
    one, other = own[0], own[1]
    return [0.5 * (one + _turned(other, columns)), 0.5 * (other + _turned(one, columns))]


def _turned(cells: Tensor, columns: float) -> Tensor:
    """The mirror image of cells (h, w) of which so many columns are no padding; that is on the right again."""
    last = cells.shape[-1] - 1
    place = (columns - 1.0 - torch.arange(last + 1)).clamp(min=0.0)
    left = place.floor()
    near, far = (cells.index_select(1, at.long().clamp(max=last)) for at in (left, left + 1))
    return near.lerp(far, place - left)
