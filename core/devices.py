"""Which device a network runs on, and how precisely."""

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


def computes_in_bfloat16(device: str) -> bool:
    """Whether a CPU multiplies bfloat16 in hardware: a third off a network's time, for 0.04 of ab on average.

    A GPU, and a CPU that does not, or whose torch cannot tell or is told to do with less (ATEN_CPU_CAPABILITY=avx2),
    computes in float32.
    """
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    in_hardware = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return device == "cpu" and in_hardware and torch.backends.cpu.get_cpu_capability() != "AVX2"
