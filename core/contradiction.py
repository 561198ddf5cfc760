"""Where hints say otherwise: transferred colours that they contradict are believed less, as far as the hints reach."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .hint_reach import smoothed
from .nets.domain_transform import step_costs
from .nets.nearest_hint import nearest_hint
from .nets.two_tower import FOLD, WAY
from .seen_picture import pad_edge, padding_of
from .transferred import Transferred

# ab between a hint and what was brought there at which the latter is wrong by 63 %. With 20 dots on the middle frame of
# four clips, and a reference in true hues, 7 loses 0.1 dB, 10 and 15 nothing; in wrong hues 10 is 0.6 dB above 15.
_WRONG = 10.0
# The way from a hint, in the costs of `WAY`, at which a third of what it says is left. With a reference in wrong hues
# 0.5, 1 and 2 give that frame 23.9, 24.1 and 24.6 dB; 1 leaves half of an old film's green face green.
_REACH = 2.0
# Over this part of the short side a hint and what was brought there are compared by their means: a dot may lie on more
# than one thing, and has the mean of their colours.
_COMPARED_PART = 28
# Where one hint's reach meets another's is smoothed over this part of the short side, to either side.
_SMOOTHED_PART = 32


def uncontradicted(
    lightness: np.ndarray, hint_ab: np.ndarray, hint_mask: np.ndarray, transferred: Transferred, heard: float
) -> Transferred:
    """Transferred colours with less confidence where the nearest hint along the picture's edges has another colour.

    lightness: float32 (H, W), L* 0..100. hint_ab: float32 (H, W, 2). hint_mask: bool (H, W). heard: how far hints are
    to be heard against what was transferred, 0..1.
    """
    if not hint_mask.any() or not heard:
        return transferred
    height, width = hint_mask.shape
    mask = hint_mask.astype(np.float32)
    side = 2 * (min(height, width) // (2 * _COMPARED_PART)) + 1
    apart = cv2.blur((transferred.ab - hint_ab) * mask[..., None], (side, side))
    apart /= np.maximum(cv2.blur(mask, (side, side)), 1e-6)[..., None]
    wrong = 1.0 - np.exp(-np.square(apart / _WRONG).sum(-1))
    plane = torch.from_numpy(np.ascontiguousarray(lightness, dtype=np.float32))
    padding = padding_of(plane)
    cells = F.avg_pool2d(pad_edge(plane, padding)[None, None], FOLD)
    hints = F.avg_pool2d(F.pad(torch.from_numpy(np.stack((mask * wrong, mask))), padding)[None], FOLD)
    weight = hints[:, 1:]
    near, way = nearest_hint(hints[:, :1] / weight.clamp(min=1e-6), weight, *step_costs(cells, *WAY))
    doubt = smoothed(near * torch.exp(-(way / _REACH).square()), _SMOOTHED_PART)
    doubt = F.interpolate(doubt, scale_factor=FOLD, mode="bilinear", align_corners=False)[0, 0, :height, :width]
    return transferred._replace(confidence=transferred.confidence * (1.0 - heard * doubt.numpy()))
