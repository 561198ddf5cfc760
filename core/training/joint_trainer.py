"""Tunes transfer network and colorizer together: on pairs of neighbouring frames, by what comes out at the end.

Of the colorizer only the path for transferred colours learns: a few clips would be learned by heart by the rest, and
what it makes of hints, or of nothing, stays as it was.

The loss: distance from the true colours, and its square; distance from the user's, under the hints; and the colour
difference of the two frames along their motion. The transfer network learns from what the colorizer makes of its
answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..leading import GATE_POWER, SURE, leading_places
from ..nets.fusion import FUSION_CELL, TransferNet
from ..nets.two_tower import AB_SCALE, TwoTower
from .hint_sampling import sample_hints
from .recipes import JointRecipe
from .training_run import Passed, TrainingRun
from .transfer_samples import SamplePair
from .transfer_trainer import EARLIER, LATER, brought, choose
from .transfer_views import View, random_window, stacked, view, windowed

# Which anchors are remembered, and which estimates are given.
_GIVEN = (((0,), EARLIER), ((0, 1), EARLIER + LATER), ((1,), LATER))
# Of the pairs that have strokes besides.
_HINTED_SHARE = 0.3


class Joint(nn.Module):
    """Both networks, as one."""

    def __init__(self, colorizer: TwoTower, transfer: TransferNet) -> None:
        super().__init__()
        self.colorizer, self.transfer = colorizer, transfer
        colorizer.requires_grad_(False)
        for parameter in colorizer.transfer_path():
            parameter.requires_grad_(True)
        for part in transfer.descriptor.tower():
            part.requires_grad_(False)

    def forward(self, seen: View, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """ab (B, 2, h, w), Lab units, cells of FUSION_CELL: as strip_coloring has it without exemplars, before it is
        made steady."""
        ab, confidence = (part.float() for part in brought(choose(self.transfer, seen), seen))
        height, width = seen.lightness.shape[-2:]
        dense, trust = (F.interpolate(part, size=(height, width), mode="bilinear") for part in (ab, confidence))
        leading = torch.from_numpy(leading_places((height, width))).to(dense.device) & (trust > SURE)
        led_by = torch.where(hint_mask > 0, hint_ab, dense.detach() * leading)
        colors = self.colorizer(
            seen.lightness, led_by, (hint_mask + leading).clamp(max=1.0), (dense, trust**GATE_POWER)
        )
        own = F.avg_pool2d(colors.ab.float(), FUSION_CELL // 2) * AB_SCALE
        return own + (confidence * (F.avg_pool2d(hint_mask, FUSION_CELL) == 0)) * (ab - own)


@dataclass(frozen=True)
class Figures:
    """Over the kept pairs. error: root mean square of ab. flicker: mean colour difference along the motion."""

    error: float
    flicker: float


class JointTrainer(TrainingRun):
    """One run, kept in one checkpoint file, begun from two trained networks."""

    validate_every_s = 120.0
    final_rate = 0.05

    def __init__(
        self,
        recipe: JointRecipe,
        joint: Joint,
        learned: Sequence[list[SamplePair]],
        kept: Sequence[SamplePair],
        checkpoint: Path,
        device: str,
    ) -> None:
        """learned: sets of pairs, drawn from equally often; those of one set have one size."""
        self.recipe, self.learned, self.kept = recipe, learned, kept
        self.device = torch.device(device)
        torch.manual_seed(recipe.seed)
        self.joint = joint.to(self.device)
        tuned = [parameter for parameter in joint.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(tuned, lr=recipe.learning_rate, weight_decay=0.0, betas=(0.9, 0.99))
        super().__init__(recipe, self.joint, optimizer, checkpoint)

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        while (progress := passed()) < 1.0:
            yield {"loss": f"{self._learn(progress):.3f}"}

    def figures(self) -> Figures:
        """Of the averaged weights, over the kept pairs with hints."""
        errors, flickers = [], []
        with self._averaged():
            for number, pair in enumerate(self.kept):
                rng = np.random.default_rng((self.recipe.seed, number))
                frames, step = self._frames(pair, _GIVEN[number % len(_GIVEN)])
                hints = self._hints(frames, rng)
                with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
                    ab = self.joint(frames, *hints)
                errors.append(float((ab - frames.truth).square().sum(1).mean()))
                flickers.append(float(along_motion(ab, step)))
        return Figures(math.sqrt(np.mean(errors)), float(np.mean(flickers)))

    def _learn(self, progress: float) -> float:
        rng = np.random.default_rng((self.recipe.seed, self.step))
        self._set_rate(progress)
        self.optimizer.zero_grad(set_to_none=True)
        # One after the other: windows of different clips have different numbers of anchors' cells.
        losses = [self._loss_of_one(rng) for _ in range(self.recipe.pairs)]
        self._apply_gradients(self.recipe.ema_decay)
        return float(np.mean(losses))

    def _loss_of_one(self, rng: np.random.Generator) -> float:
        """The loss of one pair; adds to the gradients."""
        pairs = self.learned[int(rng.integers(len(self.learned)))]
        pair = pairs[int(rng.integers(len(pairs)))]
        frames, step = self._frames(pair, _GIVEN[int(rng.integers(len(_GIVEN)))], rng)
        hint_ab, hint_mask = self._hints(frames, rng)
        with torch.autocast(self.device.type, torch.bfloat16):
            ab = self.joint(frames, hint_ab, hint_mask)
        square = (ab - frames.truth).square().sum(1)
        error = square.add(0.25).sqrt() + self.recipe.squared_share * square
        weight = F.avg_pool2d(hint_mask, FUSION_CELL)
        told = F.avg_pool2d(hint_ab * hint_mask, FUSION_CELL) / weight.clamp(min=1e-6)
        obeyed = ((ab - told).square().sum(1, keepdim=True).add(0.25).sqrt() * weight).sum() / weight.sum().clamp(min=1)
        loss = error.mean() + self.recipe.hints_share * obeyed + self.recipe.motion_share * along_motion(ab, step)
        (loss / self.recipe.pairs).backward()
        return float(loss.detach())

    def _frames(
        self, pair: SamplePair, given: tuple[tuple[int, ...], tuple[int, ...]], rng: np.random.Generator | None = None
    ) -> tuple[View, Tensor]:
        """Both frames as a batch of two, and the motion between them; a window of them if rng is given."""
        views, step = [view(sample, *given) for sample in (pair.earlier, pair.later)], pair.step.float()
        if rng is not None:
            window = random_window(views[0].lightness, self.recipe.window, rng)
            views, step = [windowed(one, window) for one in views], window.cut(step, FUSION_CELL)
            if window.mirrored:
                step = step * torch.tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)
        return stacked(views), step

    def _hints(self, frames: View, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        true_ab = F.interpolate(frames.truth, scale_factor=FUSION_CELL, mode="bilinear")
        hint_ab, hint_mask = sample_hints(true_ab, generator)
        hinted = float(rng.random() < _HINTED_SHARE)
        return hint_ab * hinted, hint_mask * hinted

    def _validated(self) -> tuple[float, str]:
        figures = self.figures()
        said = f"ab error {figures.error:.3f}, difference along the motion {figures.flicker:.3f}"
        return -figures.error, said


def along_motion(ab: Tensor, step: Tensor) -> Tensor:
    """Mean colour difference of two frames, ab (2, 2, h, w), along the motion (3, h, w), where that is trusted."""
    height, width = ab.shape[-2:]
    x = torch.arange(width).view(1, width) + step[0]
    y = torch.arange(height).view(height, 1) + step[1]
    grid = torch.stack((2.0 * (x + 0.5) / width - 1.0, 2.0 * (y + 0.5) / height - 1.0), -1)[None]
    later = F.grid_sample(ab[1:], grid, mode="bilinear", padding_mode="border", align_corners=False)
    difference = (ab[:1] - later).square().sum(1).add(0.01).sqrt()
    return (difference * step[2]).sum() / step[2].sum().clamp(min=1.0)
