"""Weights as safetensors, fp16 or in few levels: checked against the network before use, never unpickled."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..errors import InputError
from .low_rank import is_added, summed
from .two_tower import VARIANTS, TwoTower

WEIGHTS_FOLDER = Path(__file__).parent / "weights"

# On 20 validation pictures 63 levels a channel are within 0.001 dB of float32 on the mean, and so are 15 in the large
# kernels, which hold four fifths of a colorizer: a third off the file once compressed. 31 levels everywhere cost 0.013.
_MOST_LEVEL, _MOST_LEVEL_OF_LARGE = 31, 7
_LARGE = 100_000
_FEWEST_IN_LEVELS = 1024
_STEP = ".step"


def shipped_weights(variant: str) -> Path:
    """Where the weights that ship with a variant lie."""
    return WEIGHTS_FOLDER / f"{variant}.safetensors"


def in_few_levels(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights, but matrices and kernels of many weights as int8 levels -31..31, the largest and what low rank
    adds to a kernel -7..7, and, under the name with ".step", the step between levels of each output channel, float32
    (channels,). `read_weights` reads both forms."""
    stored = {}
    for name, value in weights.items():
        if value.dim() < 2 or (value.numel() < _FEWEST_IN_LEVELS and not is_added(name)):
            stored[name] = value
            continue
        most = _MOST_LEVEL_OF_LARGE if value.numel() >= _LARGE or is_added(name) else _MOST_LEVEL
        step = (value.detach().float().abs().flatten(1).amax(1) / most).clamp(min=1e-12)
        stored[name + _STEP] = step
        stored[name] = (value / _across_channels(step, value)).round().to(torch.int8)
    return stored


def save_weights(path: Path, weights: dict[str, Tensor], variant: str) -> None:
    """Write weights whole, to a temporary name, then renamed: fp16, but levels and their steps as they are."""
    halves = {
        name: value.detach().to("cpu", torch.float16 if _is_plain(name, value) else value.dtype).contiguous()
        for name, value in weights.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(save(halves, {"variant": variant}))
    os.replace(temporary, path)


def load_network(path: Path, variant: str) -> TwoTower:
    """A variant of the colorizer with float32 weights from a file. Raises what `load_weights` raises."""
    network = VARIANTS[variant]()
    load_weights(network, path, variant)
    return network


def load_weights(network: nn.Module, path: Path, variant: str) -> None:
    """Fill a network with float32 weights from a file: every tensor there, of the right shape and finite.

    Raises InputError ("bad-weights") if the file is missing, damaged or another network's.
    """
    _fill(network, read_weights(path, variant), path, variant)


def read_fitting_weights(path: Path, variant: str) -> dict[str, Tensor]:
    """What `read_weights` gives of a variant of the colorizer. Raises what `load_weights` raises."""
    weights = read_weights(path, variant)
    _fill(VARIANTS[variant](), weights, path, variant)
    return weights


def read_weights(path: Path, variant: str) -> dict[str, Tensor]:
    """A file's weights, float32 and finite, kernels and what low rank adds to them apart (nets/low_rank.py).

    Raises InputError ("bad-weights") if the file is missing, damaged or another variant's.
    """
    try:
        with safe_open(path, "pt") as file:
            found = (file.metadata() or {}).get("variant")
        weights = _out_of_levels(load_file(path))
    except (OSError, SafetensorError) as error:
        raise _bad(path, f"cannot be read ({error})") from error
    if found != variant:
        raise _bad(path, f"are for the variant {found!r}, not {variant!r}")
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise _bad(path, "hold values that are no numbers")
    return weights


def _fill(network: nn.Module, weights: dict[str, Tensor], path: Path, variant: str) -> None:
    try:
        network.load_state_dict(summed(weights))
    except RuntimeError as error:
        raise _bad(path, f"do not fit the network {variant!r} of this release") from error


def _is_plain(name: str, value: Tensor) -> bool:
    return value.dtype != torch.int8 and not name.endswith(_STEP)


def _out_of_levels(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """float32 weights of either form. A step without its levels, or steps of another number, are left for the network
    to refuse."""
    weights = {name: value.float() for name, value in stored.items()}
    for name in [name for name, value in stored.items() if value.dtype == torch.int8]:
        step = weights.get(name + _STEP)
        if step is not None and step.shape == weights[name].shape[:1]:
            weights[name] *= _across_channels(weights.pop(name + _STEP), weights[name])
    return weights


def _across_channels(step: Tensor, value: Tensor) -> Tensor:
    return step.view(-1, *[1] * (value.dim() - 1))


def _bad(path: Path, reason: str) -> InputError:
    return InputError("bad-weights", f"The weights {path} {reason}.", "Install the extension again.")
