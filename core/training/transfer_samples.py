"""What the transfer network learns from: frames of clips with what the routes from their anchors bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..color import ab_from_srgb, lightness_from_srgb
from ..colorizer import Colorizer
from ..flow import motion_shape
from ..nets.fusion import FUSION_CELL
from ..strip_motion import StripMotion
from ..transfer import Anchor, brought
from ..transfer_network import cells, padded, pooled
from ..transfer_paths import AnchorPaths
from .crops import random_crop
from .film_looks import film_look
from .moving_scenes import moving_scene

_SIDE = 256
_SCENE_FRAMES = 7
# Routes of one anchor.
_ROUTES = 2


@dataclass(frozen=True)
class TransferSample:
    """A frame and its anchors, none or two of them with routes, the earlier one first; float16.

    lightness (1, H, W). truth, unaided (2, h, w): its true ab, and the colorizer's own answer without help. anchors
    (A, 1, H, W) L* and (A, 3, n) their cells' colours. estimates: nets.fusion.Estimates without their batch.
    """

    lightness: Tensor
    truth: Tensor
    unaided: Tensor
    anchor_lightness: Tensor
    anchor_lab: Tensor
    estimates: tuple[Tensor, ...]

    @property
    def routed(self) -> bool:
        return len(self.estimates[0]) > 0


def clip_samples(
    frames: Sequence[np.ndarray], aged: bool, spacing: int, colorizer: Colorizer, rng: np.random.Generator
) -> Iterator[TransferSample]:
    """Samples of one clip in colour, uint8 (H, W, 3), anchored at its ends. aged: its lightness as on old film.

    spacing: frames from one sample to the next.
    """
    height, width = frames[0].shape[:2]
    scale = min(1.0, _SIDE / min(height, width))
    shape = (round(height * scale), round(width * scale))
    lightness = [lightness_from_srgb(frame) for frame in frames]
    if aged:
        lightness = _aged(lightness, rng)
    motion = StripMotion(_Nothing(), motion_shape(width, height))
    for number, plane in enumerate(lightness):
        motion.see(number, plane)
    ends = (0, len(frames) - 1)
    anchors = [Anchor(_small(lightness[end], shape), _small(ab_from_srgb(frames[end]), shape)) for end in ends]
    paths = [AnchorPaths(motion, end) for end in ends]
    for number in range(1, len(frames) - 1):
        arrivals = [path.at(number) for path in paths]
        if number % spacing or any(arrival is None for arrival in arrivals):
            continue
        estimates = []
        for anchor, arrival, end in zip(anchors, arrivals, ends, strict=True):
            assert arrival is not None
            estimates += brought(anchor, arrival, shape, abs(number - end))
        yield _sample(_small(lightness[number], shape), _small(ab_from_srgb(frames[number]), shape), anchors,
                      estimates, colorizer)  # fmt: skip


def scene_samples(
    pictures: list[np.ndarray], count: int, colorizer: Colorizer, rng: np.random.Generator
) -> Iterator[TransferSample]:
    """Samples of moving scenes made of photographs, half of them aged."""
    for _ in range(count):
        frames = moving_scene(pictures, _SCENE_FRAMES, _SIDE, rng)
        yield from clip_samples(frames, bool(rng.random() < 0.5), _SCENE_FRAMES // 2, colorizer, rng)


def still_samples(
    pictures: list[np.ndarray], count: int, colorizer: Colorizer, rng: np.random.Generator
) -> Iterator[TransferSample]:
    """Two crops of one photograph, one aged at times: likeness without motion."""
    for _ in range(count):
        picture = pictures[rng.integers(len(pictures))]
        frame, other = (random_crop(picture, _SIDE, rng) for _ in range(2))
        lightness = film_look(frame, rng) if rng.random() < 0.5 else lightness_from_srgb(frame)
        anchor = Anchor(lightness_from_srgb(other), ab_from_srgb(other))
        yield _sample(lightness, ab_from_srgb(frame), [anchor], [], colorizer)


def _sample(
    lightness: np.ndarray, ab: np.ndarray, anchors: list[Anchor], estimates: list, colorizer: Colorizer
) -> TransferSample:
    planes = padded(lightness[..., None])
    nothing = np.zeros(lightness.shape, bool)
    unaided = colorizer.predict(lightness, np.zeros_like(ab), nothing)
    anchor_lab = torch.stack([padded(np.dstack((one.lightness, one.ab))) for one in anchors])
    return TransferSample(
        planes.half(),
        F.avg_pool2d(padded(ab), FUSION_CELL).half(),
        F.avg_pool2d(padded(unaided), FUSION_CELL).half(),
        anchor_lab[:, :1].half(),
        cells(anchor_lab).half(),
        tuple(part.half() for part in pooled(estimates, planes.shape[-2:])),
    )


def _small(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)


def _aged(lightness: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """One contrast for the whole clip; a little flicker, and grain of its own on every frame."""
    black, white, gamma = rng.uniform(0.0, 15.0), rng.uniform(85.0, 100.0), rng.uniform(0.8, 1.25)
    grain, flicker = rng.uniform(0.5, 4.0), rng.uniform(0.0, 1.5)
    aged = []
    for plane in lightness:
        noise = cv2.GaussianBlur(rng.standard_normal(plane.shape, dtype=np.float32), (0, 0), 0.7)
        tone = black + (white - black) * np.clip(plane / 100.0, 0.0, 1.0) ** gamma + rng.normal(0.0, flicker)
        aged.append(np.clip(tone + noise * (grain / float(noise.std())), 0.0, 100.0).astype(np.float32))
    return aged


class _Nothing:
    """Footage that is never read: every frame of it was seen before."""

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        return iter(())
