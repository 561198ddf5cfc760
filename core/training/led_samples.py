"""Pictures of which another one, in colour, tells a part: what the colorizer has of a frame and its reference.

Two crops of one photograph stand for a frame and the reference before it. Routes lead to what both show, but for what
something hid in the reference, and for something else that came into the frame; elsewhere they are lost. What the
transfer network makes of them leads the colorizer, and of the reference it hears by attention and kriging. Some
references are keyframes instead: all that is known of them is hints, and of these the frame has what both show.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..leading import FOLLOWED, SURE, leading_places
from ..nets.fusion import FUSION_CELL, Estimates, Memory, TransferNet
from ..nets.similarity import CELL
from ..nets.two_tower import AB_SCALE, Colors, TwoTower
from .crops import PictureMix
from .film_looks import as_seen
from .hint_sampling import sample_hints
from .transfer_sampling import displaced, smooth_noise

# Of the batches, those of keyframes.
_KEYFRAMES_SHARE = 0.4
# Of the frames, those in which something was uncovered, and those into which something else came.
_UNCOVERED_SHARE, _NEW_SHARE = 0.6, 0.4
# How many deviations of smooth noise stay as they are.
_LEAST_CHANGED, _MOST_CHANGED = 2.0, 0.5
# Pixels by which a carried and a matched route slip, and the doubt of what they lead to and of what they do not.
_SLIPS = 2.0, 1.0
_KNOWN_DOUBT, _LOST_DOUBT = (0.3, 1.5), (1.0, 8.0)
_FARTHEST = 70


@dataclass
class Led:
    """Frames and what is known of them, a batch of B, S pixels to a side. Lightness (B, 1, S, S), L* 0..100, as seen;
    ab (B, 2, S, S). hint_ab (B, 2, S, S), hint_mask (B, 1, S, S), 0..1: of keyframes the hints, and what of them was
    followed to the frame. routes: from a reference, whose colours are all known; None from a keyframe."""

    lightness: Tensor
    ab: Tensor
    hint_ab: Tensor
    hint_mask: Tensor
    anchor_lightness: Tensor
    anchor_ab: Tensor
    anchor_mask: Tensor
    routes: Estimates | None

    def to(self, device: torch.device) -> Led:
        """The same on a device."""
        planes = {one.name: getattr(self, one.name).to(device) for one in fields(self) if one.name != "routes"}
        routes = self.routes
        if routes is not None:
            routes = Estimates(*(getattr(routes, one.name).to(device) for one in fields(routes)))
        return Led(**planes, routes=routes)


def sample_led(pictures: PictureMix, count: int, size: int, film_share: float, rng: np.random.Generator) -> Led:
    """The same for the same state of rng. size: a multiple of 32."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    anchors, frames, offsets = pictures.crop_pairs(count, size, rng)
    # Side by side, so that both are of one film.
    lab, seen = as_seen(np.concatenate((anchors, frames), 2), film_share, rng)
    (_, anchor_ab), (_, ab) = (part.split((1, 2), 1) for part in lab.split(size, -1))
    anchor_lightness, lightness = (part.contiguous() for part in seen.split(size, -1))
    ab, anchor_ab = ab.contiguous(), anchor_ab.contiguous()
    new = _places(count, size, _NEW_SHARE, generator)
    lightness, ab = (torch.where(new, planes.roll(1, 0), planes) for planes in (lightness, ab))
    uncovered = _places(count, size, _UNCOVERED_SHARE, generator)
    lost = (new | uncovered).float()
    whole = torch.ones(1, size, size)
    known = torch.stack([_moved(whole, -down, -right) for down, right in offsets]) * (1.0 - lost)
    if rng.random() < _KEYFRAMES_SHARE:
        hints = torch.cat(sample_hints(anchor_ab, generator), 1)
        here = torch.stack([_moved(hints[i], -down, -right) for i, (down, right) in enumerate(offsets)]) * known
        hint_ab, hint_mask = here.split((2, 1), 1)
        told = hint_ab.contiguous(), hint_mask * FOLLOWED
        anchor_hints, anchor_mask = hints.split((2, 1), 1)
        return Led(lightness, ab, *told, anchor_lightness, anchor_hints, anchor_mask, None)
    hidden = torch.stack([_moved(uncovered[i].float(), *offset) for i, offset in enumerate(offsets)])
    anchor = torch.cat((anchor_lightness, anchor_ab), 1)
    # Another thing stood there.
    anchor = torch.where(hidden > 0, anchor.roll(1, 0), anchor)
    step = torch.tensor(offsets, dtype=torch.float32).view(count, 2, 1, 1)
    routes = _routes(anchor, lightness, step, known, generator)
    lattice = torch.from_numpy(leading_places((size, size))).float().expand(count, 1, -1, -1)
    nothing = torch.zeros_like(ab), torch.zeros_like(lightness)
    return Led(lightness, ab, *nothing, anchor[:, :1].contiguous(), anchor[:, 1:].contiguous(), lattice, routes)


