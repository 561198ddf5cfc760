"""A smooth map of colour, the variable that the reference path optimises: from (L*, a, b) to a change of ab.

A quadratic in lightness and bounded chroma, 10 terms for each of a and b. It moves equal colours alike, so it can
neither blotch a wall nor speckle it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

TERMS = 10
# Chroma enters through tanh(ab / this), so that colours more vivid than any seen are not thrown further.
_AB_REACH = 30.0


def change(lightness: Tensor, ab: Tensor, coefficients: Tensor) -> Tensor:
    """The change of ab, (1, 2, h, w), by coefficients (TERMS, 2); lightness: (1, 1, h, w), L* 0..100."""
    light = lightness / 50.0 - 1.0
    a, b = torch.tanh(ab / _AB_REACH).split(1, 1)
    terms = (torch.ones_like(light), light, light * light, a, b, light * a, light * b, a * a, a * b, b * b)
    return torch.einsum("ntyx,tc->ncyx", torch.cat(terms, 1), coefficients)


def change_of_picture(lightness: np.ndarray, ab: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """The same for a picture: lightness float32 (H, W), ab float32 (H, W, 2) → float32 (H, W, 2)."""
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(ab, -1, 0)))[None]
    changed = change(torch.from_numpy(lightness)[None, None], planes, torch.from_numpy(coefficients))
    return np.ascontiguousarray(np.moveaxis(changed[0].numpy(), 0, -1))


def fit_map(loss: Callable[[Tensor], None], *, steps: int, rate: float) -> np.ndarray:
    """Coefficients float32 (TERMS, 2) that minimise a loss, by Adam from no change at all, its rate falling to 0.

    loss: adds the gradient of what is to be small to the coefficients that it is given. rate: in ab.
    """
    coefficients = torch.zeros(TERMS, 2, requires_grad=True)
    optimizer = torch.optim.Adam([coefficients], lr=rate, betas=(0.9, 0.99))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1.0 - step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss(coefficients)
        optimizer.step()
    return coefficients.detach().numpy()
