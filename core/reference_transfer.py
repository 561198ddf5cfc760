"""The reference path: a reference's colours onto neighbouring frames, each frame's chroma optimised against an encoder.

The variable is chroma alone, so the footage's lightness cannot change: a smooth map of the colours that a frame starts
from, so that chroma's edges stay where those have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from .color import lightness_from_srgb
from .color_map import change, change_of_picture, fit_map
from .flow import measure_motion, motion_picture, motion_shape, warp
from .nets.vgg import Encoder
from .reference_losses import ReferenceLosses, small_planes, small_shape


@dataclass(frozen=True)
class TransferSettings:
    """size: the short side, in pixels, at which a frame is optimised. steps: of Adam, for a frame that starts from its
    answer, and for one that goes on from its neighbour. rate: of Adam, in ab. style_weight: beside the content's 1.
    absolute_term: whether the content has its |F−P|₁."""

    size: int = 96
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
        shape = small_shape(answer.shape, settings.size)
        light, small_answer, small_start = (small_planes(part, shape) for part in (lightness, answer, start))
        loss = self._losses.of_frame(light, small_answer)
        coefficients = fit_map(
            lambda trial: loss(small_start + change(light, small_start, trial)).backward(),
            steps=settings.first_steps if carried is None else settings.next_steps,
            rate=settings.rate,
        )
        return start + change_of_picture(lightness, start, coefficients)


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
