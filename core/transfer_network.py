"""The transfer network as everything else sees it: estimates and anchors in, one answer with its confidence out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .chroma_detail import CarriedDetail
from .devices import choose_device, computes_in_bfloat16
from .nets.blocks import freeze
from .nets.fusion import FUSION_CELL, SIZE_MULTIPLE, Estimates, Memory, TransferNet
from .nets.similarity import CELL
from .nets.weights_file import load_weights, shipped_weights
from .transferred import Transferred

VARIANT = "transfer"


class Estimate(NamedTuple):
    """A frame's colours as one route brings them.

    ab: float32 (H, W, 2), at working size. doubt: float32 (h, w), of any size, pixels that the way there and back
    misses. change: float32 (h, w), L* by which the footage differs. seen: float32 (h, w), 0..1, how surely it was in
    sight all the way. distance: frames to the anchor. matched: whether the route was matched with the anchor itself,
    or carried from frame to frame. flow: float32 (h', w', 2), the route, in pixels of any size. described: what
    `describe` gives of the anchor. detail: what the anchor's chroma has beyond working size.
    """

    ab: np.ndarray
    doubt: np.ndarray
    change: np.ndarray
    seen: np.ndarray
    distance: int
    matched: bool
    flow: np.ndarray
    described: Tensor
    detail: CarriedDetail | None = None


class Remembered(NamedTuple):
    """An anchor as the network remembers it: descriptors (1, 64, n) and colours (1, 3, n) of its cells; and its
    descriptors where they lie, (1, 64, h, w), of cells that are never coarse."""

    keys: Tensor
    lab: Tensor
    described: Tensor


class TransferNetwork:
    """The transfer network with its weights, ready on a device. Make one with `TransferNetwork.load`."""

    def __init__(self, network: TransferNet, digest: str, device: str) -> None:
        self.device, self.digest = device, digest
        self._in_bfloat16 = device == "cuda" or computes_in_bfloat16(device)
        self._network = freeze(network).eval().to(device)
        # torch's stubs do not know Module.to's memory_format.
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, device: str = "auto", *, weights: str | Path | None = None) -> TransferNetwork:
        """weights: a .safetensors file instead of the one that ships.

        Raises InputError for weights that are missing, damaged or another network's, and for a missing device.
        """
        path = Path(weights) if weights is not None else shipped_weights(VARIANT)
        network = TransferNet()
        load_weights(network, path, VARIANT)
        return cls(network, hashlib.sha256(path.read_bytes()).hexdigest(), choose_device(device))

    @torch.inference_mode()
    def remember(self, lightness: np.ndarray, ab: np.ndarray, *, coarse: bool = False) -> Remembered:
        """A picture whose colours are known: L* float32 (H, W) and ab float32 (H, W, 2). coarse: by cells twice as
        large."""
        planes = padded(np.dstack((lightness, ab)))[None].to(self.device)
        keys = described = self.describe(lightness)
        lab = F.avg_pool2d(planes, CELL)
        if coarse:
            keys, lab = F.normalize(F.avg_pool2d(keys, 2), dim=1), F.avg_pool2d(lab, 2)
        return Remembered(keys.flatten(2), lab.flatten(2), described)

    @torch.inference_mode()
    def describe(self, lightness: np.ndarray) -> Tensor:
        """Descriptors of a picture, (1, 64, h, w) of cells; lightness: L* float32 (H, W)."""
        with self._halves():
            return self._network.descriptor(padded(lightness[..., None])[None].to(self.device))

    @torch.inference_mode()
    def choose(
        self, lightness: np.ndarray, estimates: Sequence[Estimate], remembered: Sequence[Remembered]
    ) -> Transferred:
        """A frame's colours, of any number of estimates and at least one remembered picture.

        lightness: float32 (H, W), L* 0..100, the estimates' size.
        """
        height, width = lightness.shape
        planes = padded(lightness[..., None])[None].to(self.device)
        routed = Estimates(*(part[None].to(self.device) for part in pooled(estimates, planes.shape[-2:])))
        anchors = [one.described for one in estimates]
        memory = Memory(torch.cat([one.keys for one in remembered], -1), torch.cat([one.lab for one in remembered], -1))
        with self._halves():
            choice = self._network(planes, self._network.descriptor(planes), routed, anchors, memory)
        weights = F.interpolate(choice.weights, scale_factor=FUSION_CELL, mode="bilinear")[0, :, :height, :width]
        gathered = F.interpolate(choice.gathered, scale_factor=FUSION_CELL, mode="bilinear")[0, :, :height, :width]
        shares = weights.cpu().numpy()
        # Both planes in one array: numpy takes four times as long to spread one over two.
        ab = cv2.merge(list(gathered.cpu().numpy() * shares[-2]))
        for one, share in zip(estimates, shares[:-2], strict=True):
            ab += one.ab * cv2.merge((share, share))
        confidence = 1.0 - shares[-1]
        known = np.maximum(confidence, 1e-4)
        detail = _detail(estimates, [share / known for share in shares[:-2]])
        return Transferred(ab / cv2.merge((known, known)), np.clip(confidence, 0.0, 1.0), detail=detail)

    def _halves(self) -> torch.autocast:
        """Convolutions in bfloat16 on a GPU and on a CPU that has it: half the time, the answer within a step of ab.

        A CPU that has not would take four times as long as in float32.
        """
        return torch.autocast(self.device, torch.bfloat16, enabled=self._in_bfloat16)


def _detail(estimates: Sequence[Estimate], shares: Sequence[np.ndarray]) -> np.ndarray | None:
    """What estimates have beyond working size, float32 (h', w', 2), by each one's share, (H, W); None if nothing."""
    total = None
    for one, share in zip(estimates, shares, strict=True):
        if one.detail is not None:
            arrived = one.detail.arrived()
            fine_share = cv2.resize(share, arrived.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            arrived *= cv2.merge((fine_share, fine_share))
            total = arrived if total is None else total + arrived
    return total


def padded(picture: np.ndarray) -> Tensor:
    """float32 (H, W, C) as planes (C, H, W), its edges repeated to multiples of the network's."""
    height, width = picture.shape[:2]
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, -1, 0), dtype=np.float32))
    return F.pad(planes[None], (0, -width % SIZE_MULTIPLE, 0, -height % SIZE_MULTIPLE), mode="replicate")[0]


