"""Motion between neighbouring frames: dense optical flow both ways, where it can be trusted, and cuts.

The flow is DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016), OpenCV's
"medium" preset. A flow from frame a to frame b is float (h, w, 2), in pixels, x then y: the pixel of a at
p is the pixel of b at p + flow(p).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# The short side, in pixels, at which motion is measured.
MOTION_SIZE = 256
# A flow that does not lead back to within this many pixels of where it started is not trusted.
MAX_RETURN_ERROR = 1.0
# Measured on nine clips and 200 splices of them: splices fail from 0.98 of their pixels on, motion at most 0.55.
CUT_FAILURES = 0.8
# Flat frames (black, a title card) return anywhere, so a cut to or from one shows in the histogram alone.
CUT_HISTOGRAM = 0.6


@dataclass(frozen=True)
class Motion:
    """The motion between a frame and the one after it, at motion size.

    forward, backward: float16 (h, w, 2), the flows from the earlier frame to the later one and back.
    cut: whether the two belong to different shots, so that neither flow means anything.
    """

    forward: np.ndarray
    backward: np.ndarray
    cut: bool


def motion_shape(width: int, height: int) -> tuple[int, int]:
    """(height, width) at which the motion of footage of this size is measured; never larger than it."""
    scale = min(1.0, MOTION_SIZE / min(width, height))
    # DIS needs a few of its 8-pixel patches on the short side.
    return max(16, round(height * scale)), max(16, round(width * scale))


def motion_picture(lightness: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The picture that flow is measured on: L* (H, W), 0..100, as uint8 (h, w) of the given shape."""
    small = cv2.resize(lightness, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.clip(small * 2.55 + 0.5, 0, 255).astype(np.uint8)


def measure_motion(earlier: np.ndarray, later: np.ndarray) -> Motion:
    """The motion between two neighbouring frames, given as motion pictures of one shape."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forward = dis.calc(earlier, later, None).astype(np.float16)  # type: ignore[call-overload]
    backward = dis.calc(later, earlier, None).astype(np.float16)  # type: ignore[call-overload]
    failures = float(np.mean(return_error(as_float(forward), as_float(backward)) > MAX_RETURN_ERROR))
    cut = failures > CUT_FAILURES or _histogram_distance(earlier, later) > CUT_HISTOGRAM
    return Motion(forward, backward, cut)


def as_float(flow: np.ndarray) -> np.ndarray:
    """A stored flow as float32, ready for arithmetic."""
    return flow.astype(np.float32)


def warp(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`image` (h, w) or (h, w, c), seen from the frame that `flow` (h, w, 2) starts in; edges are repeated."""
    x, y = _targets(flow)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def return_error(flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far, in pixels, `flow` and then `back` miss the start: float32 (h, w); inf outside the picture."""
    x, y = _targets(flow)
    returned = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = np.hypot(*np.moveaxis(flow + returned, -1, 0))
    height, width = flow.shape[:2]
    error[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)] = np.inf
    return error


def resize_flow(flow: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """`flow` for pictures of another (height, width): resampled, its lengths in the new pixels."""
    height, width = flow.shape[:2]
    if (height, width) == shape:
        return flow
    resized = cv2.resize(flow, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return resized * np.array([shape[1] / width, shape[0] / height], np.float32)


def _targets(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return x, y


def _histogram_distance(earlier: np.ndarray, later: np.ndarray) -> float:
    """The share of pixels, 0..1, that would have to change their lightness to make the histograms equal."""
    histograms = [np.bincount(picture.ravel() >> 3, minlength=32) for picture in (earlier, later)]
    return float(np.abs(histograms[0] - histograms[1]).sum()) / (2 * earlier.size)