def led_colors(network: TwoTower, transfer: TransferNet, led: Led) -> tuple[Colors, Tensor]:
    """What the colorizer makes of the frames, mixed with what is brought: as strip_coloring has them, before they are
    made steady; and the confidence in what is brought, (B, 1, S, S). References and keyframes teach nothing."""
    exemplars = None
    if network.hears_exemplars:
        with torch.no_grad():
            told = led.anchor_ab * led.anchor_mask, led.anchor_mask
            exemplars = network(led.anchor_lightness, *told).exemplar
    if led.routes is None:
        colors = network(led.lightness, led.hint_ab, led.hint_mask, exemplars=exemplars)
        return colors, torch.zeros_like(led.hint_mask)
    with torch.no_grad():
        brought, confidence = _brought(transfer, led, led.routes)
    leads = torch.from_numpy(leading_places(led.lightness.shape[-2:])).to(brought.device) * (confidence > SURE)
    # Squared, as the gate is asked in a strip.
    path = brought, confidence.square()
    colors = network(led.lightness, brought * leads, leads.float(), path, exemplars=exemplars)
    ab, share = F.avg_pool2d(brought, 2) / AB_SCALE, F.avg_pool2d(confidence, 2)
    return replace(colors, ab=colors.ab.float() + share * (ab - colors.ab.float())), confidence


def _brought(transfer: TransferNet, led: Led, routes: Estimates) -> tuple[Tensor, Tensor]:
    """What the transfer network brings, ab (B, 2, S, S), and its confidence (B, 1, S, S)."""
    keys = transfer.descriptor(led.anchor_lightness).flatten(2)
    lab = F.avg_pool2d(torch.cat((led.anchor_lightness, led.anchor_ab), 1), CELL).flatten(2)
    choice = transfer(led.lightness, transfer.descriptor(led.lightness), routes, Memory(keys, lab))
    candidates = torch.cat((routes.ab, choice.gathered.unsqueeze(1)), 1).float()
    weights = choice.weights.float()
    ab = (candidates * weights[:, :-1].unsqueeze(2)).sum(1) / choice.confidence.float().clamp(min=1e-3)
    planes = torch.cat((ab, 1.0 - weights[:, -1:]), 1)
    planes = F.interpolate(planes, scale_factor=FUSION_CELL, mode="bilinear", align_corners=False)
    return planes[:, :2], planes[:, 2:].clamp(0.0, 1.0)


def _routes(anchor: Tensor, lightness: Tensor, step: Tensor, known: Tensor, generator: torch.Generator) -> Estimates:
    """A carried and a matched route from the anchors, L* and ab (B, 3, S, S), to the frames. step: (B, 2, 1, 1), pixels
    down and right. known: (B, 1, S, S), where they lead to the same thing."""
    count, _, size, _ = anchor.shape

    def noise(planes: int, cells: int) -> Tensor:
        return smooth_noise(count, planes, cells, size, size, generator)

    astray = torch.where(known > 0, 0.0, noise(2, 5) * 0.2 * size)
    found = []
    for slip, lost in zip(_SLIPS, (torch.zeros_like(astray), astray), strict=True):
        flow = step + slip * size / 256 * noise(2, 6) + lost
        lab = displaced(anchor, flow)
        sure, unsure = (
            low + (high - low) * torch.special.ndtr(noise(1, 10)) for low, high in (_KNOWN_DOUBT, _LOST_DOUBT)
        )
        doubt = torch.where(known > 0, sure, unsure)
        change = (lightness - lab[:, :1]).square()
        change = F.avg_pool2d(change, 5, 1, 2, count_include_pad=False).sqrt()
        found.append(torch.cat((lab[:, 1:], doubt, change, F.avg_pool2d(known, 9, 1, 4)), 1))
    cells = torch.stack([F.avg_pool2d(planes, FUSION_CELL) for planes in found], 1)
    distance = torch.randint(1, _FARTHEST, (count, 1), generator=generator).float().expand(-1, 2)
    matched = torch.tensor([0.0, 1.0]).expand(count, -1)
    return Estimates(cells[:, :, :2], cells[:, :, 2], cells[:, :, 3], cells[:, :, 4], distance, matched)


def _places(count: int, size: int, share: float, generator: torch.Generator) -> Tensor:
    """Where something changed in a share of the pictures: bool (count, 1, size, size)."""
    least = _MOST_CHANGED + (_LEAST_CHANGED - _MOST_CHANGED) * torch.rand(count, 1, 1, 1, generator=generator)
    changed = smooth_noise(count, 1, 5, size, size, generator) > least
    return changed & (torch.rand(count, 1, 1, 1, generator=generator) < share)


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