def cells(lab: Tensor) -> Tensor:
    """Padded planes (B, 3, H, W) as the memory's cells, in one row: (B, 3, n)."""
    return F.avg_pool2d(lab, CELL).flatten(2)


def pooled(estimates: Sequence[Estimate], size: Sequence[int]) -> Estimates:
    """The estimates without a batch. size: the padded (height, width)."""
    height, width = size[0] // FUSION_CELL, size[1] // FUSION_CELL
    ab, trust = torch.zeros(len(estimates), 2, height, width), torch.zeros(len(estimates), 3, height, width)
    places = torch.zeros(len(estimates), 2, size[0] // CELL, size[1] // CELL)
    for index, one in enumerate(estimates):
        ab[index] = F.avg_pool2d(padded(one.ab), FUSION_CELL)
        small = _in_cells(np.dstack((one.doubt, one.change, one.seen)), one, FUSION_CELL)
        trust[index] = _filled_up(small, height, width)
        places[index] = _filled_up(_targets(one), *places.shape[-2:])
    distance = torch.tensor([float(one.distance) for one in estimates])
    matched = torch.tensor([float(one.matched) for one in estimates])
    return Estimates(ab, trust[:, 0], trust[:, 1], trust[:, 2], distance, matched, places)


def _targets(estimate: Estimate) -> np.ndarray:
    """Where each cell's route leads, x and y in cells of CELL: float32 (h, w, 2)."""
    height, width = estimate.flow.shape[:2]
    x, y = cv2.split(_in_cells(estimate.flow, estimate, CELL))
    rows, columns = x.shape
    x = x * np.float32(columns / width) + np.arange(columns, dtype=np.float32)
    y = y * np.float32(rows / height) + np.arange(rows, dtype=np.float32)[:, None]
    return np.dstack((x, y))


def _in_cells(planes: np.ndarray, estimate: Estimate, cell: int) -> np.ndarray:
    """Planes (h', w', C) of any size as means over the estimate's cells of so many pixels."""
    rows, columns = (max(1, round(length / cell)) for length in estimate.ab.shape[:2])
    return cv2.resize(planes, (columns, rows), interpolation=cv2.INTER_AREA)


def _filled_up(cells: np.ndarray, height: int, width: int) -> Tensor:
    """Cells (h, w, C) as planes (C, height, width), the last of them repeated."""
    rows, columns = cells.shape[:2]
    whole = cv2.copyMakeBorder(cells, 0, height - rows, 0, width - columns, cv2.BORDER_REPLICATE)
    return torch.from_numpy(whole).permute(2, 0, 1)
