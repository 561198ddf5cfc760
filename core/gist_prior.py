"""What the gist network would have otherwise than the colorizer, where no hint speaks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .chroma import upsample_planes
from .devices import computes_in_bfloat16
from .hint_reach import untold
from .nets.gist import SIZE_MULTIPLE, GistNet
from .nets.two_tower import FOLD

# The short side at which the network learned to see pictures.
_SHORT_SIDE = 64
# More is better on the 40 validation pictures, and worse on clips that nothing was made on (docs/experiments.md).
_SHARE = 0.4


class GistPrior:
    """The gist network on a device, as a change of the colorizer's answer."""

    def __init__(self, network: GistNet, device: str) -> None:
        self.device, self._in_bfloat16 = device, computes_in_bfloat16(device)
        self._network = network.eval().to(device)
        # torch's stubs do not know Module.to's memory_format.
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def change(self, lightness: Tensor, unaided: Tensor) -> Tensor:
        """What to add to the colorizer's answer without hints: (2, h/4, w/4), in its units, along the picture's edges.

        lightness: a padded plane (h, w), L* 0..100. unaided: that answer, float32 (2, h/2, w/2).
        """
        short = min(lightness.shape)
        size = [SIZE_MULTIPLE * max(1, round(_SHORT_SIDE * side / (SIZE_MULTIPLE * short))) for side in lightness.shape]
        seen = F.interpolate(lightness[None, None], size=size, mode="area").to(self.device)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._in_bfloat16):
            gist = self._network(seen)[0].cpu()
        otherwise = gist - F.adaptive_avg_pool2d(unaided, gist.shape[-2:])
        return _SHARE * upsample_planes(otherwise, F.avg_pool2d(lightness[None, None], FOLD)[0, 0])


def beside_hints(change: Tensor, unhinted: Tensor) -> Tensor:
    """What stays of a change (2, h/2, w/2) beside hints: less where they reach, and the less the more they reach.

    unhinted: (h, w), 0 under a hint to 1.
    """
    # With a few hints the colorizer has made up its mind otherwise: unfaded, five would lose 0.1 dB.
    return change * F.avg_pool2d(unhinted[None], 2) * untold(unhinted)
