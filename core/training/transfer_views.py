"""A sample as the transfer network is shown it: some of its anchors and routes, and a window of its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..nets.fusion import FUSION_CELL, Estimates
from ..nets.similarity import CELL
from ..transfer_paths import ROUTES
from .transfer_samples import Seen, TransferSample


@dataclass(frozen=True)
class View:
    """As TransferSample, with the anchors and estimates that are given; fields with a batch once `stacked`. sources:
    which of the anchors each estimate is of."""

    lightness: Tensor
    levels: list[Tensor]
    truth: Tensor
    anchors: list[Seen]
    estimates: Estimates
    sources: list[int]


def view(sample: TransferSample, remembered: Sequence[int], given: Sequence[int]) -> View:
    """The whole frame, with the anchors and the estimates of these numbers."""
    estimates = Estimates(*(part[list(given)].float() for part in sample.estimates))
    anchors = [([level.float() for level in levels], lab.float()) for levels, lab in sample.anchors]
    return View(
        sample.lightness.float(),
        [level.float() for level in sample.levels],
        sample.truth.float(),
        [anchors[number] for number in remembered],
        estimates,
        [list(remembered).index(number // len(ROUTES)) for number in given],
    )


@dataclass(frozen=True)
class Window:
    """A square of a picture, `side` pixels, from the pixel (top, left); mirrored or not."""

    top: int
    left: int
    side: int
    mirrored: bool

    def cut(self, planes: Tensor, cell: int) -> Tensor:
        """Its part of planes (..., H / cell, W / cell)."""
        top, left, side = self.top // cell, self.left // cell, self.side // cell
        part = planes[..., top : top + side, left : left + side]
        return part.flip(-1) if self.mirrored else part


def random_window(lightness: Tensor, side: int, rng: np.random.Generator) -> Window:
    """A window of a picture (1, H, W), on whole cells of the coarsest level; smaller pictures are taken whole."""
    step = CELL << 2
    top, left = (int(rng.integers(max(0, length - side) // step + 1)) * step for length in lightness.shape[-2:])
    return Window(top, left, side, bool(rng.random() < 0.5))


def windowed(whole: View, window: Window) -> View:
    """A part of the frame; the anchors stay whole."""
    cut = window.cut
    routed = whole.estimates
    return View(
        cut(whole.lightness, 1),
        [cut(level, CELL << index) for index, level in enumerate(whole.levels)],
        cut(whole.truth, FUSION_CELL),
        whole.anchors,
        routed._replace(
            ab=cut(routed.ab, FUSION_CELL),
            doubt=cut(routed.doubt, FUSION_CELL),
            change=cut(routed.change, FUSION_CELL),
            seen=cut(routed.seen, FUSION_CELL),
            places=cut(routed.places, CELL),
        ),
        whole.sources,
    )


def stacked(views: Sequence[View]) -> View:
    """Views of one size, with as many anchors and estimates each, as one batch."""

    def stack(parts: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(parts))

    first = views[0]
    return View(
        stack([one.lightness for one in views]),
        [stack([one.levels[i] for one in views]) for i in range(len(first.levels))],
        stack([one.truth for one in views]),
        [
            (
                [stack([one.anchors[a][0][i] for one in views]) for i in range(len(first.levels))],
                stack([one.anchors[a][1] for one in views]),
            )
            for a in range(len(first.anchors))
        ],
        Estimates(*(stack(parts) for parts in zip(*(one.estimates for one in views), strict=True))),
        first.sources,
    )


def turned(views: View, rng: np.random.Generator) -> View:
    """All colours of a batch turned to other hues, and stronger or weaker: which estimate is right stays."""
    angle, strength = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.6, 1.4)
    cosine, sine = strength * float(np.cos(angle)), strength * float(np.sin(angle))

    def turn(planes: Tensor, axis: int) -> Tensor:
        a, b = planes.unbind(axis)
        return torch.stack((cosine * a - sine * b, sine * a + cosine * b), axis)

    routed = views.estimates
    return replace(
        views,
        truth=turn(views.truth, 1),
        anchors=[(levels, torch.cat((lab[:, :1], turn(lab[:, 1:], 1)), 1)) for levels, lab in views.anchors],
        estimates=routed._replace(ab=turn(routed.ab, 2)),
    )
