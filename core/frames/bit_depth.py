"""Pictures of 8 and of 16 bits a channel, each as the other."""

from __future__ import annotations

import numpy as np


def as_dtype(rgb: np.ndarray, dtype: type | np.dtype) -> np.ndarray:
    """The picture, uint8 or uint16 of any shape, as the other of them, rounded; itself if it is of that dtype."""
    if rgb.dtype == dtype:
        return rgb
    if dtype == np.uint16:
        return rgb.astype(np.uint16) * np.uint16(257)
    return ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)
