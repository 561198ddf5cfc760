"""A trainer's figure: RGB PSNR on pictures kept apart, at the protocol's hint counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from ..color import lab_from_srgb, recolor
from ..evaluation.metrics import psnr
from ..evaluation.protocol import SIDE, VALIDATION_COUNTS, centre_square, protocol_hints
from ..leading import SURE
from ..nets.fusion import TransferNet
from ..nets.two_tower import AB_SCALE, TwoTower
from .crops import PictureMix
from .led_samples import led_colors, sample_led

_LED_SEED = 2026


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
    def led_error(self, network: TwoTower, transfer: TransferNet, device: torch.device) -> float:
        """Root mean square error of ab where a frame's transferred colours are not sure, mean over the pictures."""
        rng = np.random.default_rng(_LED_SEED)
        figures = []
        for picture in self._pictures:
            # One after the other, so that each has one frame.
            led = sample_led(PictureMix([([picture], 1.0)]), 1, SIDE, 0.0, rng)
            led = led.to(device)
            colors, confidence = led_colors(network, transfer, led)
            square = (colors.ab * AB_SCALE - F.avg_pool2d(led.ab, 2)).square().sum(1, keepdim=True)
            unsure = F.avg_pool2d((confidence < SURE).float(), 2)
            figures.append(float((square * unsure).sum() / unsure.sum().clamp(min=1.0)) ** 0.5)
        return float(np.mean(figures))

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
            ab = F.interpolate(colors.ab, size=picture.shape[:2], mode="bilinear")
            figures.append(psnr(recolor(picture, (ab[0] * AB_SCALE).permute(1, 2, 0).cpu().numpy()), picture))
        return float(np.mean(figures))
