"""Chroma in light and in shade: colours that are carried to where their thing is darker or nearer to white.

A thing that falls into shade keeps its hue and loses chroma with its lightness, as one that comes near white does:
about as the room that sRGB leaves for chroma at that lightness grows and shrinks. Of colours that routes carry to where
they surely belong, the squared error of ab falls by 10 % on four clips, and by 6 % on 19 others, and rises on none by
more than 1 % (the power 0.6 to 0.8, lightness over 3 to 9 pixels: within 1 %).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import torch

from .color import ab_from_srgb, recolor, srgb_from_lab

# Of the room: light is not all that changes a thing's lightness on film.
_POWER = 0.7
# ab added to the room, which ends at white and black.
_LEAST_ROOM = 2.0
# Pixels over which lightness is averaged, so that grain changes no colour.
_NEIGHBOURHOOD = 5
_STEPS, _HUES = 1000, 72
# More chroma than sRGB has.
_BEYOND = 150.0
# Pixels of doubt from which on nothing is made more colourful: what came from the wrong place would be blotched by it.
# To make it less so does no harm.
_DOUBTFUL = 4.0


def log_chroma_room(lightness: np.ndarray) -> np.ndarray:
    """The logarithm of how much chroma things have at a lightness, up to a constant: float32 (H, W).

    lightness: float32 (H, W), L* 0..100, of a frame.
    """
    smooth = cv2.blur(lightness, (_NEIGHBOURHOOD, _NEIGHBOURHOOD))
    return _table()[np.clip(smooth * (_STEPS / 100.0) + 0.5, 0, _STEPS).astype(np.int32)]


def relit(ab: np.ndarray, room_there: np.ndarray, room_here: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Colours as they are in the light of the frame that they were brought to: float32 (H, W, 2).

    ab: float32 (H, W, 2). room_there: `log_chroma_room` of the frame that they come from, brought here as they were;
    room_here: of this frame. doubt: pixels by which they may be misplaced. All float32 (H, W).
    """
    change = room_here - room_there
    sure = 1.0 / (1.0 + np.square(np.square(doubt / _DOUBTFUL)))
    gain = cv2.exp(np.where(change > 0.0, change * sure, change))
    return ab * cv2.merge((gain, gain))


@cache
def _table() -> np.ndarray:
    """The same by lightness, float32 (_STEPS + 1,): the mean over hues of the most chroma that sRGB has there."""
    lightness = np.repeat(np.linspace(0.0, 100.0, _STEPS + 1, dtype=np.float32)[:, None], _HUES, 1)
    lab = torch.from_numpy(np.stack((lightness, 0.0 * lightness, 0.0 * lightness)))
    grey = (srgb_from_lab(lab).permute(1, 2, 0).numpy() * 65535.0 + 0.5).astype(np.uint16)
    hue = np.linspace(0.0, 2.0 * np.pi, _HUES, endpoint=False, dtype=np.float32)
    beyond = np.broadcast_to(_BEYOND * np.stack((np.cos(hue), np.sin(hue)), -1), (*lightness.shape, 2))
    most = np.linalg.norm(ab_from_srgb(recolor(grey, np.ascontiguousarray(beyond))), axis=-1).mean(1)
    return (_POWER * np.log(most + _LEAST_ROOM)).astype(np.float32)
