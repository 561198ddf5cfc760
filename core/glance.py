"""A glance at a picture: what the gist network makes of it, small, for a colorizer to hear of at its coarse scales."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .devices import computes_in_bfloat16
from .nets.gist import SIZE_MULTIPLE, GistNet, load_gist

# The short side at which the gist network learned to see pictures.
_SHORT_SIDE = 64


class Glance:
    """The gist network on a device. Make one with `Glance.load`."""

    def __init__(self, network: GistNet, device: str) -> None:
        self.device, self._in_bfloat16 = device, computes_in_bfloat16(device)
        self._network = network.eval().to(device)
        # torch's stubs do not know Module.to's memory_format.
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, device: str) -> Glance:
        """The network that ships. Raises InputError ("bad-weights") if its file is missing or damaged."""
        return cls(load_gist(), device)

    @torch.no_grad()
    def at(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """What nets.two_tower.TwoTower takes of a glance at pictures (B, 1, H, W), L* 0..100: float32, on the device."""
        sides = lightness.shape[-2:]
        size = [SIZE_MULTIPLE * max(1, round(_SHORT_SIDE * side / (SIZE_MULTIPLE * min(sides)))) for side in sides]
        seen = F.interpolate(lightness.to(self.device), size=size, mode="area")
        with torch.autocast("cpu", torch.bfloat16, enabled=self._in_bfloat16):
            gist = self._network.look(seen)
        return gist.fine.float(), gist.understood.float()
