"""Faces that no hint is on get a colour of skin, as a hint would give it: nobody's is grey, nor a sweater's blue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .face_finding import FoundFace
from .faces import is_skin
from .hint_kind import between, surprise_around
from .hint_things import of_things
from .seen_picture import SeenPicture

# The median ab of 36 faces in training photographs.
_SKIN = 15.0, 16.0
# What has skin's hue within the tangents of 14 and 22 degrees, and chroma from the first to the second on, stays.
_SKIN_TANGENT, _SKIN_CHROMA = (0.25, 0.4), (10.0, 16.0)
# A face's ellipse: half its width and height, and its middle right of and below that of a find, in widths of the find.
_HALVES, _MIDDLE = (0.4, 0.52), (0.0, 0.05)
# The same of what is told as a hint would: cheeks and nose.
_TOLD_HALVES, _TOLD_MIDDLE = (0.22, 0.09), (0.0, 0.08)
# The same of its mouth and its eyes.
_MOUTH = (0.28, 0.14), (0.0, 0.27)
_EYES = ((0.14, 0.13), (-0.2, -0.1)), ((0.14, 0.13), (0.2, -0.1))
# What a is from in lips, beside this times b; and what a or b is up to in eyes, and in no skin under any light.
_LIPS_A, _LIPS_OVER_B = 20.0, 1.4
_EYES_A, _EYES_B = -8.0, -4.0
# The share of a dot or a stroke that must be on them.
_INSIDE = 0.7
# So many times its ellipse is a face's in full, and from so many on nothing is: what walks find beyond is hair as often
# as a neck, and a bush behind children.
_NEAR, _FAR = 0.9, 1.7


class SkinHints(NamedTuple):
    """Of a picture padded to (H, W): hints (2, H, W), ab in Lab units, where mask (H, W), 0 or 1, holds. sureness
    (H, W): there, how surely there is a face that no hint tells of, 0..1. near (H, W): how near to a face each place
    is, 0..1. told: whether hints on other faces told their colour."""

    hints: Tensor
    mask: Tensor
    sureness: Tensor
    near: Tensor
    told: bool

    def needed(self, ab: Tensor) -> SkinHints | None:
        """Those on faces that have no colour of skin in an answer (2, h, w), without padding; None if all have. What
        another face's hint told is needed on all."""
        if self.told:
            return self
        height, width = ab.shape[1:]
        count, labels = cv2.connectedComponents(self.mask[:height, :width].numpy().astype(np.uint8))
        sureness = self.sureness.clone()
        for label in range(1, count):
            face = torch.from_numpy(labels == label)
            sureness[:height, :width][face] *= 1.0 - _likeness(ab[:, face].mean(1))
        mask = (sureness > 0).float()
        if not mask.any():
            return None
        return SkinHints(self.hints * mask, mask, sureness, self.near, self.told)


def on_features(faces: Sequence[FoundFace], hints: Tensor, mask: Tensor) -> Tensor:
    """Which hints are meant for a face's mouth or eyes alone: dots and strokes on these, in colours of lips, or of eyes
    that no skin has. hints (2, H, W), mask (H, W), of a picture without padding; bool (H, W)."""
    meant = torch.zeros_like(mask, dtype=torch.bool)
    if not faces or not mask.any():
        return meant
    a, b = hints
    lips = (mask > 0) & (a >= _LIPS_A) & (a >= _LIPS_OVER_B * b)
    eyes = (mask > 0) & ((a <= _EYES_A) | (b <= _EYES_B))
    for colored, features in ((lips, [_MOUTH]), (eyes, _EYES)):
        count, labels = cv2.connectedComponents(colored.numpy().astype(np.uint8))
        inside = torch.stack(
            [_distance(face, mask.shape[1], mask.shape, *feature) for face in faces for feature in features]
        )
        on_them = (inside.amin(0) <= 1.0).float()
        for label in range(1, count):
            hint = torch.from_numpy(labels == label)
            if on_them[hint].mean() > _INSIDE:
                meant |= hint
    return meant


def skin_hints(faces: Sequence[FoundFace], picture: SeenPicture, width: int) -> SkinHints | None:
    """Hints of skin on those faces that the picture's hints are not on; None where there are none. Where a hint on
    another face has a colour of skin, they have that. width: the picture's, in pixels, without padding."""
    _, hints, mask, _ = picture
    told, sureness, near = (torch.zeros_like(mask) for _ in range(3))
    of_others = []
    for face in faces:
        where = _distance(face, width, mask.shape, _HALVES, _MIDDLE)
        hinted = (where <= 1.0) & (mask > 0)
        if hinted.any():
            of_others.append(hints[:, hinted].mean(1))
            continue
        cheeks = _distance(face, width, mask.shape, _TOLD_HALVES, _TOLD_MIDDLE) <= 1.0
        cheeks[:, width:] = False
        told[cheeks] = 1.0
        sureness[cheeks] = face.sureness
        near = torch.maximum(near, ((_FAR - where) / (_FAR - _NEAR)).clamp(0.0, 1.0))
    if not told.any():
        return None
    skin = [color for color in of_others if is_skin(*color.numpy())]
    color = torch.stack(skin).mean(0) if skin else torch.tensor(_SKIN)
    return SkinHints(color[:, None, None] * told, told, sureness, near, bool(skin))


def with_skin_hints(picture: SeenPicture, skin: SkinHints) -> SeenPicture:
    """The picture with its own hints and those of skin."""
    hints = torch.where(picture.mask > 0, picture.hints, skin.hints)
    return SeenPicture(picture.lightness, hints, torch.maximum(picture.mask, skin.mask), None)


def skin_share(picture: SeenPicture, skin: SkinHints, told: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """How far each place is to have the colours that hints of skin give it: (H/2, W/2), 0..1.

    picture: with its own hints, (H, W). told: nets.two_tower.Colors.told of the hints of skin. before, after: ab
    without these and with them, (2, H/2, W/2).
    """
    alone = SeenPicture(picture.lightness, skin.hints, skin.mask, None)
    things = of_things(alone, picture.mask, told, before, after, 1.0)
    size = things.shape[0], things.shape[1]
    sureness = F.adaptive_max_pool2d(skin.sureness[None], (told.shape[0] // 2, told.shape[1] // 2))[0]
    sure = surprise_around(sureness, picture.lightness, skin.mask, size)
    return things * sure * F.adaptive_avg_pool2d(skin.near[None], size)[0]


def _likeness(color: Tensor) -> float:
    """How like skin ab is, by its hue and not too little chroma, 0..1."""
    a, b = color.tolist()
    length = math.hypot(*_SKIN)
    along, across = (a * _SKIN[0] + b * _SKIN[1]) / length, abs(a * _SKIN[1] - b * _SKIN[0]) / length
    return (1.0 - between(across / max(along, 1e-6), *_SKIN_TANGENT)) * between(along, *_SKIN_CHROMA)


def _distance(
    face: FoundFace, width: int, shape: tuple[int, ...], halves: tuple[float, float], middle: tuple[float, float]
) -> Tensor:
    """How far places of a plane are from a part of a face: (*shape), 1 at its ellipse's rim. width: of the picture."""
    across = face.width * width
    right, below = (torch.arange(shape[axis]) + 0.5 for axis in (1, 0))
    right = (right - face.x * width - middle[0] * across) / (halves[0] * across)
    below = (below - face.y * width - middle[1] * across) / (halves[1] * across)
    return torch.hypot(right, below[:, None])
