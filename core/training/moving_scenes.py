"""Short colour clips made of photographs: a camera that travels along a row of them, and things that move before it.

What a far pan shows was never seen on the anchor, as in film: a mirrored or repeated edge could be matched with it.
"""

from __future__ import annotations

import cv2
import numpy as np

# Of the side, a frame: from hardly moving to faster than an eye follows.
_SPEEDS = (0.0005, 0.045)
_LANDSCAPE_PICTURES = 3
# The landscape is higher than what the camera sees of it.
_ROOM = 1.3
# Of the side: over so much one photograph of the landscape becomes the next.
_SEAM = 0.12
_MOST_THINGS = 3
# Of the time between two frames that a shutter is open, and the pictures that a blurred frame is a mean of.
_SHUTTER = 0.5
_EXPOSURES = 4
# Pixels a frame from which on blur shows.
_BLURRED = 2.0
# A picture, where it shows (everywhere if None), and its path.
_Layer = tuple[np.ndarray, np.ndarray | None, np.ndarray]


def moving_scene(pictures: list[np.ndarray], frames: int, side: int, rng: np.random.Generator) -> list[np.ndarray]:
    """uint8 (side, side, 3) sRGB frames. pictures: photographs to draw the landscape and up to three things from."""
    landscape = _landscape(pictures, round(side * _ROOM), rng)
    layers: list[_Layer] = [(landscape, None, _travel(landscape, frames, side, rng))]
    for _ in range(rng.integers(0, _MOST_THINGS + 1)):
        picture = _at_height(pictures[rng.integers(len(pictures))], round(side * _ROOM))
        layers.append((picture, _blob(picture.shape[:2], rng), _wander(picture, frames, side, rng)))
    return [_frame(layers, number, side) for number in range(frames)]


def _landscape(pictures: list[np.ndarray], height: int, rng: np.random.Generator) -> np.ndarray:
    """Several photographs side by side, float32 (height, W, 3), each fading into the next."""
    seam = round(height * _SEAM)
    share = np.linspace(0.0, 1.0, seam, dtype=np.float32)[:, None]
    row = _at_height(pictures[rng.integers(len(pictures))], height)
    for _ in range(_LANDSCAPE_PICTURES - 1):
        following = _at_height(pictures[rng.integers(len(pictures))], height)
        mixed = row[:, -seam:] * (1.0 - share) + following[:, :seam] * share
        row = np.concatenate((row[:, :-seam], mixed, following[:, seam:]), 1)
    return row


def _at_height(picture: np.ndarray, height: int) -> np.ndarray:
    width = max(height, round(picture.shape[1] * height / picture.shape[0]))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _travel(landscape: np.ndarray, frames: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """Where the camera looks: x and y of the picture's centre on the landscape, turn (radians), log zoom: (frames, 4).

    It keeps to the landscape but for what turns and zooms show of its edge.
    """
    height, width = landscape.shape[:2]
    speed = side * np.exp(rng.uniform(*np.log(_SPEEDS)))
    pace = speed * (1.0 + 0.3 * np.cumsum(rng.normal(0.0, 0.3, frames)))
    along = np.cumsum(pace) * rng.choice((-1.0, 1.0))
    room = width - side - np.ptp(along)
    if room < 0:
        along, room = along * (width - side) / np.ptp(along), 0.0
    x = along - along.min() + side / 2 + rng.uniform(0.0, 1.0) * room
    room = (height - side) / 2
    y = height / 2 + np.clip(np.cumsum(rng.normal(0.0, 0.1 * speed + 0.2, frames)), -room, room)
    sway = np.cumsum(rng.normal(0.0, 1.0, 2) * (0.002, 0.004) + rng.normal(0.0, 1.0, (frames, 2)) * 0.001, axis=0)
    return np.column_stack((x, y, sway))


def _wander(picture: np.ndarray, frames: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """The same for a thing: what of its picture lies in the frame's centre; it may come from outside, and leave."""
    height, width = picture.shape[:2]
    speed = rng.normal(0.0, 1.0, 2) * side * np.exp(rng.uniform(*np.log(_SPEEDS)))
    bend = rng.normal(0.0, 0.006 * side, (frames, 2))
    moved = np.cumsum(speed + bend, axis=0)
    # At one moment of the clip it stands in the picture.
    centred = moved - moved[rng.integers(frames)] + (width / 2, height / 2) + rng.normal(0.0, 0.15 * side, 2)
    sway = np.cumsum(rng.normal(0.0, 1.0, (frames, 2)) * (0.02, 0.01), axis=0)
    return np.column_stack((centred, sway))


def _blob(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A soft-edged mask float32 (H, W) of one roundish thing, its outline wavy."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - width / 2) / height, (y - height / 2) / height
    angle = np.arctan2(y, x)
    radius = rng.uniform(0.06, 0.22)
    for wave in range(2, 5):
        radius = radius + rng.normal(0.0, 0.025) * np.sin(wave * angle + rng.uniform(0, 6.3))
    return np.clip((radius - np.hypot(x, y)) * 120.0 + 0.5, 0.0, 1.0).astype(np.float32)


def _frame(layers: list[_Layer], number: int, side: int) -> np.ndarray:
    """One frame; what moves fast is blurred along its way."""
    fastest = max(float(np.abs(np.diff(path[:, :2], axis=0)).max()) for *_, path in layers)
    moments = np.linspace(0.0, _SHUTTER, _EXPOSURES) if fastest > _BLURRED else np.zeros(1)
    exposed = [_moment(layers, number, float(moment), side) for moment in moments]
    return np.clip(np.mean(exposed, axis=0) + 0.5, 0, 255).astype(np.uint8)


def _moment(layers: list[_Layer], number: int, after: float, side: int) -> np.ndarray:
    """What is seen `after` (0..1) of the way from the frame to the next one: float32 (side, side, 3)."""
    seen: np.ndarray = np.zeros((side, side, 3), np.float32)
    for picture, mask, path in layers:
        following = path[min(number + 1, len(path) - 1)]
        x, y, turn, zoom = path[number] + after * (following - path[number])
        matrix = cv2.getRotationMatrix2D((x, y), np.degrees(turn), np.exp(zoom))
        matrix[:, 2] += side / 2 - x, side / 2 - y
        warped = cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
        if mask is None:
            seen = warped
        else:
            share = cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_LINEAR)[..., None]
            seen += share * (warped - seen)
    return seen
