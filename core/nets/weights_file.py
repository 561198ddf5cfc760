"""Weights as safetensors, fp16: checked against the network before anything is used, never unpickled."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..errors import InputError
from .two_tower import VARIANTS, TwoTower

WEIGHTS_FOLDER = Path(__file__).parent / "weights"


def shipped_weights(variant: str) -> Path:
    """Where the weights that ship with a variant lie."""
    return WEIGHTS_FOLDER / f"{variant}.safetensors"


def save_weights(path: Path, weights: dict[str, Tensor], variant: str) -> None:
    """Write fp16 weights whole: to a temporary name, then renamed."""
    halves = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in weights.items()}
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
    try:
        with safe_open(path, "pt") as file:
            found = (file.metadata() or {}).get("variant")
        weights = {name: value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise _bad(path, f"cannot be read ({error})") from error
    if found != variant:
        raise _bad(path, f"are for the variant {found!r}, not {variant!r}")
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise _bad(path, "hold values that are no numbers")
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise _bad(path, f"do not fit the network {variant!r} of this release") from error


def _bad(path: Path, reason: str) -> InputError:
    return InputError("bad-weights", f"The weights {path} {reason}.", "Install the extension again.")
