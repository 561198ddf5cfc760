"""CIE Lab (D65) from sRGB and back, and chroma put onto footage whose lightness must not change.

Lab is float32, L* 0..100, a and b about ±110. Tensor functions take channels first, (..., 3, H, W); array
functions take pictures as the rest of the engine holds them, (H, W, 3) uint8 or uint16 sRGB.
Sources: IEC 61966-2-1 (sRGB), CIE 15:2004 (Lab).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor

from .row_blocks import row_blocks

# Rows give X, Y, Z of linear sRGB, each divided by its sum (the D65 white), so that greys have a = b = 0 exactly.
_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_RGB_TO_XYZ /= _RGB_TO_XYZ.sum(axis=1, keepdims=True)
_XYZ_TO_RGB = np.linalg.inv(_RGB_TO_XYZ)
_DELTA = 6.0 / 29.0
# Rounding noise of float32 near the gamut's surface is not "out of gamut".
_GAMUT_SLACK = 1e-4
_GAMUT_STEPS = 12
_ENCODE_STEPS = 65535


def lab_from_srgb(rgb: Tensor) -> Tensor:
    """Lab float32 (..., 3, H, W) of sRGB float (..., 3, H, W) in 0..1."""
    return _lab_from_linear(_linear_from_srgb(rgb))


def srgb_from_lab(lab: Tensor) -> Tensor:
    """sRGB float32 (..., 3, H, W) in 0..1 of Lab (..., 3, H, W); what is out of gamut is clipped per channel."""
    return _srgb_from_linear(_linear_from_f(*_f_from_lab(*lab.unbind(-3))).clamp(0.0, 1.0))


def lightness_from_srgb(rgb: np.ndarray) -> np.ndarray:
    """L* float32 (H, W), 0..100, of a picture uint8 or uint16 (H, W, 3)."""
    return _f_of_luminance(rgb).mul_(116.0).sub_(16.0).numpy()


def ab_from_srgb(rgb: np.ndarray) -> np.ndarray:
    """Chroma ab float32 (H, W, 2) of a picture uint8 or uint16 (H, W, 3)."""
    planes = torch.from_numpy(_linear(rgb)).permute(2, 0, 1)
    return _lab_from_linear(planes)[1:].permute(1, 2, 0).contiguous().numpy()


def ab_from_hex(color: str) -> tuple[float, float]:
    """The chroma (a, b) of "#rrggbb"."""
    rgb = np.array([[[int(color[i : i + 2], 16) for i in (1, 3, 5)]]], dtype=np.uint8)
    a, b = ab_from_srgb(rgb)[0, 0]
    return float(a), float(b)


def recolor(rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """The picture with its own lightness and the given chroma.

    rgb: uint8 or uint16 (H, W, 3). ab: float32 (H, W, 2). Returns rgb's dtype and shape. A colour out of
    gamut loses chroma at constant hue until it fits; L* stays the input's to within one 8-bit step (100/255).
    """
    recolored, outside = np.empty_like(rgb), np.zeros(rgb.shape[:2], bool)
    for block in row_blocks(len(rgb)):
        linear = _linear_pixels(_f_pixels(rgb[block], ab[block]))
        if linear.min() < -_GAMUT_SLACK or linear.max() > 1.0 + _GAMUT_SLACK:
            outside[block] = ~_in_gamut(linear)
        recolored[block] = _encoded(linear, rgb.dtype)
    if outside.any():
        # All at once: they are few, and the steps many.
        linear = _linear_within_gamut(_f_pixels(rgb[outside][None], ab[outside][None]))
        recolored[outside] = _encoded(linear, rgb.dtype)[0]
    return recolored


def _f_pixels(rgb: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """f of X, Y and Z, float32 (H, W, 3), of a picture's own lightness and the given chroma."""
    fy = _f_of_luminance(rgb).numpy()
    f = np.empty((*fy.shape, 3), np.float32)
    f[..., 0] = ab[..., 0] * np.float32(1.0 / 500.0) + fy
    f[..., 1] = fy
    f[..., 2] = ab[..., 1] * np.float32(-1.0 / 200.0) + fy
    return f


def _linear_pixels(f: np.ndarray) -> np.ndarray:
    return cv2.transform(_f_inverse(torch.from_numpy(f)).numpy(), _XYZ_TO_RGB.astype(np.float32))


