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
from ..nets.similarity import Descriptor
from ..nets.two_tower import TwoTower
from ..strip_motion import StripMotion
from ..transfer import Anchor, brought
from ..transfer_network import Estimate, cells, padded, pooled
from ..transfer_paths import AnchorPaths
from .crops import random_crop
from .film_looks import film_look
from .moving_scenes import moving_scene

_SIDE = 256
_SCENE_FRAMES = 7
# Routes of one anchor.
_ROUTES = 2


# An anchor: the levels that its descriptor saw, and its cells' colours, (3, n).
Seen = tuple[list[Tensor], Tensor]


@dataclass(frozen=True)
class TransferSample:
    """A frame and its anchors, none or two of them with routes, the earlier one first; float16.

    lightness (1, H, W). levels: of its descriptor. truth, unaided (2, h, w): its true ab, and the colorizer's own
    answer without help. estimates: nets.fusion.Estimates without their batch.
    """

    lightness: Tensor
    levels: list[Tensor]
    truth: Tensor
    unaided: Tensor
    anchors: list[Seen]
    estimates: tuple[Tensor, ...]

    @property
    def routed(self) -> bool:
        return len(self.estimates[0]) > 0


class SampleMaker:
    """Makes samples; the colorizer gives its unaided answers; the descriptor's tower sees, and does not learn."""

    def __init__(self, colorizer: Colorizer, descriptor: Descriptor, rng: np.random.Generator) -> None:
        self._colorizer, self._rng = colorizer, rng
        self._descriptor = descriptor.eval()

    def of_clip(self, frames: Sequence[np.ndarray], aged: bool, spacing: int) -> Iterator[TransferSample]:
        """Samples of one clip in colour, uint8 (H, W, 3), anchored at its ends. aged: its lightness as on old film.

        spacing: frames from one sample to the next.
        """
        height, width = frames[0].shape[:2]
        scale = min(1.0, _SIDE / min(height, width))
        shape = (round(height * scale), round(width * scale))
        lightness = [lightness_from_srgb(frame) for frame in frames]
        if aged:
            lightness = _aged(lightness, self._rng)
        motion = StripMotion(_Nothing(), motion_shape(width, height))
        for number, plane in enumerate(lightness):
            motion.see(number, plane)
        ends = (0, len(frames) - 1)
        anchors = [Anchor(_small(lightness[end], shape), _small(ab_from_srgb(frames[end]), shape)) for end in ends]
        seen = [self._seen(anchor) for anchor in anchors]
        paths = [AnchorPaths(motion, end) for end in ends]
        for number in range(spacing, len(frames) - 1, spacing):
            estimates = []
            for anchor, path, end in zip(anchors, paths, ends, strict=True):
                arrival = path.at(number)
                if arrival is not None:
                    estimates += brought(anchor, arrival, shape, abs(number - end))
            if len(estimates) == len(ends) * _ROUTES:
                ab = _small(ab_from_srgb(frames[number]), shape)
                yield self._sample(_small(lightness[number], shape), ab, seen, estimates)

    def of_scenes(self, pictures: list[np.ndarray], count: int) -> Iterator[TransferSample]:
        """Samples of moving scenes made of photographs, half of them aged."""
        for _ in range(count):
            frames = moving_scene(pictures, _SCENE_FRAMES, _SIDE, self._rng)
            yield from self.of_clip(frames, bool(self._rng.random() < 0.5), _SCENE_FRAMES // 2)

    def of_stills(self, pictures: list[np.ndarray], count: int) -> Iterator[TransferSample]:
        """Two crops of one photograph, one aged at times: likeness without motion."""
        for _ in range(count):
            picture = pictures[self._rng.integers(len(pictures))]
            frame, other = (random_crop(picture, _SIDE, self._rng) for _ in range(2))
            lightness = film_look(frame, self._rng) if self._rng.random() < 0.5 else lightness_from_srgb(frame)
            anchor = self._seen(Anchor(lightness_from_srgb(other), ab_from_srgb(other)))
            yield self._sample(lightness, ab_from_srgb(frame), [anchor], [])

    def _sample(
        self, lightness: np.ndarray, ab: np.ndarray, anchors: list[Seen], estimates: list[Estimate]
    ) -> TransferSample:
        planes = padded(lightness[..., None])
        unaided = self._colorizer.predict(lightness, np.zeros_like(ab), np.zeros(lightness.shape, bool))
        return TransferSample(
            planes.half(),
            self._levels(planes),
            F.avg_pool2d(padded(ab), FUSION_CELL).half(),
            F.avg_pool2d(padded(unaided), FUSION_CELL).half(),
            anchors,
            tuple(part.half() for part in pooled(estimates, planes.shape[-2:])),
        )

    def _seen(self, anchor: Anchor) -> Seen:
        planes = padded(np.dstack((anchor.lightness, anchor.ab)))
        return self._levels(planes[:1]), cells(planes[None])[0].half()

    @torch.no_grad()
    def _levels(self, planes: Tensor) -> list[Tensor]:
        return [level[0].half() for level in self._descriptor.levels(planes[None])]


def colorizer_descriptor(colorizer: TwoTower) -> Descriptor:
    """A descriptor whose tower is a colorizer's, and whose heads know nothing yet."""
    descriptor = Descriptor()
    tower = colorizer.state_dict()
    own = descriptor.state_dict()
    descriptor.load_state_dict({name: tower.get(name, value) for name, value in own.items()})
    return descriptor


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
