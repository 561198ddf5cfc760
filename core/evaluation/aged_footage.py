"""A clip as an old film would show it, with its true colours: footage that is asked of a colorizer is seldom clean.

By rule, not from film: the whites are grey and the blacks too light, the picture is soft, its exposure flickers from
frame to frame and unevenly, it has grain, dirt and scratches, does not stand quite still, and was compressed.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

import cv2
import numpy as np
import torch

from ..color import ab_from_srgb, lightness_from_srgb, recolor, srgb_from_lab
from .clip_protocol import Clip

# L* of black, and what is left of the way from there to white: so flicker hardly ever leaves sRGB's gamut.
_BLACK, _CONTRAST = 6.0, 0.84
# Pixels: softness and how far the picture weaves, as standard deviations.
_SOFT, _WEAVE = 1.0, 0.7
# Standard deviations of a frame's exposure, as a share, and of its change from the middle to an edge.
_FLICKER, _UNEVEN = 0.06, 0.03
# L*, and pixels: how strong grain is, and how coarse.
_GRAIN, _GRAIN_SIZE = 4.0, 0.7
# A frame's specks on the mean, their largest radius in pixels, the share of white ones, and their L*.
_SPECKS, _SPECK_RADIUS, _WHITE, _SPECK_LIGHTNESS = 6.0, 5.0, 0.6, (8.0, 90.0)
# Of the clip's scratches how many there are, the share of frames that each is on, its width, sway and strength.
_SCRATCHES, _SCRATCHED, _SCRATCH_WIDTH, _SCRATCH_SWAY, _SCRATCH_LIGHTNESS = 3, 0.6, 0.7, 1.0, 25.0
_JPEG_QUALITY = 50


def aged(clip: Clip) -> Clip:
    """The same clip with aged lightness: truth has its true chroma on it, grey has none. By the clip's name, so every
    run draws the same."""
    rng = np.random.default_rng(zlib.crc32(clip.name.encode()))
    height, width = clip.truth[0].shape[:2]
    scratches = np.stack(
        (rng.uniform(0.1, 0.9, _SCRATCHES) * width, rng.choice((-1.0, 1.0), _SCRATCHES) * _SCRATCH_LIGHTNESS), -1
    )
    truth, grey = [], []
    for clean in clip.truth:
        rgb = _woven(clean, rng)
        lightness = cv2.GaussianBlur(_BLACK + _CONTRAST * lightness_from_srgb(rgb), (0, 0), _SOFT)
        lightness = lightness * _exposure((height, width), rng)
        lightness = lightness + grain(rng.standard_normal((height, width), dtype=np.float32), _GRAIN_SIZE, _GRAIN)
        lightness = _scratched(_specked(lightness, rng), scratches, rng)
        levels = np.clip(lightness * 2.55 + 0.5, 0.0, 255.0).astype(np.uint8)
        frame = _grey(compressed(levels, _JPEG_QUALITY))
        grey.append(frame)
        truth.append(recolor(frame, ab_from_srgb(rgb)))
    return replace(clip, truth=truth, grey=grey)


def grain(noise: np.ndarray, size: float, strength: float) -> np.ndarray:
    """What grain adds to L*, float32 (H, W). noise: normal, float32 (H, W). size: of a grain, in pixels. strength: its
    standard deviation, L*."""
    clumped = cv2.GaussianBlur(noise, (0, 0), size)
    return clumped * (strength / max(float(clumped.std()), 1e-6))


def compressed(levels: np.ndarray, quality: int) -> np.ndarray:
    """L* float32 (H, W), as JPEG of a quality from 0 to 100 leaves it. levels: L* in 255 steps, uint8 (H, W)."""
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32) / 2.55


def _woven(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    x, y = rng.normal(0.0, _WEAVE, 2)
    move = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return cv2.warpAffine(rgb, move, rgb.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _exposure(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """float32 (H, W), by which the frame is lighter."""
    across, down = (rng.normal(0.0, _UNEVEN) * np.linspace(-1.0, 1.0, side) for side in shape[::-1])
    return (1.0 + rng.normal(0.0, _FLICKER) + across + down[:, None]).astype(np.float32)


def _specked(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = lightness.shape
    for _ in range(rng.poisson(_SPECKS)):
        place = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        radius = rng.uniform(1.0, _SPECK_RADIUS)
        axes = max(1, int(radius)), max(1, int(radius * rng.uniform(0.4, 1.0)))
        speck = cv2.ellipse(np.zeros_like(lightness), place, axes, rng.uniform(0.0, 180.0), 0.0, 360.0, (1.0,), -1)
        speck = cv2.GaussianBlur(speck, (0, 0), 0.6)
        lightness = lightness + speck * (_SPECK_LIGHTNESS[int(rng.random() < _WHITE)] - lightness)
    return lightness


def _scratched(lightness: np.ndarray, scratches: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """scratches (n, 2): the column of each, and its L*."""
    columns = np.arange(lightness.shape[1])
    for column, strength in scratches:
        if rng.random() < _SCRATCHED:
            off = (columns - column - rng.normal(0.0, _SCRATCH_SWAY)) / _SCRATCH_WIDTH
            lightness = lightness + (strength * np.exp(-0.5 * off * off)).astype(np.float32)
    return lightness


def _grey(lightness: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) of an L* (H, W)."""
    lab = torch.from_numpy(np.stack((lightness, 0.0 * lightness, 0.0 * lightness)))
    grey = (srgb_from_lab(lab)[0].numpy() * 255.0 + 0.5).astype(np.uint8)
    return cv2.merge((grey, grey, grey))
