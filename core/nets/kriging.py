"""Kriging: what the decoder gets wrong under the hints says what it gets wrong elsewhere.

A Gaussian process over cells (Rasmussen and Williams 2006, section 2.2) whose kernel is learned: cells that the
network embeds close to each other err alike. Its posterior mean is one small linear solve, differentiable, over
the hinted cells; two hints of one colour count once, and a hint among others of its kind is not washed out, as it
would be in a normalised convolution.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hinted_cells import at_cells, hinted_cells, in_one_row

# More hinted cells than this, of 8 by 8 pixels, are thinned: a solve of 512 takes 3 ms.
MOST_CELLS = 512
_EMBEDDING = 16
_LEAST_NOISE = 1e-2
# The log amplitude of a cell that is not hinted.
_NOWHERE = -1e4
# Below exp(-87) float32 is subnormal, where a processor takes ten times as long.
_LEAST_LOG = -80.0
# Of other pictures' cells, that the solve may take no more than twice the time.
MOST_ELSEWHERE = 256


class KnownErrors(NamedTuple):
    """An error field where a picture is hinted: of n cells where they lie for the kernels (B, n, 2 * embedding + 2),
    log amplitude (B, n, 1), error (B, n, C), and weight (B, n, 1), 0 where a cell only fills up the batch."""

    coordinates: Tensor
    log_amplitude: Tensor
    error: Tensor
    weight: Tensor


class Kriging(nn.Module):
    """The posterior mean of an error field known at hinted cells. width: channels of the features that it sees."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(width, 2 * _EMBEDDING, 1)
        self.amplitude = nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.amplitude.weight)
        assert self.amplitude.bias is not None
        nn.init.constant_(self.amplitude.bias, -0.7)
        # In pictures' heights; the far kernel knows no place.
        self.log_reach = nn.Parameter(torch.tensor(-1.2))
        self.near_share = nn.Parameter(torch.tensor(0.0))
        self.noise = nn.Parameter(torch.tensor([-1.0, -1.0]))

    def forward(
        self,
        features: Tensor,
        error: Tensor,
        weight: Tensor,
        elsewhere: KnownErrors | None = None,
        *,
        explain: bool = False,
    ) -> tuple[Tensor, Tensor | None, KnownErrors]:
        """features (B, width, h, w); error (B, C, h, w), read where weight (B, 1, h, w), 0..1, is above 0. elsewhere:
        what is known of other pictures, whose places mean nothing here.

        Returns the error everywhere, float32 (B, C, h, w), 0 where nothing is hinted; if asked to explain, how much of
        each cell's variance the hints take away (Rasmussen and Williams 2006, eq. 2.26), 0..1, (B, 1, h, w); and what
        other pictures may recall of this one.
        """
        with torch.autocast(features.device.type, enabled=False):
            coordinates, log_amplitude = self.coordinates(features.float())
            here = _known(coordinates, log_amplitude, error, weight)
            own = here.weight.shape[1]
            known = here if elsewhere is None else KnownErrors(*in_one_row([here, elsewhere]))
            if not known.weight.shape[1]:
                nothing = torch.zeros_like(log_amplitude) if explain else None
                return torch.zeros_like(error, dtype=torch.float32), nothing, here
            noise = _LEAST_NOISE + F.softplus(self.noise[0]) + 0.05 * F.softplus(self.noise[1]) / (known.weight + 0.01)
            amplitude = known.log_amplitude.masked_fill(known.weight <= 0, _NOWHERE)
            near_amplitude = amplitude.clone()
            near_amplitude[:, own:] = _NOWHERE
            if own < amplitude.shape[1]:
                # What is near to another picture's cells is not in sight: to the kernels it is noise.
                unseen = F.logsigmoid(self.near_share) + 2.0 * amplitude[:, own:]
                noise = torch.cat((noise[:, :own], noise[:, own:] + unseen.exp()), 1)
            hints = known.coordinates, amplitude, near_amplitude
            factor = torch.linalg.cholesky(sum(self.kernels(hints, hints), torch.diag_embed(noise[..., 0])))
            share = torch.cholesky_solve(known.error, factor)
            everywhere = log_amplitude.flatten(2).transpose(1, 2)
            cells = coordinates.flatten(2).transpose(1, 2), everywhere, everywhere
            # Few rows and many columns: a matrix product of many rows and few columns takes six times as long.
            near, far = self.kernels(hints, cells)
            share = share.transpose(1, 2)
            mean = (share @ near + share @ far).view(error.shape)
            if not explain:
                return mean, None, here
            known_part = torch.linalg.solve_triangular(factor, near + far, upper=False)
            told = known_part.square().sum(1) / (2.0 * everywhere[..., 0]).exp()
            return mean, told.view_as(log_amplitude).clamp(0.0, 1.0), here

    def coordinates(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Where each cell lies for the kernels, (B, 2 * embedding + 2, h, w), and its log amplitude (B, 1, h, w)."""
        height, width = features.shape[-2:]
        y = torch.linspace(0.0, 1.0, height, device=features.device)[:, None].expand(height, width)
        x = torch.linspace(0.0, width / height, width, device=features.device).expand(height, width)
        place = torch.stack((y, x)).expand(len(features), -1, -1, -1) / self.log_reach.exp()
        return torch.cat((self.embed(features), place), 1), self.amplitude(features).clamp(-4.0, 2.0)

    def kernels(self, a: tuple[Tensor, Tensor, Tensor], b: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The covariance of cells a with cells b is the sum of these two, near and far, each (B, n, m).

        a, b: coordinates (B, n or m, 2 * embedding + 2) and log amplitudes (B, n or m, 1), for far and for near.
        """
        split = (_EMBEDDING, _EMBEDDING + 2)
        far, near = (
            _bounded_exp_(_left(a_part, a_log) @ _right(b_part, b_log + log_share).transpose(1, 2))
            for a_part, b_part, a_log, b_log, log_share in zip(
                a[0].split(split, -1),
                b[0].split(split, -1),
                a[1:],
                b[1:],
                (F.logsigmoid(-self.near_share), F.logsigmoid(self.near_share)),
                strict=True,
            )
        )
        return near, far


def _known(coordinates: Tensor, log_amplitude: Tensor, error: Tensor, weight: Tensor) -> KnownErrors:
    """What planes (B, C, h, w) hold at the hinted cells."""
    cell_weight = F.avg_pool2d(weight.float(), 2, ceil_mode=True)
    chosen = hinted_cells(cell_weight, MOST_CELLS)

    def at_hints(field: Tensor) -> Tensor:
        pooled = F.avg_pool2d(field * weight, 2, ceil_mode=True) / cell_weight.clamp(min=1e-6)
        return at_cells(pooled, chosen)

    cells = [at_hints(field) for field in (coordinates, log_amplitude, error.float())]
    return KnownErrors(cells[0], cells[1], cells[2], at_cells(cell_weight, chosen))


def _bounded_exp_(logs: Tensor) -> Tensor:
    """exp of float32 logarithms, in their place; of less than _LEAST_LOG it is that of _LEAST_LOG."""
    return logs.clamp_(min=_LEAST_LOG).exp_()


# -½|a - b|² + log amplitudes is one inner product of these two: big matrices are touched once.
def _left(coordinates: Tensor, log_amplitude: Tensor) -> Tensor:
    own = log_amplitude - 0.5 * coordinates.square().sum(-1, keepdim=True)
    return torch.cat((coordinates, own, torch.ones_like(own)), -1)


def _right(coordinates: Tensor, log_amplitude: Tensor) -> Tensor:
    own = log_amplitude - 0.5 * coordinates.square().sum(-1, keepdim=True)
    return torch.cat((coordinates, torch.ones_like(own), own), -1)
