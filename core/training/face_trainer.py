"""Trains the face network on windows of colour pictures whose faces are known, seen as film shows them; resumable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..evaluation.face_places import Face, FacePlaces, on_face_of, place_on_face
from ..face_windows import window
from ..nets.face import SIDE, SPAN, FaceNet
from .film_looks import film_look
from .recipes import FaceRecipe, Phase
from .training_run import Passed, TrainingRun, batches_ahead

_Drawn = TypeVar("_Drawn")
# So many times a face's ellipse is clear of it.
_CLEAR = 1.65
# Windows are turned by so many degrees (a deviation), and too wide or narrow by up to this power of e.
_TURNED, _SIZED = 15.0, 0.25
# The part of windows beside faces that are on one, but so much too wide or narrow, as powers of e.
_OF_WRONG_SIZE, _WRONG_SIZE = 0.35, (0.75, 1.6)
# Beside a face, windows are so much narrower or wider, as powers of e: a head and shoulders look like a face far off.
_BESIDE_SIZE = (-0.6, 1.2)
# Spans of windows that may lie anywhere, as parts of a picture's short side.
_ANY_SPAN = (0.15, 1.6)
_KEPT_SAMPLES, _KEPT_SEED = 2000, 1
_SURE_OTHERS = 0.02


class FaceTrainer(TrainingRun):
    """One run, kept in one checkpoint file. best: the share of windows on faces that are told, where one in fifty of
    the others is, on pictures kept for validation."""

    validate_every_s = 120.0
    final_rate = 0.01

    def __init__(
        self,
        recipe: FaceRecipe,
        learned: Sequence[tuple[np.ndarray, FacePlaces]],
        kept: Sequence[tuple[np.ndarray, FacePlaces]],
        checkpoint: Path,
        device: str,
    ) -> None:
        """learned, kept: pictures, uint8 (H, W, 3), and where their faces are; of both, some have none."""
        self.recipe, self.device = recipe, torch.device(device)
        self._learned, self._kept = WindowDraw(learned), WindowDraw(kept)
        torch.manual_seed(recipe.seed)
        self.network = FaceNet().to(self.device)
        # torch's stubs do not know Module.to's memory_format.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        super().__init__(recipe, self.network, optimizer, checkpoint)

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights."""
        return dict(self.average)

    def _steps(self, passed: Passed) -> Iterator[dict[str, str | int]]:
        for progress, batch in batches_ahead(self, self.recipe.phases, self._make_batch, passed):
            yield {"loss": f"{self._learn(*batch, progress):.4f}"}

    def _make_batch(self, step: int, phase: Phase) -> tuple[Tensor, Tensor]:
        """lightness (B, 1, SIDE, SIDE) and whether it is on a face, (B,), 0 or 1; the same for the same step."""
        rng = np.random.default_rng((self.recipe.seed, step))
        return self._learned.windows(phase.batch, self.recipe, rng)

    def _learn(self, seen: Tensor, on_face: Tensor, progress: float) -> float:
        self._set_rate(progress)
        logits = self.network(seen.to(self.device, memory_format=torch.channels_last))
        smoothed = on_face.lerp(torch.full_like(on_face, 0.5), self.recipe.label_smoothing)
        return self._descend(
            F.binary_cross_entropy_with_logits(logits, smoothed.to(self.device)), self.recipe.ema_decay
        )

    @torch.no_grad()
    def _validated(self) -> tuple[float, str]:
        seen, on_face = self._kept.windows(_KEPT_SAMPLES, self.recipe, np.random.default_rng(_KEPT_SEED))
        with self._averaged():
            logits = torch.cat([self.network(part.to(self.device)).cpu() for part in seen.split(200)])
        told = logits[on_face < 0.5].quantile(1.0 - _SURE_OTHERS)
        share = float((logits[on_face > 0.5] > told).float().mean())
        return share, f"{share:.1%} of windows on faces told where {_SURE_OTHERS:.0%} of others are"


