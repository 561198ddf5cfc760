"""What a picture's chroma has beyond working size: of references it is carried to other frames, so that their colours
end as sharply there."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from .chroma import upsample_chroma
from .chroma_noise import power_around
from .flow import resized_flow, warp

# The short side, in pixels, to which detail goes: twice the motion size, as routes are no surer.
DETAIL_SIZE = 512
# ab: where detail is no stronger than this it is mostly noise, and half of it or less is kept. On four clips 1.5 to 3
# are the same; with all of it, film's grain and coding lose 0.05 dB where there is nothing else.
_NOISE = 2.0
# Pixels across which the strength of detail is measured.
_NEIGHBOURHOOD = 5


class Chroma(NamedTuple):
    """A frame's chroma. ab: float32 (h, w, 2) at working size. detail: float32 (h', w', 2), ab to add once that is at
    detail size; None where nothing finer is known. sureness: float32 (h, w), 0..1, how far they are to be believed
    beside other frames' colours; None where all are as sure."""

    ab: np.ndarray
    detail: np.ndarray | None = None
    sureness: np.ndarray | None = None


class CarriedDetail(NamedTuple):
    """Detail of another frame and the way to it. detail: float32 (h', w', 2). flow: float32 (h, w, 2), from the frame
    to the other one, in pixels of its own size."""

    detail: np.ndarray
    flow: np.ndarray

    def arrived(self) -> np.ndarray:
        """The detail as the frame sees it, float32 (h', w', 2)."""
        return warp(self.detail, resized_flow(self.flow, self.detail.shape[:2]))


def chroma_detail(fine_ab: np.ndarray, lightness: np.ndarray, ab: np.ndarray) -> np.ndarray | None:
    """A picture's chroma less what its own small picture gives again, without its noise: float32 (h', w', 2).

    fine_ab: float32 (h', w', 2), at detail size. lightness: float32 (h', w'), L*. ab: float32 (h, w, 2), at working
    size. None where the two are of one size.
    """
    if fine_ab.shape == ab.shape:
        return None
    detail = fine_ab - upsample_chroma(ab, lightness)
    power = power_around(detail, _NEIGHBOURHOOD)
    # Wiener's filter, the noise's power known.
    return detail * (power / (power + _NOISE**2))[..., None]


def with_detail(chroma: Chroma, lightness: np.ndarray) -> np.ndarray:
    """The chroma at full size: float32 (H, W, 2). lightness: float32 (H, W), L*, of the full-size picture."""
    ab = chroma.ab
    if chroma.detail is not None:
        height, width = chroma.detail.shape[:2]
        smaller = cv2.resize(lightness, (width, height), interpolation=cv2.INTER_AREA)
        ab = upsample_chroma(ab, smaller) + chroma.detail
    return upsample_chroma(ab, lightness)
