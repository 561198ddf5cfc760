"""What colours a clip without a network: frozen chroma, chained DIS flow, hints along it spread by Levin 2004.

The flow is DIS (Kroeger et al., ECCV 2016), OpenCV's "medium" preset at the clip's own size, chained from frame
to frame with no check: 0.03 to 0.09 s a frame at 480 wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from ..color import ab_from_srgb, lightness_from_srgb, recolor
from ..flow import motion_picture, warp
from ..raster import rasterize
from .clip_protocol import Given
from .levin import levin_chroma


def grey_clip(grey: Sequence[np.ndarray], given: Given) -> Iterator[np.ndarray]:
    """The floor: no chroma."""
    yield from grey


def frozen_chroma(grey: Sequence[np.ndarray], given: Given) -> Iterator[np.ndarray]:
    """The first frame's chroma on every frame, where it was."""
    ab = ab_from_srgb(given.references[0])
    for frame in grey:
        yield recolor(frame, ab)


def chained_flow(grey: Sequence[np.ndarray], given: Given) -> Iterator[np.ndarray]:
    """The first frame's chroma, each frame's taken from the one before it along the flow."""
    ab = ab_from_srgb(given.references[0])
    yield recolor(grey[0], ab)
    pictures = _pictures(grey)
    for earlier, later, frame in zip(pictures, pictures[1:], grey[1:], strict=False):
        ab = warp(ab, dis_flow(later, earlier))
        yield recolor(frame, ab)


def levin_along_flow(grey: Sequence[np.ndarray], given: Given) -> Iterator[np.ndarray]:
    """Each keyframe's hints carried to the keyframes on both sides, pixel by pixel, and spread in every frame."""
    carried = _carried_hints(grey, given)
    for frame, (hint_ab, mask) in zip(grey, carried, strict=True):
        yield recolor(frame, levin_chroma(lightness_from_srgb(frame), hint_ab, mask))


def dis_flow(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The flow from one motion picture, uint8 (h, w), to another: float32 (h, w, 2)."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return dis.calc(start, end, None)  # type: ignore[call-overload]


def _pictures(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [motion_picture(lightness_from_srgb(frame), frame.shape[:2]) for frame in frames]


def _carried_hints(grey: Sequence[np.ndarray], given: Given) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every frame's hints: ab float32 (H, W, 2), mask bool (H, W). Where two fall on a pixel, the nearer keyframe's
    counts."""
    height, width = grey[0].shape[:2]
    pictures = _pictures(grey)
    arriving: list[list[tuple[int, np.ndarray, np.ndarray]]] = [[] for _ in grey]
    keyframes = given.hints.keyframes
    numbers = [keyframe.frame for keyframe in keyframes]
    for index, keyframe in enumerate(keyframes):
        ab, mask = rasterize(keyframe.strokes, width, height)
        start = np.argwhere(mask)[:, ::-1].astype(np.float32)
        ends = {-1: numbers[index - 1] if index else 0, 1: [*numbers[index + 1 :], len(grey) - 1][0]}
        arriving[keyframe.frame].append((0, start, ab[mask]))
        for step, end in ends.items():
            points, colors = start, ab[mask]
            for frame in range(keyframe.frame + step, end + step, step):
                flow = dis_flow(pictures[frame - step], pictures[frame])
                moved = points + flow[_pixels(points, 1), _pixels(points, 0)]
                inside = ((moved >= 0) & (moved <= (width - 1, height - 1))).all(1)
                points, colors = moved[inside], colors[inside]
                arriving[frame].append((abs(frame - keyframe.frame), points, colors))
    carried = []
    for sets in arriving:
        ab, mask = np.zeros((height, width, 2), np.float32), np.zeros((height, width), bool)
        for _, points, colors in sorted(sets, key=lambda part: -part[0]):
            ab[_pixels(points, 1), _pixels(points, 0)] = colors
            mask[_pixels(points, 1), _pixels(points, 0)] = True
        carried.append((ab, mask))
    return carried


def _pixels(points: np.ndarray, axis: int) -> np.ndarray:
    return np.rint(points[:, axis]).astype(np.intp)