class WindowDraw:
    """Draws windows on faces and on all else from pictures."""

    def __init__(self, pictures: Sequence[tuple[np.ndarray, FacePlaces]]) -> None:
        self._faces = [(picture, places.faces) for picture, places in pictures if places.faces]
        self._others = [(picture, places.others) for picture, places in pictures if places.others]
        self._rest = [picture for picture, places in pictures if not places.faces and places.sure]

    def windows(self, count: int, recipe: FaceRecipe, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """lightness (count, 1, SIDE, SIDE), L* 0..100, and whether a face is in its middle, (count,), 0 or 1."""
        shares = np.cumsum([recipe.faces_share, recipe.beside_share, recipe.others_share])
        lightness, on_face = np.empty((count, 1, SIDE, SIDE), np.float32), np.zeros(count, np.float32)
        for i, drawn in enumerate(rng.random(count)):
            if drawn < shares[0]:
                seen, on_face[i] = _on_face(*_drawn(self._faces, rng), rng), 1.0
            elif drawn < shares[1]:
                seen = _beside_faces(*_drawn(self._faces, rng), rng)
            elif drawn < shares[2] and self._others:
                seen = _on_face(*_drawn(self._others, rng), rng)
            else:
                seen = _anywhere(_drawn(self._rest, rng), rng)
            aged = rng.random() < recipe.film_share
            lightness[i, 0] = film_look(seen, rng) if aged else cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY) / 2.55
        return torch.from_numpy(lightness), torch.from_numpy(on_face)


def _drawn(pictures: list[_Drawn], rng: np.random.Generator) -> _Drawn:
    return pictures[rng.integers(len(pictures))]


def _turned(picture: np.ndarray, place: tuple[float, float], span: float, rng: np.random.Generator) -> np.ndarray:
    return window(picture, place, span, turned=rng.normal(0.0, _TURNED), mirrored=rng.random() < 0.5)


def _on_face(picture: np.ndarray, faces: list[Face], rng: np.random.Generator) -> np.ndarray:
    face = faces[rng.integers(len(faces))]
    out, around = np.sqrt(rng.random()), rng.uniform(0.0, 2.0 * np.pi)
    place = place_on_face(face, out * np.cos(around), out * np.sin(around))
    return _turned(picture, place, SPAN * face.width * np.exp(rng.uniform(-_SIZED, _SIZED)), rng)


def _beside_faces(picture: np.ndarray, faces: list[Face], rng: np.random.Generator) -> np.ndarray:
    """A window of about a face's size on none, or of another size on one."""
    face = faces[rng.integers(len(faces))]
    if rng.random() < _OF_WRONG_SIZE:
        wrong = rng.choice((-1.0, 1.0)) * rng.uniform(*_WRONG_SIZE)
        return _turned(picture, place_on_face(face, *rng.uniform(-0.9, 0.9, 2)), SPAN * face.width * np.exp(wrong), rng)
    height, width = picture.shape[:2]
    place = 0.0, 0.0
    for _ in range(30):
        if rng.random() < 0.6:
            away, around = rng.uniform(_CLEAR, 5.0), rng.uniform(0.0, 2.0 * np.pi)
            place = place_on_face(face, away * np.cos(around), away * np.sin(around))
        else:
            place = rng.uniform(0.0, width), rng.uniform(0.0, height)
        if 0.0 <= place[0] < width and 0.0 <= place[1] < height and all(_is_clear(place, other) for other in faces):
            break
    return _turned(picture, place, SPAN * face.width * np.exp(rng.uniform(*_BESIDE_SIZE)), rng)


def _anywhere(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    span = min(height, width) * np.exp(rng.uniform(*np.log(_ANY_SPAN)))
    return _turned(picture, (rng.uniform(0.0, width), rng.uniform(0.0, height)), span, rng)


def _is_clear(place: tuple[float, float], face: Face) -> bool:
    return float(np.hypot(*on_face_of(place, face))) > _CLEAR
