"""Figures of merit of a clip's colours over time. Frames are uint8 (H, W, 3) sRGB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb
from ..flow import MAX_RETURN_ERROR, motion_picture, return_error, warp
from .clip_baselines import dis_flow

CDC_DISTANCES = (1, 2, 4)

# Per pair of neighbouring frames: the flow to the later one (H, W, 2), and where it leads back: bool (H, W).
TrueMotion = list[tuple[np.ndarray, np.ndarray]]


def distribution_consistency(frames: Sequence[np.ndarray]) -> float:
    """Colour distribution consistency (CDC), 0 for colours that never change.

    Liu et al. 2021, "Temporally consistent video colorization with deep feature propagation and self-regularization
    learning" (TCVC): the Jensen-Shannon divergence, in nats, of the histograms (256 bins) of a
    channel in two frames, mean over R, G, B and over all pairs of frames at a distance; mean over the distances
    1, 2 and 4 (as far as the clip has them). A clip's own motion has a CDC too: compare with the truth's.
    """
    histograms = np.stack([_channel_histograms(frame) for frame in frames])
    per_distance = [
        _divergence(histograms[:-distance], histograms[distance:]).mean()
        for distance in CDC_DISTANCES
        if distance < len(frames)
    ]
    return float(np.mean(per_distance))


def true_motion(truth: Sequence[np.ndarray]) -> TrueMotion:
    """The motion of a clip's true frames, at their own size, by DIS both ways."""
    pictures = [motion_picture(lightness_from_srgb(frame), frame.shape[:2]) for frame in truth]
    motion = []
    for earlier, later in pairwise(pictures):
        forward, backward = dis_flow(earlier, later), dis_flow(later, earlier)
        motion.append((forward, return_error(forward, backward) <= MAX_RETURN_ERROR))
    return motion


def color_flicker(frames: Sequence[np.ndarray], motion: TrueMotion) -> float:
    """The mean change of ab, as a distance, of what the true motion takes from a frame to the next; where the
    motion leads back to its start. The truth has some, too: light and grain."""
    changes = list(_changes(frames, motion))
    return float(np.mean(changes)) if changes else 0.0


def _changes(frames: Sequence[np.ndarray], motion: TrueMotion) -> Iterator[float]:
    earlier = ab_from_srgb(frames[0])
    for frame, (flow, trusted) in zip(frames[1:], motion, strict=True):
        later = ab_from_srgb(frame)
        if trusted.any():
            yield float(np.linalg.norm(warp(later, flow) - earlier, axis=-1)[trusted].mean())
        earlier = later


def _channel_histograms(frame: np.ndarray) -> np.ndarray:
    """float64 (3, 256), each row's sum 1."""
    return np.stack([np.bincount(frame[..., channel].ravel(), minlength=256) for channel in range(3)]) / (
        frame.shape[0] * frame.shape[1]
    )


def _divergence(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence over the last axis."""
    middle = 0.5 * (first + second)
    return 0.5 * (_relative_entropy(first, middle) + _relative_entropy(second, middle))


def _relative_entropy(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    ratio = np.divide(first, second, out=np.ones_like(first), where=first > 0.0)
    return (first * np.log(ratio)).sum(-1)
