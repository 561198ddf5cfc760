"""The gist network: the colours that pictures like this one have, from a look at the whole of it, small.

"Gist" is what is understood of a picture at a glance (Oliva and Torralba 2001). At a quarter of the size at which the
colorizer sees it a picture costs a fiftieth of the time, so that in the same hours this network learns from many times
as many pictures; it knows grass from sand, and nothing of edges or hints.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .weights_file import load_weights, shipped_weights

VARIANT = "gist"
SHIPPED_GIST = shipped_weights(VARIANT)
# Channels at 1/4, 1/8 and 1/16 of what it is given, and how many blocks stand there on the way down.
_WIDTHS, _DEPTHS = (64, 160, 192), (1, 2, 2)
FOLD = 4
# What it is given is padded to a multiple of this.
SIZE_MULTIPLE = 16


class GistBlock(nn.Module):
    """Two 3x3 convolutions around a skip, normalised before (He 2016, "Identity mappings"), and between them gates of
    channels that the whole picture sets (Hu 2018, "Squeeze-and-excitation")."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.squeeze, self.excite = nn.Linear(width, width // 8), nn.Linear(width // 8, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.second_norm(self.first(F.relu(self.first_norm(x)))))
        gates = 2.0 * torch.sigmoid(self.excite(F.relu(self.squeeze(hidden.mean((2, 3))))))
        return x + self.second(hidden * gates[:, :, None, None])


class GistNet(nn.Module):
    """lightness (B, 1, h, w), L* 0..100 → ab (B, 2, h/4, w/4) in network units. h and w: multiples of SIZE_MULTIPLE."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = self.widths = _WIDTHS
        self.fold_in = nn.Conv2d(FOLD * FOLD, fine, 3, padding=1)
        self.fine, self.middle, self.coarse = (
            nn.Sequential(*(GistBlock(width) for _ in range(depth)))
            for width, depth in zip(_WIDTHS, _DEPTHS, strict=True)
        )
        self.to_middle, self.to_coarse = nn.Conv2d(fine, middle, 2, stride=2), nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse_norm, self.middle_norm, self.fine_norm = (nn.BatchNorm2d(w) for w in (coarse, middle, fine))
        self.from_coarse, self.from_middle = nn.Conv2d(coarse, middle, 1), nn.Conv2d(middle, fine, 1)
        self.middle_up, self.fine_up = GistBlock(middle), GistBlock(fine)
        self.to_ab = nn.Conv2d(fine, 2, 1)
        nn.init.zeros_(self.to_ab.weight)
        assert self.to_ab.bias is not None
        nn.init.zeros_(self.to_ab.bias)

    def forward(self, lightness: Tensor) -> Tensor:
        return self.look(lightness)[0]

    def look(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ab as `forward` gives it; and what it is made from, (B, widths[1], h/8, w/8) and (B, widths[2], h/16,
        w/16)."""
        fine = self.fine(self.fold_in(F.pixel_unshuffle(lightness / 50.0 - 1.0, FOLD)))
        middle = self.middle(self.to_middle(fine))
        seen = F.relu(self.coarse_norm(self.coarse(self.to_coarse(middle))))
        middle = self.middle_up(middle + F.interpolate(self.from_coarse(seen), scale_factor=2, mode="nearest"))
        understood = F.relu(self.middle_norm(middle))
        fine = fine + F.interpolate(self.from_middle(understood), scale_factor=2, mode="bilinear", align_corners=False)
        ab = self.to_ab(F.relu(self.fine_norm(self.fine_up(fine))))
        return ab.float(), understood, seen


def load_gist(path: Path = SHIPPED_GIST) -> GistNet:
    """The gist network with float32 weights from a file. Raises InputError ("bad-weights") if it does not fit."""
    network = GistNet()
    load_weights(network, path, VARIANT)
    return network
