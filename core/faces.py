"""Hints on faces: what one in a colour of skin says of skin it says of no wall."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .face_windows import window
from .nets.face import FaceNet

# Spans of windows, as parts of a picture's short side: from a face of a twentieth of it to one that fills it.
_SPANS = 0.1 * 1.25 ** np.arange(15)
# What the neighbouring sizes say counts by half: a face is one at more than one of them.
_OVER_SIZES = (0.25, 0.5, 0.25)
# Logits from where a hint may be on a face to where it is.
_MAYBE, _SURELY = 0.0, 1.0
# The most places of one hint that are looked at.
_PLACES = 3
# Chroma, and degrees of hue, of skin: of 124 faces in photographs, found by hand, all but a few. Whatever else somebody
# gives a face surprises.
_SKIN_CHROMA, _SKIN_HUE = (8.0, 50.0), (10.0, 78.0)


class Faces:
    """The face network on a device, asked of hints."""

    def __init__(self, network: FaceNet, device: str) -> None:
        self.device, self._network = device, network.eval().to(device)
        # torch's stubs do not know Module.to's memory_format.
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def hinted(self, lightness: Tensor, hints: Tensor, mask: Tensor) -> Tensor:
        """How surely each hint is one of skin on a face: (H, W), 0..1, one value a dot or stroke, and 0 where none is.

        lightness: (H, W), L* 0..100. hints (2, H, W), mask (H, W): above 0 where they hold.
        """
        on_faces = torch.zeros_like(mask)
        skin = (mask > 0).numpy() & is_skin(*hints.numpy())
        count, of_skin = cv2.connectedComponents(skin.astype(np.uint8))
        picture = np.ascontiguousarray(lightness.numpy())
        for number in range(1, count):
            hint = of_skin == number
            on_faces[torch.from_numpy(hint)] = self._on_face(picture, _places(hint))
        return on_faces

    @torch.inference_mode()
    def logits(self, picture: np.ndarray, places: Sequence[tuple[float, float]], spans: Sequence[float]) -> Tensor:
        """What the network says of windows of a picture, float32 (H, W), and of their mirror images: (places, spans).

        places: x and y of the windows' middles, in pixels. spans: pixels to their sides, at each of the places.
        """
        windows = np.stack([window(picture, place, span) for place in places for span in spans])
        seen = torch.from_numpy(windows)[:, None].to(self.device)
        return 0.5 * (self._network(seen) + self._network(seen.flip(-1))).cpu().view(len(places), -1)

    def _on_face(self, picture: np.ndarray, places: Sequence[tuple[float, float]]) -> float:
        """How surely half of the places, x and y, are on a face: 0..1."""
        logits = self.logits(picture, places, list(min(picture.shape) * _SPANS))[:, None]
        logits = F.conv1d(F.pad(logits, (1, 1), mode="replicate"), torch.tensor(_OVER_SIZES)[None, None])
        told = float(logits.amax((1, 2)).median())
        return min(1.0, max(0.0, (told - _MAYBE) / (_SURELY - _MAYBE)))


def is_skin(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether chroma in Lab units is one that skin has: bool, of the shape given."""
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a))
    (least, most), (reddest, yellowest) = _SKIN_CHROMA, _SKIN_HUE
    return (least < chroma) & (chroma < most) & (reddest < hue) & (hue < yellowest)


def _places(hint: np.ndarray) -> list[tuple[float, float]]:
    """Some places, x and y, all along a hint, bool (H, W)."""
    rows, columns = np.nonzero(hint)
    order = np.argsort(columns if np.ptp(columns) > np.ptp(rows) else rows, kind="stable")
    count = min(_PLACES, len(order))
    chosen = order[np.linspace(0, len(order) - 1, 2 * count + 1).round().astype(int)[1::2]]
    return list(zip(columns[chosen].tolist(), rows[chosen].tolist(), strict=True))
