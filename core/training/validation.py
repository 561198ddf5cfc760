"""A trainer's figure: RGB PSNR on pictures kept apart, at the protocol's hint counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..color import lab_from_srgb, recolor
from ..evaluation.metrics import psnr
from ..evaluation.protocol import VALIDATION_COUNTS, centre_square, protocol_hints
from ..nets.two_tower import AB_SCALE, TwoTower


class Validation:
    """pictures: uint8 (H, W, 3), any size; each is seen as its centre square at 256."""

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        self._pictures = [centre_square(picture) for picture in pictures]
        rgb = torch.from_numpy(np.stack(self._pictures)).permute(0, 3, 1, 2).float() / 255.0
        lab = lab_from_srgb(rgb)
        self._lightness, self._ab = lab[:, :1], lab[:, 1:]

    def psnr(self, network: TwoTower, device: torch.device) -> dict[int, float]:
        """Mean PSNR in dB by number of hints."""
        return {count: self._psnr_at(count, network, device) for count in VALIDATION_COUNTS}

    @torch.no_grad()
    def _psnr_at(self, count: int, network: TwoTower, device: torch.device) -> float:
        figures = []
        for index, picture in enumerate(self._pictures):
            true_ab = self._ab[index].permute(1, 2, 0).numpy()
            hint_ab, hint_mask = protocol_hints(true_ab, count, seed=index)
            colors = network(
                self._lightness[index : index + 1].to(device),
                torch.from_numpy(hint_ab).permute(2, 0, 1)[None].to(device),
                torch.from_numpy(hint_mask)[None, None].float().to(device),
            )
            ab = torch.nn.functional.interpolate(colors.ab, size=picture.shape[:2], mode="bilinear")
            figures.append(psnr(recolor(picture, (ab[0] * AB_SCALE).permute(1, 2, 0).cpu().numpy()), picture))
        return float(np.mean(figures))
