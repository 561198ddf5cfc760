"""What the transfer network learns from: frames of clips with what the routes from their anchors bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..color import ab_from_srgb, lightness_from_srgb
from ..errors import InputError
from ..flow import motion_shape
from ..nets.fusion import FUSION_CELL, Estimates
from ..nets.similarity import Descriptor
from ..nets.two_tower import TwoTower
from ..nets.weights_file import read_weights
from ..shading import log_chroma_room
from ..strip_motion import StripMotion
from ..transfer import Anchor, brought
from ..transfer_network import Estimate, cells, padded, pooled
from ..transfer_paths import ROUTES, AnchorPaths
from .crops import random_crop
from .film_looks import film_look
from .moving_scenes import moving_scene

_SIDE = 256
_SCENE_FRAMES = 28
_SCENE_SPACING = 6
# Of a clip a stretch is so much at least; and its samples, at least so many frames apart.
_STRETCH_LENGTH, _STRETCH_SAMPLES, _STRETCH_SPACING = 0.3, 7, 3
# So many stretches are twice as fast, are aged, are seen closer; these show so much of the picture's width.
_FAST_SHARE, _AGED_SHARE, _CLOSER_SHARE, _CLOSER = 0.4, 0.4, 0.4, (0.6, 0.9)

# An anchor: the levels that its descriptor saw, and its cells' colours, (3, n).
Seen = tuple[list[Tensor], Tensor]


@dataclass(frozen=True)
class TransferSample:
    """A frame and its anchors, none or two of them with routes, the earlier one first; float16.

    lightness (1, H, W). levels: of its descriptor. truth (2, h, w): its true ab. estimates: as
    transfer_network.pooled gives them, of each anchor as many as ROUTES.
    """

    lightness: Tensor
    levels: list[Tensor]
    truth: Tensor
    anchors: list[Seen]
    estimates: Estimates

    @property
    def routed(self) -> bool:
        return len(self.estimates.ab) > 0


@dataclass(frozen=True)
class SamplePair:
    """Two frames, one after the other. step: the motion to the later one, float16 (3, h, w) of FUSION_CELL: x and y in
    cells, and how far it can be trusted, 0..1."""

    earlier: TransferSample
    later: TransferSample
    step: Tensor


class SampleMaker:
    """Makes samples; the descriptor's tower sees, and does not learn."""

    def __init__(self, descriptor: Descriptor, rng: np.random.Generator) -> None:
        self._descriptor, self._rng = descriptor.eval(), rng

    def of_clip(self, frames: Sequence[np.ndarray], aged: bool, spacing: int) -> Iterator[TransferSample]:
        """Samples of one clip in colour, uint8 (H, W, 3), anchored at its ends. aged: its lightness as on old film.

        spacing: frames from one sample to the next.
        """
        clip = _Clip(frames, _aged(frames, self._rng) if aged else [lightness_from_srgb(frame) for frame in frames])
        seen = [self._seen(anchor) for anchor in clip.anchors]
        for number in range(spacing, len(frames) - 1, spacing):
            yield from self._of_frame(clip, number, seen)

    def of_stretches(self, frames: Sequence[np.ndarray], count: int) -> Iterator[TransferSample]:
        """Samples of so many stretches of a clip, each anchored at its own ends; some of them aged: few clips, but many
        anchors."""
        for _ in range(count):
            stretch = _stretch(frames, self._rng)
            spacing = max(_STRETCH_SPACING, len(stretch) // _STRETCH_SAMPLES)
            yield from self.of_clip(stretch, bool(self._rng.random() < _AGED_SHARE), spacing)

    def pairs_of_clip(self, frames: Sequence[np.ndarray], aged: bool, spacing: int) -> Iterator[SamplePair]:
        """The same, each with the frame after it and the motion from it to that one."""
        clip = _Clip(frames, _aged(frames, self._rng) if aged else [lightness_from_srgb(frame) for frame in frames])
        seen = [self._seen(anchor) for anchor in clip.anchors]
        for number in range(spacing, len(frames) - 2, spacing):
            found = [sample for one in (number, number + 1) for sample in self._of_frame(clip, one, seen)]
            if len(found) == 2:
                yield SamplePair(found[0], found[1], clip.step(number).half())

    def _of_frame(self, clip: _Clip, number: int, seen: list[Seen]) -> Iterator[TransferSample]:
        estimates = clip.estimates(number)
        if len(estimates) == len(seen) * len(ROUTES):
            yield self._sample(clip.small(clip.lightness[number]), clip.ab(number), seen, estimates)

    def of_scenes(self, pictures: list[np.ndarray], count: int) -> Iterator[TransferSample]:
        """Samples of moving scenes made of photographs, half of them aged."""
        for _ in range(count):
            frames = moving_scene(pictures, _SCENE_FRAMES, _SIDE, self._rng)
            yield from self.of_clip(frames, bool(self._rng.random() < 0.5), _SCENE_SPACING)

    def pairs_of_scenes(self, pictures: list[np.ndarray], count: int) -> Iterator[SamplePair]:
        """Pairs of so many moving scenes, half of them aged."""
        for _ in range(count):
            frames = moving_scene(pictures, _SCENE_FRAMES, _SIDE, self._rng)
            yield from self.pairs_of_clip(frames, bool(self._rng.random() < 0.5), _SCENE_SPACING)

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
        return TransferSample(
            planes.half(),
            self._levels(planes),
            F.avg_pool2d(padded(ab), FUSION_CELL).half(),
            anchors,
            Estimates(*(part.half() for part in pooled(estimates, planes.shape[-2:]))),
        )

    def _seen(self, anchor: Anchor) -> Seen:
        planes = padded(np.dstack((anchor.lightness, anchor.ab)))
        return self._levels(planes[:1]), cells(planes[None])[0].half()

    @torch.no_grad()
    def _levels(self, planes: Tensor) -> list[Tensor]:
        return [level[0].half() for level in self._descriptor.levels(planes[None])]


def load_descriptor(path: Path) -> Descriptor:
    """The descriptor of a transfer network's weights, of this release's or of one whose fusion was another."""
    part, descriptor = "descriptor.", Descriptor()
    weights = read_weights(path, "transfer")
    own = {name.removeprefix(part): value for name, value in weights.items() if name.startswith(part)}
    try:
        descriptor.load_state_dict(own)
    except RuntimeError as error:
        raise InputError("bad-weights", f"The weights {path} hold no descriptor of this release.") from error
    return descriptor


def colorizer_descriptor(colorizer: TwoTower) -> Descriptor:
    """A descriptor whose tower is a colorizer's, and whose heads know nothing yet."""
    descriptor = Descriptor()
    tower = colorizer.state_dict()
    own = descriptor.state_dict()
    descriptor.load_state_dict({name: tower.get(name, value) for name, value in own.items()})
    return descriptor


class _Clip:
    """A colour clip with routes to its ends."""

    def __init__(self, frames: Sequence[np.ndarray], lightness: list[np.ndarray]) -> None:
        height, width = frames[0].shape[:2]
        scale = min(1.0, _SIDE / min(height, width))
        self._shape = (round(height * scale), round(width * scale))
        self._frames, self.lightness = frames, lightness
        self._motion = StripMotion(_Nothing(), motion_shape(width, height))
        for number, plane in enumerate(lightness):
            self._motion.see(number, plane)
        self._ends = (0, len(frames) - 1)
        self.anchors = [Anchor(self.small(lightness[end]), self.ab(end)) for end in self._ends]
        self._paths = [AnchorPaths(self._motion, end) for end in self._ends]

    def small(self, picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_AREA)

    def ab(self, number: int) -> np.ndarray:
        return self.small(ab_from_srgb(self._frames[number]))

    def estimates(self, number: int) -> list[Estimate]:
        found = []
        room = log_chroma_room(self.small(self.lightness[number]))
        for anchor, path, end in zip(self.anchors, self._paths, self._ends, strict=True):
            arrival = path.at(number)
            if arrival is not None:
                # The trainer describes the anchors as it learns to.
                found += brought(anchor, arrival, room, abs(number - end), torch.empty(0))
        return found

    def step(self, number: int) -> Tensor:
        """The motion to the next frame: (3, h, w) of FUSION_CELL, x and y in cells, and trust."""
        forward = self._motion.between(number).forward
        scale = self._shape[1] / forward.shape[1]
        moved = padded(self.small(forward * np.array([scale, scale, 1.0], np.float32)))
        return F.avg_pool2d(moved, FUSION_CELL) / torch.tensor([FUSION_CELL, FUSION_CELL, 1.0]).view(3, 1, 1)


def _stretch(frames: Sequence[np.ndarray], rng: np.random.Generator) -> Sequence[np.ndarray]:
    """A stretch of a clip, at its own speed or twice as fast; some are seen closer."""
    length = int(rng.uniform(_STRETCH_LENGTH, 1.0) * len(frames))
    start = int(rng.integers(0, len(frames) - length + 1))
    stretch = frames[start : start + length : 2 if rng.random() < _FAST_SHARE else 1]
    if rng.random() >= _CLOSER_SHARE:
        return stretch
    height, width = frames[0].shape[:2]
    shown = rng.uniform(*_CLOSER)
    rows, columns = int(height * shown), int(width * shown)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    parts = (frame[top : top + rows, left : left + columns] for frame in stretch)
    return [cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in parts]


def _aged(frames: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Lightness as on old film: one contrast for the whole clip, a little flicker, grain of its own on each frame."""
    black, white, gamma = rng.uniform(0.0, 15.0), rng.uniform(85.0, 100.0), rng.uniform(0.8, 1.25)
    grain, flicker = rng.uniform(0.5, 4.0), rng.uniform(0.0, 1.5)
    aged = []
    for frame in frames:
        plane = lightness_from_srgb(frame)
        noise = cv2.GaussianBlur(rng.standard_normal(plane.shape, dtype=np.float32), (0, 0), 0.7)
        tone = black + (white - black) * np.clip(plane / 100.0, 0.0, 1.0) ** gamma + rng.normal(0.0, flicker)
        aged.append(np.clip(tone + noise * (grain / float(noise.std())), 0.0, 100.0).astype(np.float32))
    return aged


class _Nothing:
    """Footage that is never read: every frame of it was seen before."""

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        return iter(())
