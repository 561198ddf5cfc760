"""Which device a network runs on."""

from __future__ import annotations

import torch

from .errors import InputError


def choose_device(name: str) -> str:
    """ "cpu", "cuda" or "mps" for a setting: "auto" takes a GPU where there is one.

    Raises InputError ("no-device") for a GPU that this machine has not.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, there in available.items() if there)
    if not available.get(name, False):
        raise InputError("no-device", f"The device {name!r} is not available on this machine.", "Choose auto or cpu.")
    return name
