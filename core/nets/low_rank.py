"""Tuning at low rank: large kernels stay, and learn a sum of few outer products beside (LoRA, Hu 2021, eq. 3).

Few pictures teach so little more to a trained network that it is told in a hundredth of its weights; and a file of
weights that are mostly as before is mostly as before.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

# Kernels of fewer weights learn whole.
_LARGE = 4096
_UP, _DOWN = ".up", ".down"
_ORIGINAL, _LEARNED = ".parametrizations.weight.original", ".parametrizations.weight.0"


class LowRankSum(nn.Module):
    """A kernel (out, in, h, w) plus up (out, rank) times down (rank, in * h * w); nothing is added at first."""

    def __init__(self, kernel: Tensor, rank: int) -> None:
        super().__init__()
        fan_in = kernel[0].numel()
        self.up = nn.Parameter(kernel.new_zeros(len(kernel), rank))
        self.down = nn.Parameter(torch.randn(rank, fan_in, device=kernel.device) / fan_in**0.5)

    def forward(self, kernel: Tensor) -> Tensor:
        return kernel + (self.up @ self.down).view_as(kernel)


def learn_at_low_rank(module: nn.Module, rank: int) -> None:
    """Large kernels of convolutions in the module no longer learn; what is added to each, of this rank, does."""
    for part in list(module.modules()):
        if isinstance(part, nn.Conv2d) and part.weight.numel() >= _LARGE:
            part.weight.requires_grad_(False)
            parametrize.register_parametrization(part, "weight", LowRankSum(part.weight.detach(), rank))


@torch.no_grad()
def load_parts(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Fill a network of which parts learn at low rank with weights of `in_parts`, or whole ones.

    What is added to a kernel that learns, at no larger rank than the network's, goes on learning; else it is summed.
    """
    own = network.state_dict()
    place = dict(zip(in_parts(own), own, strict=True))
    learning = [name.removesuffix(_UP) for name in weights if name.endswith(_UP) and name in place]
    added = {kernel + part for kernel in learning for part in (_UP, _DOWN)}
    for name, value in summed({name: value for name, value in weights.items() if name not in added}).items():
        own[place[name]] = value
    for kernel in learning:
        up, down = weights[kernel + _UP], weights[kernel + _DOWN]
        own[place[kernel + _UP]][:, : up.shape[1]], own[place[kernel + _DOWN]][: len(down)] = up, down
    network.load_state_dict(own)


def in_parts(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state of modules that learned at low rank: kernels under their own names, and what is added to each under
    these with ".up" and ".down"."""
    return {name.replace(_ORIGINAL, ".weight").replace(_LEARNED, ".weight"): value for name, value in state.items()}


def is_added(name: str) -> bool:
    """Whether a weight of `in_parts` is a factor of what is added to a kernel."""
    return name.endswith((_UP, _DOWN))


def summed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Kernels with what is added to them, of `in_parts`; parts that do not fit a kernel are left as they are."""
    whole = dict(weights)
    for name in [name.removesuffix(_UP) for name in weights if name.endswith(_UP)]:
        kernel, up, down = (weights.get(part) for part in (name, name + _UP, name + _DOWN))
        if kernel is None or up is None or down is None:
            continue
        if up.shape[1:] == down.shape[:1] and (len(up), down[0].numel()) == (len(kernel), kernel[0].numel()):
            whole[name] = kernel + (up @ down).view_as(kernel)
            del whole[name + _UP], whole[name + _DOWN]
    return whole


def mean_of(runs: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several runs' weights, each of `in_parts` or whole.

    Where all add to the same kernels, or nothing to them, so does the mean, at the largest rank of theirs: the nearest
    there is of that rank to the mean of what they add (Eckart and Young 1936). Else it is whole.
    """
    kernels = sorted({name.removesuffix(_UP) for run in runs for name in run if name.endswith(_UP)})
    if not all(name in run and torch.equal(run[name], runs[0][name]) for run in runs for name in kernels):
        runs, kernels = [summed(run) for run in runs], []
    mean = {name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0] if not is_added(name)}
    for name in kernels:
        adding = [run for run in runs if name + _UP in run]
        up = torch.cat([run[name + _UP] for run in adding], 1) / len(runs)
        down = torch.cat([run[name + _DOWN] for run in adding], 0)
        rank = max(run[name + _UP].shape[1] for run in adding)
        left, scale, right = torch.linalg.svd(up @ down, full_matrices=False)
        root = scale[:rank].sqrt()
        mean[name + _UP], mean[name + _DOWN] = left[:, :rank] * root, root[:, None] * right[:rank]
    return mean


def grafted(into: dict[str, Tensor], weights: dict[str, Tensor], parts: Sequence[str]) -> dict[str, Tensor]:
    """Weights with those of some parts, by the first word of their names, from another network of the same kind."""
    kept = {name: value for name, value in into.items() if name.partition(".")[0] not in parts}
    return kept | {name: value for name, value in weights.items() if name.partition(".")[0] in parts}
