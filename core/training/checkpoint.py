"""A training run's whole state in one safetensors file: network, running average, optimiser, progress."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import InputError

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
Progress = tuple[int, float, float]


def save_checkpoint(
    path: Path, network: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write it whole: to a temporary name, then renamed. progress: steps, seconds, best validation figure."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": moments[name] for name in _MOMENTS}
    step, seconds, best = progress
    temporary = path.with_suffix(".tmp")
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        temporary,
        {"step": str(step), "seconds": repr(seconds), "best": repr(best)},
    )
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, network: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> Progress:
    """Fill network, average and optimizer. Raises InputError if the file is missing, damaged or another network's."""
    try:
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        network.load_state_dict(_part(tensors, "network"))
        for name, value in _part(tensors, "average").items():
            average[name].copy_(value)
        _load_moments(optimizer, tensors)
        return int(metadata["step"]), float(metadata["seconds"]), float(metadata["best"])
    except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise InputError(
            "bad-checkpoint", f"The checkpoint {path} cannot be resumed: {error}.", "Start a new run."
        ) from error


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")}


def _load_moments(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimizer").items():
        index, moment = name.split(".")
        state.setdefault(int(index), {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
