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
from .colorizer import Transferred
from .devices import choose_device, computes_in_bfloat16
from .nets.blocks import freeze
from .nets.fusion import FUSION_CELL, SIZE_MULTIPLE, Estimates, Memory, TransferNet
from .nets.similarity import CELL, alike_along
from .nets.weights_file import load_weights, shipped_weights

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


class Pooled(NamedTuple):
    """Estimates as cells, without a batch or with one before all: nets.fusion.Estimates but for `alike`, which is made
    of places: where routes lead, (K, 2, H/CELL, W/CELL), as nets.similarity.alike_along takes it."""

    ab: Tensor
    doubt: Tensor
    change: Tensor
    seen: Tensor
    distance: Tensor
    matched: Tensor
    places: Tensor

    def with_likeness(self, described: Tensor, anchors: Sequence[Tensor]) -> Estimates:
        """With a batch. described: the frame's descriptors; anchors: those of the anchor that each estimate is of."""
        along = [alike_along(described, one, self.places[:, [index]]) for index, one in enumerate(anchors)]
        nothing = described.new_zeros(len(described), 0, *described.shape[-2:])
        return Estimates(*self[:-1], torch.cat([nothing, *along], 1))


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
        with self._halves():
            keys = described = self._network.descriptor(planes[:, :1])
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
        cells_of = Pooled(*(part[None].to(self.device) for part in pooled(estimates, planes.shape[-2:])))
        memory = Memory(torch.cat([one.keys for one in remembered], -1), torch.cat([one.lab for one in remembered], -1))
        with self._halves():
            own = self._network.descriptor(planes)
            routed = cells_of.with_likeness(own, [one.described for one in estimates])
            choice = self._network(planes, own, routed, memory)
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


def pooled(estimates: Sequence[Estimate], size: Sequence[int]) -> Pooled:
    """The estimates without a batch. size: the padded (height, width)."""
    height, width = size[0] // FUSION_CELL, size[1] // FUSION_CELL
    ab, trust = torch.zeros(len(estimates), 2, height, width), torch.zeros(len(estimates), 3, height, width)
    for index, one in enumerate(estimates):
        ab[index] = F.avg_pool2d(padded(one.ab), FUSION_CELL)
        cells_wide = max(1, round(one.ab.shape[1] / FUSION_CELL)), max(1, round(one.ab.shape[0] / FUSION_CELL))
        small = cv2.resize(np.dstack((one.doubt, one.change, one.seen)), cells_wide, interpolation=cv2.INTER_AREA)
        right, below = width - cells_wide[0], height - cells_wide[1]
        trust[index] = torch.from_numpy(cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)).permute(
            2, 0, 1
        )
    distance = torch.tensor([float(one.distance) for one in estimates])
    matched = torch.tensor([float(one.matched) for one in estimates])
    places = torch.zeros(len(estimates), 2, size[0] // CELL, size[1] // CELL)
    for index, one in enumerate(estimates):
        places[index] = _targets(one, size)
    return Pooled(ab, trust[:, 0], trust[:, 1], trust[:, 2], distance, matched, places)


def _targets(estimate: Estimate, size: Sequence[int]) -> Tensor:
    """Where each cell's route leads, x and y in cells: (2, H / CELL, W / CELL)."""
    rows, columns = (max(1, round(length / CELL)) for length in estimate.ab.shape[:2])
    height, width = estimate.flow.shape[:2]
    x, y = cv2.split(cv2.resize(estimate.flow, (columns, rows), interpolation=cv2.INTER_AREA))
    x = x * np.float32(columns / width) + np.arange(columns, dtype=np.float32)
    y = y * np.float32(rows / height) + np.arange(rows, dtype=np.float32)[:, None]
    right, below = size[1] // CELL - columns, size[0] // CELL - rows
    places = cv2.copyMakeBorder(np.dstack((x, y)), 0, below, 0, right, cv2.BORDER_REPLICATE)
    return torch.from_numpy(places).permute(2, 0, 1)
