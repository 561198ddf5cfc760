"""What the saturation setting adds where no hint reaches: the more saturated of the likely colours, and less sepia.

The mean of all that is likely is pale, and what is left of it is a warm tint that the whole picture shares.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .hint_reach import untold
from .nets.ab_bins import bin_centres

# At full saturation only bins at least this likely, beside the likeliest, count; and each counts as e^0.8 times as
# likely for every 10 of its chroma. Chosen by eye among twelve: rarer bins turn shadows purple.
_LIKELY_SHARE = 0.15
_CHROMA_PULL = 0.08
# Cells of 8 pixels, a box taken twice: a choice that flips from cell to cell shows as blotches.
_SMOOTHING = 5
# At full saturation a warm tint that all shares loses this part, and what is left is strengthened to as much chroma as
# there was; where that would take more than this, less of the tint goes, or a brown picture would fade the more colour
# was asked for. By eye, on a film's interiors and 100 photographs, for 0.09 dB without hints at the default of 0.6.
_TINT_LOSS, _MOST_GAIN = 0.83, 1.6
# Of the interval in which the part lies that may go.
_HALVINGS = 10
# The cosine of a tint's hue at which it begins to be warm, and from which on it is: a meadow's green is its own, and a
# sky's blue.
_NOT_WARM, _WARM = -0.15, 0.25


def saturated(ab: Tensor, unhinted: Tensor, vivid: Tensor, saturation: float) -> Tensor:
    """ab (2, h, w) in Lab units with more colour where hints do not reach.

    unhinted: (h, w), 0 under a hint to 1. vivid: of `vividness`, (2, h, w). saturation: 0 (as it is) to 1.
    """
    ab = ab + saturation * unhinted * vivid
    return _with_less_tint(ab, unhinted, saturation * _TINT_LOSS)


def vividness(bin_logits: Tensor, size: tuple[int, int]) -> Tensor:
    """What the likely saturated colours have over the mean of all, as ab (2, *size); 0 where one colour is certain.

    bin_logits: nets.two_tower.Colors.bin_logits of one picture (Q, h', w').
    """
    centres = bin_centres()
    probability = bin_logits.softmax(0)
    likely = probability * (probability >= _LIKELY_SHARE * probability.amax(0))
    pulled = likely * torch.exp(_CHROMA_PULL * centres.norm(dim=1))[:, None, None]
    vivid = torch.einsum("qyx,qc->cyx", pulled / pulled.sum(0), centres)
    mean = torch.einsum("qyx,qc->cyx", probability, centres)
    # Where grey is the likeliest by far, the mean has more colour than the likely ones, and stays.
    gain = ((vivid - mean) * (vivid.norm(dim=0) > mean.norm(dim=0)))[None]
    for _ in range(2):
        gain = F.avg_pool2d(F.pad(gain, (_SMOOTHING // 2,) * 4, mode="replicate"), _SMOOTHING, 1)
    return F.interpolate(gain, size=size, mode="bilinear", align_corners=False)[0]


def _with_less_tint(ab: Tensor, unhinted: Tensor, loss: float) -> Tensor:
    """ab (2, h, w) with less of the tint that all unhinted places share, if it is warm, and as much chroma as before.

    loss: the part of the tint that goes where all is unhinted; hints tell of the tint themselves.
    """
    tint = (ab * unhinted).mean((1, 2)) / unhinted.mean().clamp(min=1e-6)
    strength = tint.norm().clamp(min=1e-6)
    hue = (tint / strength)[:, None, None]
    warmth = ((hue[0] - _NOT_WARM) / (_WARM - _NOT_WARM)).clamp(0.0, 1.0) * (hue[1] > 0)
    # To neutral, not beyond: shadows would turn blue.
    along, square = (ab * hue).sum(0).clamp(min=0.0), ab.square().sum(0)
    most = loss * untold(unhinted) * warmth * strength

    def left(share: float) -> Tensor:
        """The mean chroma without a share of what may go: |ab - hue * gone|, by squares, a tenth of norm's time."""
        gone = torch.minimum(along, share * most)
        return ((square - 2.0 * along * gone + gone.square()).clamp(min=0.0).sqrt() * unhinted).mean().clamp(min=1e-6)

    chroma, share = (square.sqrt() * unhinted).mean(), 1.0
    if left(share) * _MOST_GAIN < chroma:
        share, too_much = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (share + too_much)
            share, too_much = (share, middle) if left(middle) * _MOST_GAIN < chroma else (middle, too_much)
    gain = (chroma / left(share)).clamp(min=1.0)
    return ab + unhinted * (gain * (ab - hue * torch.minimum(along, share * most)) - ab)
