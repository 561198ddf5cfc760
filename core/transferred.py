"""Colours brought to a picture from others, as the colorizer takes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


class Transferred(NamedTuple):
    """Colours brought from other pictures, dense and not always right.

    ab: float32 (H, W, 2). confidence: float32 (H, W), 0 (the colorizer's own answer counts) to 1. leads: bool (H, W),
    where they spread as hints do, without being imposed; None: nowhere. detail: float32 (h, w, 2), what they have
    beyond the picture's size, larger, for whoever enlarges the answer; None: nothing.
    """

    ab: np.ndarray
    confidence: np.ndarray
    leads: np.ndarray | None = None
    detail: np.ndarray | None = None

    def check(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError for what does not fit a picture of that shape, (H, W), or its ranges."""
        ab, confidence, leads, _ = self
        if ab.shape != (*shape, 2) or confidence.shape != shape:
            raise ValueError(
                f"transferred ab {ab.shape} and confidence {confidence.shape} do not fit lightness {shape}"
            )
        if leads is not None and (leads.shape != shape or leads.dtype != bool):
            raise ValueError(f"leads is {leads.dtype} {leads.shape}, and must be bool {shape}")
        if not (np.isfinite(ab).all() and confidence.min() >= 0.0 and confidence.max() <= 1.0):
            raise ValueError("transferred ab must be finite, and its confidence 0 to 1")

    def planes_at(self, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """ab (2, h, w), weighted by confidence, confidence (1, h, w), and leads (h, w), 0 or 1, of another size."""
        confidence = torch.from_numpy(np.ascontiguousarray(self.confidence, dtype=np.float32))[None]
        ab = torch.from_numpy(np.ascontiguousarray(np.moveaxis(self.ab, -1, 0), dtype=np.float32))
        leads = torch.zeros_like(confidence)
        if self.leads is not None:
            leads = torch.from_numpy(self.leads.astype(np.float32))[None]
        if confidence.shape[1:] == size:
            return ab, confidence, leads[0]
        small = F.adaptive_avg_pool2d(confidence, size)
        leads = (F.adaptive_avg_pool2d(leads, size)[0] > 0).float()
        return F.adaptive_avg_pool2d(ab * confidence, size) / small.clamp(min=1e-6), small, leads
