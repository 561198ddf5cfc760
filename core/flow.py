"""Motion between neighbouring frames: dense optical flow both ways, where it can be trusted, and cuts.

The flow is DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016). A flow from frame a
to frame b is float (h, w, 2), in pixels, x then y: the pixel of a at p is the pixel of b at p + flow(p).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .reduced_shape import reduced_shape

# The short side, in pixels, at which motion is measured. On four clips with a first frame in colour 256 gives 0.2 dB
# more than 192, and 270 not more than 256.
MOTION_SIZE = 256
# DIS needs a few of its 8-pixel patches on the short side.
_LEAST_SIDE = 16
# Finest scale, stride, steps of descent and of variational refinement. OpenCV's "medium" preset with the stride and the
# descent of "fast". With 2 steps of refinement, not 5, what routes bring is as good in three quarters of the time, but
# of points on a grid fewer can be followed over 20 frames (14 clips): 40.8 %, not 42.4.
_COARSE = (1, 4, 16, 5)
# For colours carried far every pixel counts: down to the full motion size, without variational refinement. Over 50
# frames of two clips 40.5 and 29.7 dB, where the other search gives 39.8 and 28.6. A stride of 5 is as good as 4, for
# 14 ms, not 22; of 6, or with fewer steps, what it brings is a little worse.
_FINE = (0, 5, 8, 0)
# For what hints led to, at half the motion size.
_ROUGH = (1, 4, 8, 0)
# A flow that does not lead back to within this many pixels of where it started is not trusted.
MAX_RETURN_ERROR = 0.85
_TRUST_SCALE = 1.0
# From the first share of pixels on in which the flow fails, another picture follows if the histogram says so, too, and
# from the second on in any case. 700 splices of 28 clips fail in 0.97 and more, others with flat grounds in 0.9; in
# the clips a motorcycle that jumps past the camera, and smoke that fills the picture, reach 0.85, at 0.13.
_CUT_FAILURES, _SURE_CUT_FAILURES = 0.8, 0.92
_OTHER_HISTOGRAM = 0.18
# Flat frames (black, a title card) return anywhere, so a cut to or from one shows in the histogram alone.
_CUT_HISTOGRAM = 0.6


@dataclass(frozen=True)
class Motion:
    """The motion between a frame and the one after it, at motion size.

    forward, backward: float32 (h, w, 3), the flows from the earlier frame to the later one and back, and as the
    third channel how far each can be trusted, 0..1: a half where the other one misses the way back by 0.8 pixels.
    cut: whether the two belong to different shots, so that neither flow means anything.
    """

    forward: np.ndarray
    backward: np.ndarray
    cut: bool

    @property
    def flows(self) -> tuple[np.ndarray, np.ndarray]:
        """The flows forward and back alone, float32 (h, w, 2), each in one piece, as OpenCV is fast on them."""
        forward, backward = (cv2.merge(cv2.split(flow)[:2]) for flow in (self.forward, self.backward))
        return forward, backward

    @cached_property
    def half_flows(self) -> tuple[np.ndarray, np.ndarray]:
        """The flows at half the motion size, in pixels of that size: every keyframe around asks for them."""
        forward, backward = (resized_flow(flow, half_shape(flow.shape[:2])) for flow in self.flows)
        return forward, backward


def motion_shape(width: int, height: int) -> tuple[int, int]:
    """(height, width) at which the motion of footage of this size is measured; never larger than it."""
    rows, columns = reduced_shape(width, height, MOTION_SIZE)
    return max(_LEAST_SIDE, rows), max(_LEAST_SIDE, columns)


def half_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Half of a motion size, (height, width), as far as flow can be measured there."""
    return max(_LEAST_SIDE, shape[0] // 2), max(_LEAST_SIDE, shape[1] // 2)


def motion_picture(lightness: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The picture that flow is measured on: L* (H, W), 0..100, as uint8 (h, w) of the given shape."""
    small = cv2.resize(lightness, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.clip(small * 2.55 + 0.5, 0, 255).astype(np.uint8)


def measure_motion(earlier: np.ndarray, later: np.ndarray) -> Motion:
    """The motion between two neighbouring frames, given as motion pictures of one shape."""
    forward, backward = _dis_flow(earlier, later), _dis_flow(later, earlier)
    forward_error, backward_error = return_error(forward, backward), return_error(backward, forward)
    failures = float(np.mean(forward_error > MAX_RETURN_ERROR))
    distance = _histogram_distance(earlier, later)
    follows_other = failures > _CUT_FAILURES and distance > _OTHER_HISTOGRAM
    cut = follows_other or failures > _SURE_CUT_FAILURES or distance > _CUT_HISTOGRAM
    return Motion(_with_trust(forward, forward_error), _with_trust(backward, backward_error), cut)


def flow_failures(earlier: np.ndarray, later: np.ndarray) -> float:
    """The share of pixels, 0..1, whose flow from one motion picture to the other does not lead back."""
    return float(np.mean(return_error(_dis_flow(earlier, later), _dis_flow(later, earlier)) > MAX_RETURN_ERROR))


def warp(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`image` (h, w) or (h, w, c), seen from the frame that `flow` (h, w, 2) starts in; edges are repeated."""
    x, y = _targets(flow)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def composed(way: np.ndarray, onward: np.ndarray) -> np.ndarray:
    """One way and then another, float32 (h, w, 3): the flow, and as the third channel how far it can be trusted."""
    onward = warp(onward, way[..., :2])
    whole = way + onward
    whole[..., 2] = way[..., 2] * onward[..., 2]
    return whole


def resized_flow(flow: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The flow (h, w, 2) at another size, (height, width), in pixels of that."""
    height, width = flow.shape[:2]
    if shape == (height, width):
        return flow
    resized = cv2.resize(flow, shape[::-1], interpolation=cv2.INTER_LINEAR)
    # OpenCV takes a fifth of numpy's time for two factors in turn. Its stubs know no scalars.
    factors = (shape[1] / width, shape[0] / height, 0.0, 0.0)
    return cv2.multiply(resized, factors)  # type: ignore[call-overload]


def return_error(flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far, in pixels, `flow` and then `back` miss the start: float32 (h, w); inf outside the picture."""
    x, y = _targets(flow)
    returned = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    missed = flow + returned
    # Not cv2.magnitude, whose first pixels are rounded by where in memory the planes happen to lie.
    error = np.sqrt(np.square(missed[..., 0]) + np.square(missed[..., 1]))
    error[~_inside(x, y)] = np.inf
    return error


def leads_inside(flow: np.ndarray) -> np.ndarray:
    """Which pixels `flow` (h, w, 2) leads to a place within the picture: bool (h, w)."""
    return _inside(*_targets(flow))


def refine_flow(start: np.ndarray, end: np.ndarray, guess: np.ndarray, *, fine: bool) -> np.ndarray:
    """The flow between pictures far apart, uint8 (h, w); `guess`, float32 (h, w, 2), is where to look first. fine: to
    the last pixel."""
    return _dis(_FINE if fine else _ROUGH).calc(start, end, guess.copy())


def _dis_flow(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The flow from one motion picture to another, float32 (h, w, 2)."""
    return _dis(_COARSE).calc(start, end, None)  # type: ignore[call-overload]


def _dis(search: tuple[int, int, int, int]) -> cv2.DISOpticalFlow:
    finest_scale, stride, descent_steps, refinement_steps = search
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(finest_scale)
    dis.setPatchStride(stride)
    dis.setGradientDescentIterations(descent_steps)
    dis.setVariationalRefinementIterations(refinement_steps)
    return dis


def _with_trust(flow: np.ndarray, error: np.ndarray) -> np.ndarray:
    return cv2.merge([*cv2.split(flow), np.exp(-np.square(error / np.float32(_TRUST_SCALE)))])


def _targets(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return x, y


def _inside(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    height, width = x.shape
    return (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)


def _histogram_distance(earlier: np.ndarray, later: np.ndarray) -> float:
    """The share of pixels, 0..1, that would have to change their lightness to make the histograms equal."""
    histograms = [cv2.calcHist([picture], [0], None, [32], [0, 256]) for picture in (earlier, later)]
    return float(np.abs(histograms[0] - histograms[1]).sum()) / (2 * earlier.size)
