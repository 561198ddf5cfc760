"""The reference path: a reference's colours onto neighbouring frames, each frame's chroma optimised against an encoder.

The variable is chroma alone, so the footage's lightness cannot change. It is the change of ab in coarse cells, which
fades smoothly from one to the next: chroma's edges are those of the colours that a frame starts from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .color import lightness_from_srgb
from .flow import measure_motion, motion_picture, motion_shape, warp
from .nets.vgg import Encoder
from .reference_losses import ReferenceLosses, small_planes, small_shape


@dataclass(frozen=True)
class TransferSettings:
    """size: the short side, in pixels, at which a frame is optimised. cell: of the change of chroma, in its pixels.
    steps: of Adam, for a frame that starts from its answer, and for one that goes on from its neighbour. rate: of
    Adam, in ab. style_weight: beside the content's 1. absolute_term: whether the content has its |F−P|₁."""

    size: int = 96
    cell: int = 4
    first_steps: int = 40
    next_steps: int = 8
    rate: float = 0.3
    style_weight: float = 3.0
    absolute_term: bool = True


class ReferenceTransfer:
    """One reference, encoded, ready to give its colours to frames. Deterministic on a CPU."""

    def __init__(self, encoder: Encoder, reference: np.ndarray, settings: TransferSettings | None = None) -> None:
        """reference: uint8 (H, W, 3) sRGB, in colour."""
        self._settings = settings or TransferSettings()
        self._losses = ReferenceLosses(
            encoder,
            reference,
            size=self._settings.size,
            style_weight=self._settings.style_weight,
            absolute_term=self._settings.absolute_term,
        )

    def color(self, lightness: np.ndarray, answer: np.ndarray, carried: np.ndarray | None = None) -> np.ndarray:
        """The frame's chroma with the reference's statistics: float32 (H, W, 2).

        lightness: float32 (H, W), L* 0..100. answer: float32 (H, W, 2), the chroma that the content is taken from.
        carried: float32 (H, W, 2), where the optimisation starts; the answer if there is none.
        """
        settings, start = self._settings, answer if carried is None else carried
        height, width = small_shape(*lightness.shape, settings.size)
        loss = self._losses.of_frame(*(small_planes(part, (height, width)) for part in (lightness, answer)))
        small_start = small_planes(start, (height, width))
        cells = torch.zeros(1, 2, -(-height // settings.cell), -(-width // settings.cell), requires_grad=True)
        optimizer = torch.optim.Adam([cells], lr=settings.rate, betas=(0.9, 0.99))
        steps = settings.first_steps if carried is None else settings.next_steps
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * (1.0 - step / steps)
            change = F.interpolate(cells, size=(height, width), mode="bilinear", align_corners=False)
            optimizer.zero_grad(set_to_none=True)
            loss(small_start + change).backward()
            optimizer.step()
        coarse = np.ascontiguousarray(np.moveaxis(cells[0].detach().numpy(), 0, -1))
        return start + cv2.resize(coarse, lightness.shape[::-1], interpolation=cv2.INTER_LINEAR)


def transfer_colors(
    frames: Iterable[np.ndarray],
    answers: Iterable[np.ndarray],
    transfer: ReferenceTransfer,
    *,
    before: tuple[np.ndarray, np.ndarray] | None = None,
) -> Iterator[np.ndarray]:
    """The chroma, float32 (H, W, 2), of neighbouring frames in the colours of a reference, one for one, in order.

    frames: uint8 or uint16 (H, W, 3) sRGB, of which only lightness counts. answers: float32 (H, W, 2) each, what a
    frame's colours would be without the reference. before: the frame before the first one and its chroma, if that
    is settled. Each frame starts from the one before, carried along the motion; where that cannot be trusted, and
    after a cut, from its answer.
    """
    settled = None if before is None else (_motion_picture(lightness_from_srgb(before[0])), before[1])
    for rgb, answer in zip(frames, answers, strict=True):
        lightness = lightness_from_srgb(rgb)
        picture = _motion_picture(lightness)
        carried = None if settled is None else carry(*settled, picture, answer)
        ab = transfer.color(lightness, answer, carried)
        settled = picture, ab
        yield ab


def carry(earlier: np.ndarray, ab: np.ndarray, later: np.ndarray, answer: np.ndarray) -> np.ndarray | None:
    """The earlier frame's chroma (H, W, 2) as the later one sees it, its answer where motion cannot be trusted.

    earlier, later: motion pictures. None across a cut.
    """
    motion = measure_motion(earlier, later)
    if motion.cut:
        return None
    height, width = ab.shape[:2]
    scale = np.array([width / earlier.shape[1], height / earlier.shape[0], 1.0], np.float32)
    flow = cv2.resize(motion.backward, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    trust = flow[..., 2:]
    return trust * warp(ab, np.ascontiguousarray(flow[..., :2])) + (1.0 - trust) * answer


def _motion_picture(lightness: np.ndarray) -> np.ndarray:
    return motion_picture(lightness, motion_shape(*lightness.shape[::-1]))