def _linear_within_gamut(f: np.ndarray) -> np.ndarray:
    """Linear RGB (H, W, 3) with the largest share of the chroma that stays in gamut, by bisection."""
    fy = f[..., 1:2]
    low, high = np.zeros_like(fy), np.ones_like(fy)
    for _ in range(_GAMUT_STEPS):
        share = 0.5 * (low + high)
        fits = _in_gamut(_linear_pixels(fy + share * (f - fy)))[..., None]
        low, high = np.where(fits, share, low), np.where(fits, high, share)
    return _linear_pixels(fy + low * (f - fy))


def _in_gamut(linear: np.ndarray) -> np.ndarray:
    fits = (linear >= -_GAMUT_SLACK) & (linear <= 1.0 + _GAMUT_SLACK)
    return fits[..., 0] & fits[..., 1] & fits[..., 2]


def _encoded(linear: np.ndarray, dtype: np.dtype) -> np.ndarray:
    index = torch.from_numpy(linear).clamp(0.0, 1.0).mul_(_ENCODE_STEPS).add_(0.5).to(torch.int32)
    return _encode_table(dtype.name).take(index.numpy())


def _f_of_luminance(rgb: np.ndarray) -> Tensor:
    """f of Y, float32 (H, W), of a picture uint8 or uint16 (H, W, 3)."""
    if rgb.dtype == np.uint8:
        red, green, blue = cv2.split(rgb)
        if np.array_equal(red, green) and np.array_equal(red, blue):
            # Footage is grey, mostly, and 256 greys are sooner looked up than millions of cube roots taken.
            return torch.from_numpy(cv2.LUT(red, _f_of_greys()))
    return _f(_luminance(rgb))


@cache
def _f_of_greys() -> np.ndarray:
    """f of Y of all greys of 8 bits, float32 (256,)."""
    greys = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    return _f(_luminance(greys))[0].numpy()


def _luminance(rgb: np.ndarray) -> Tensor:
    """Y (H, W), 0..1, of a picture uint8 or uint16 (H, W, 3)."""
    return torch.from_numpy(cv2.transform(_linear(rgb), _RGB_TO_XYZ[1:2].astype(np.float32)))


def _linear(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB float32 (H, W, 3), 0..1, of a picture uint8 or uint16 (H, W, 3)."""
    table = _decode_table(rgb.dtype.name)
    # OpenCV looks 8 bits up several times as fast as numpy, and knows no other tables.
    return cv2.LUT(rgb, table) if rgb.dtype == np.uint8 else table.take(rgb)


@cache
def _decode_table(dtype: str) -> np.ndarray:
    top = np.iinfo(dtype).max
    return _linear_from_srgb(torch.arange(top + 1, dtype=torch.float64) / top).to(torch.float32).numpy()


@cache
def _encode_table(dtype: str) -> np.ndarray:
    top = np.iinfo(dtype).max
    srgb = _srgb_from_linear(torch.arange(_ENCODE_STEPS + 1, dtype=torch.float64) / _ENCODE_STEPS)
    return (srgb * top + 0.5).numpy().astype(dtype)


def _lab_from_linear(linear: Tensor) -> Tensor:
    fx, fy, fz = (_f((linear * _row(_RGB_TO_XYZ, i)).sum(-3)) for i in range(3))
    return torch.stack((116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)), -3)


def _f_from_lab(lightness: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    fy = (lightness + 16.0) / 116.0
    return fy + a / 500.0, fy, fy - b / 200.0


def _linear_from_f(fx: Tensor, fy: Tensor, fz: Tensor) -> Tensor:
    x, y, z = (_f_inverse(part) for part in (fx, fy, fz))
    return torch.stack([x * float(row[0]) + y * float(row[1]) + z * float(row[2]) for row in _XYZ_TO_RGB], -3)


def _f(ratio: Tensor) -> Tensor:
    return torch.where(ratio > _DELTA**3, ratio.clamp(min=1e-8) ** (1.0 / 3.0), ratio / (3.0 * _DELTA**2) + 4.0 / 29.0)


def _f_inverse(part: Tensor) -> Tensor:
    return torch.where(part > _DELTA, part * part * part, 3.0 * _DELTA**2 * (part - 4.0 / 29.0))


def _linear_from_srgb(srgb: Tensor) -> Tensor:
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def _srgb_from_linear(linear: Tensor) -> Tensor:
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=0.0031308) ** (1.0 / 2.4) - 0.055)


def _row(matrix: np.ndarray, row: int) -> Tensor:
    return torch.tensor(matrix[row], dtype=torch.float32).view(3, 1, 1)
