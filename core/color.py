"""CIE Lab (D65) from sRGB and back, and chroma put onto footage whose lightness must not change.

Lab is float32, L* 0..100, a and b about ±110. Tensor functions take channels first, (..., 3, H, W); array
functions take pictures as the rest of the engine holds them, (H, W, 3) uint8 or uint16 sRGB.
Sources: IEC 61966-2-1 (sRGB), CIE 15:2004 (Lab).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

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
    luminance = _linear_planes(rgb).mul(_row(_RGB_TO_XYZ, 1)).sum(0)
    return (116.0 * _f(luminance) - 16.0).numpy()


def ab_from_srgb(rgb: np.ndarray) -> np.ndarray:
    """Chroma ab float32 (H, W, 2) of a picture uint8 or uint16 (H, W, 3)."""
    return _lab_from_linear(_linear_planes(rgb))[1:].permute(1, 2, 0).contiguous().numpy()


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
    fy = _f(_linear_planes(rgb).mul(_row(_RGB_TO_XYZ, 1)).sum(0))
    fx_offset = torch.from_numpy(np.ascontiguousarray(ab[..., 0], dtype=np.float32)) / 500.0
    fz_offset = torch.from_numpy(np.ascontiguousarray(ab[..., 1], dtype=np.float32)) / -200.0
    linear = _linear_from_f(fy + fx_offset, fy, fy + fz_offset)
    outside = ((linear < -_GAMUT_SLACK) | (linear > 1.0 + _GAMUT_SLACK)).any(0)
    if outside.any():
        chosen = (part[outside][None] for part in (fy, fx_offset, fz_offset))
        linear[:, outside] = _linear_within_gamut(*chosen)[:, 0]
    index = linear.clamp_(0.0, 1.0).mul_(_ENCODE_STEPS).add_(0.5).to(torch.int32)
    return np.moveaxis(_encode_table(rgb.dtype.name)[index.numpy()], 0, -1).copy()


def _linear_within_gamut(fy: Tensor, fx_offset: Tensor, fz_offset: Tensor) -> Tensor:
    """Linear RGB (3, 1, N) with the largest share of the offsets that stays in gamut, by bisection."""
    low, high = torch.zeros_like(fy), torch.ones_like(fy)
    for _ in range(_GAMUT_STEPS):
        share = 0.5 * (low + high)
        linear = _linear_from_f(fy + share * fx_offset, fy, fy + share * fz_offset)
        fits = ((linear >= -_GAMUT_SLACK) & (linear <= 1.0 + _GAMUT_SLACK)).all(0)
        low, high = torch.where(fits, share, low), torch.where(fits, high, share)
    return _linear_from_f(fy + low * fx_offset, fy, fy + low * fz_offset)


def _linear_planes(rgb: np.ndarray) -> Tensor:
    planes = _decode_table(rgb.dtype.name)[np.moveaxis(rgb, -1, 0)]
    return torch.from_numpy(planes)


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
