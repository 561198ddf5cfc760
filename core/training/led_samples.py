"""Pictures of which another one, in colour, tells a part: what the colorizer has of a frame and its reference.

Two crops of one photograph stand for a frame and the reference before it. What both show is brought in its place, but
for what something hid in the reference; the rest is known by the reference's colours alone, and what likeness brings
there is wrong as often as its confidence says. Some references are keyframes instead: all that is known of them is
hints, and of these the frame has what both pictures show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..leading import SURE, leading_places
from ..nets.two_tower import AB_SCALE, Colors, TwoTower
from .crops import PictureMix
from .film_looks import as_seen
from .hint_sampling import sample_hints
from .transfer_sampling import brought_with_calibrated_confidence, smooth_noise

# Of the batches, those of keyframes.
_KEYFRAMES_SHARE = 0.35
# Of the frames something is new in the middle of the picture, besides what comes in at its edges.
_UNCOVERED_SHARE = 0.7
# How many deviations of smooth noise are not uncovered.
_LEAST_UNCOVERED, _MOST_UNCOVERED = 2.0, 0.3
# How much a hint counts that was followed to a frame, as strip_coloring has it.
_FOLLOWED = 0.25


class Led(NamedTuple):
    """Frames and references, a batch of B, S pixels to a side. Lightness (B, 1, S, S), L* 0..100, as seen; ab
    (B, 2, S, S), the frames' own. brought: transferred colours (B, 2, S, S), and their confidence (B, 1, S, S), 0..1.
    hint_ab (B, 2, S, S), hint_mask (B, 1, S, S), 0..1: where sure colours stand as hints, or hints that were followed
    to the frame. reference_ab, reference_mask: the same of the references, for attention to hear of."""

    lightness: Tensor
    ab: Tensor
    brought: Tensor
    confidence: Tensor
    hint_ab: Tensor
    hint_mask: Tensor
    reference_lightness: Tensor
    reference_ab: Tensor
    reference_mask: Tensor


def sample_led(pictures: PictureMix, count: int, size: int, film_share: float, rng: np.random.Generator) -> Led:
    """The same for the same state of rng."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    references, frames, offsets = pictures.crop_pairs(count, size, rng)
    # Side by side, so that both are of one film.
    lab, seen = as_seen(np.concatenate((references, frames), 2), film_share, rng)
    (_, reference_ab), (_, ab) = (part.split((1, 2), 1) for part in lab.split(size, -1))
    reference_lightness, lightness = (part.contiguous() for part in seen.split(size, -1))
    ab, reference_ab = ab.contiguous(), reference_ab.contiguous()
    covered = _covered(count, size, generator)
    if rng.random() < _KEYFRAMES_SHARE:
        hints = torch.cat(sample_hints(reference_ab, generator), 1)
        here = torch.stack([_moved(hints[i], -down, -right) for i, (down, right) in enumerate(offsets)])
        hint_ab, hint_mask = (here * (1.0 - covered)).split((2, 1), 1)
        told = hint_ab.contiguous(), hint_mask * _FOLLOWED
        return Led(
            lightness, ab, hint_ab, torch.zeros_like(covered), *told, reference_lightness, *hints.split((2, 1), 1)
        )
    whole = torch.ones(1, size, size)
    in_both = torch.stack([_moved(whole, -down, -right) for down, right in offsets])
    hidden = torch.stack([_moved(covered[i], down, right) for i, (down, right) in enumerate(offsets)])
    brought, confidence = brought_with_calibrated_confidence(ab, in_both > covered, reference_ab, generator)
    lattice = torch.from_numpy(leading_places((size, size))).float()
    leading, shown = lattice * (confidence > SURE), lattice * (1.0 - hidden)
    told = brought * leading, leading
    return Led(lightness, ab, brought, confidence, *told, reference_lightness, reference_ab * shown, shown)


def led_by_reference(network: TwoTower, led: Led) -> Colors:
    """What the colorizer makes of the frames, mixed with what was brought: as strip_coloring has them, before they are
    made steady. The references themselves teach nothing."""
    exemplars = None
    if network.hears_exemplars:
        with torch.no_grad():
            exemplars = network(led.reference_lightness, led.reference_ab, led.reference_mask).hinted
    # Squared, as the gate is asked in a strip.
    brought = led.brought, led.confidence.square()
    colors = network(led.lightness, led.hint_ab, led.hint_mask, brought, exemplars=exemplars)
    ab, share = F.avg_pool2d(led.brought, 2) / AB_SCALE, F.avg_pool2d(led.confidence, 2)
    return replace(colors, ab=colors.ab.float() + share * (ab - colors.ab.float()))


def _covered(count: int, size: int, generator: torch.Generator) -> Tensor:
    """What the reference does not show of its own place: (count, 1, size, size) of 0 and 1."""
    least = _MOST_UNCOVERED + (_LEAST_UNCOVERED - _MOST_UNCOVERED) * torch.rand(count, 1, 1, 1, generator=generator)
    covered = smooth_noise(count, 1, 5, size, size, generator) > least
    return (covered & (torch.rand(count, 1, 1, 1, generator=generator) < _UNCOVERED_SHARE)).float()


def _moved(planes: Tensor, down: int, right: int) -> Tensor:
    """Planes (C, S, S) that many pixels further down and right, 0 where nothing comes to lie."""
    (into_rows, from_rows), (into_columns, from_columns) = (_overlap(planes.shape[-1], step) for step in (down, right))
    moved = torch.zeros_like(planes)
    moved[:, into_rows, into_columns] = planes[:, from_rows, from_columns]
    return moved


def _overlap(size: int, step: int) -> tuple[slice, slice]:
    """Where what is moved by a step comes to lie within `size` pixels, and where it lay."""
    step = max(-size, min(size, step))
    return slice(max(0, step), size + min(0, step)), slice(max(0, -step), size - max(0, step))
