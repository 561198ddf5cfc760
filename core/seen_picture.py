"""A picture as the colorizer's networks see it: planes at working size, padded to a size that they take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .nets.two_tower import SIZE_MULTIPLE


class SeenPicture(NamedTuple):
    """lightness (h, w), L* 0..100. hints (2, h, w), ab in Lab units. mask (h, w): how much they count, 0 to 1. brought:
    colours of other pictures, (2, h, w), with their confidence, (1, h, w), 0..1. h and w are multiples of
    SIZE_MULTIPLE."""

    lightness: Tensor
    hints: Tensor
    mask: Tensor
    brought: tuple[Tensor, Tensor] | None

    def unaided(self) -> SeenPicture:
        """The same without hints, and with nothing brought."""
        return SeenPicture(self.lightness, torch.zeros_like(self.hints), torch.zeros_like(self.mask), None)


def padded(lightness: Tensor, hints: Tensor, mask: Tensor, brought: tuple[Tensor, Tensor] | None = None) -> SeenPicture:
    """A picture of any size, padded at the right and at the bottom."""
    padding = padding_of(lightness)
    if brought is not None:
        brought = F.pad(brought[0], padding), F.pad(brought[1], padding)
    return SeenPicture(pad_edge(lightness, padding), F.pad(hints, padding), F.pad(mask, padding), brought)


def padding_of(plane: Tensor) -> tuple[int, int, int, int]:
    """What pads a plane (h, w) to the networks' size, as torch.nn.functional.pad takes it."""
    height, width = plane.shape
    return 0, -width % SIZE_MULTIPLE, 0, -height % SIZE_MULTIPLE


def pad_edge(plane: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    """The plane (h, w) with its edges repeated."""
    return F.pad(plane[None, None], padding, mode="replicate")[0, 0]


def planes_of(lightness: np.ndarray, hint_ab: np.ndarray, hint_mask: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """lightness (H, W), hints (2, H, W), 0 outside the mask, and the mask (H, W), 0 or 1; of arrays as
    `colorizer.Colorizer.predict` takes them."""
    hinted = np.where(hint_mask, np.moveaxis(hint_ab, -1, 0), 0.0).astype(np.float32)
    planes = (lightness, hinted, hint_mask)
    full, hints, mask = (torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32)) for plane in planes)
    return full, hints, mask


def check_planes(lightness: np.ndarray, hint_ab: np.ndarray, hint_mask: np.ndarray) -> None:
    """Raises ValueError for arrays of which `planes_of` can make nothing: of wrong shapes, or not finite."""
    if lightness.ndim != 2 or 0 in lightness.shape:
        raise ValueError(f"lightness has the shape {lightness.shape}, and must be (H, W)")
    if hint_ab.shape != (*lightness.shape, 2) or hint_mask.shape != lightness.shape:
        raise ValueError(
            f"hint_ab {hint_ab.shape} and hint_mask {hint_mask.shape} do not fit lightness {lightness.shape}"
        )
    if not (np.isfinite(lightness).all() and np.isfinite(hint_ab[hint_mask]).all()):
        raise ValueError("lightness and hints must be finite")


def at_working_size(lightness: Tensor, hints: Tensor, mask: Tensor, short_side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The planes of `planes_of`, made smaller if their short side is more than that many pixels."""
    height, width = lightness.shape
    shrink = short_side / min(height, width)
    if shrink >= 1.0:
        return lightness, hints, mask
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    weight = F.adaptive_avg_pool2d(mask[None], size)
    small_hints = F.adaptive_avg_pool2d(hints, size) / weight.clamp(min=1e-6)
    return F.adaptive_avg_pool2d(lightness[None], size)[0], small_hints, (weight[0] > 0).float()
