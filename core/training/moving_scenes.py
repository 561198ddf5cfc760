"""Short colour clips made of photographs: a camera that pans, turns and zooms, and things that move before it."""

from __future__ import annotations

import cv2
import numpy as np

_LARGEST_STEP = 0.05
# A picture, where it shows (everywhere if None), and its path.
_Layer = tuple[np.ndarray, np.ndarray | None, np.ndarray]


def moving_scene(pictures: list[np.ndarray], frames: int, side: int, rng: np.random.Generator) -> list[np.ndarray]:
    """uint8 (side, side, 3) sRGB frames. pictures: photographs to draw the background and up to two blobs from."""
    background = pictures[rng.integers(len(pictures))]
    layers: list[_Layer] = [(background, None, _path(frames, rng))]
    for _ in range(rng.integers(0, 3)):
        picture = pictures[rng.integers(len(pictures))]
        layers.append((picture, _blob(picture.shape[:2], rng), _path(frames, rng)))
    return [_frame(layers, number, side) for number in range(frames)]


def _path(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Shift x, y (shares of the side), turn (radians) and log zoom of every frame: (frames, 4)."""
    speed = rng.normal(0.0, 1.0, 4) * (_LARGEST_STEP, _LARGEST_STEP, 0.04, 0.02) * rng.uniform(0.0, 1.0)
    bend = rng.normal(0.0, 1.0, (frames, 4)) * (0.01, 0.01, 0.01, 0.005)
    return np.cumsum(speed + bend, axis=0)


def _blob(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A soft-edged mask float32 (H, W) of one roundish thing, its outline wavy."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x / width - rng.uniform(0.3, 0.7), y / height - rng.uniform(0.3, 0.7)
    angle = np.arctan2(y, x)
    radius = rng.uniform(0.08, 0.22)
    for wave in range(2, 5):
        radius = radius + rng.normal(0.0, 0.025) * np.sin(wave * angle + rng.uniform(0, 6.3))
    return np.clip((radius - np.hypot(x, y)) * 120.0 + 0.5, 0.0, 1.0).astype(np.float32)


def _frame(layers: list[_Layer], number: int, side: int) -> np.ndarray:
    frame: np.ndarray = np.zeros((side, side, 3), np.float32)
    for picture, mask, path in layers:
        shift_x, shift_y, turn, zoom = path[number]
        height, width = picture.shape[:2]
        scale = side / min(height, width) * 1.25 * np.exp(zoom)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), np.degrees(turn), scale)
        matrix[:, 2] += side / 2 - width / 2 + shift_x * side, side / 2 - height / 2 + shift_y * side
        warped = cv2.warpAffine(picture.astype(np.float32), matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
        if mask is None:
            frame = warped
        else:
            share = cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_LINEAR)[..., None]
            frame += share * (warped - frame)
    return np.clip(frame + 0.5, 0, 255).astype(np.uint8)
