"""The faces of a strip, steady over time: found on some of its frames, and carried along the motion to the others."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from .face_finding import FaceFinder, FoundFace, grouped
from .frame_store import keep
from .strip_motion import StripMotion

# Faces are looked for on every so many frames, and on a shot's first one; and count up to so many frames later and
# earlier, the far ones less: cascades lose a face that turns, and see one in a curtain for a frame.
_LOOKED_EVERY, _LATER, _EARLIER = 8, 40, 24
# The shares of what was looked at that must agree on a face, from where there may be one to where there is.
_SOMETIMES, _MOSTLY = 0.25, 0.4
# How far from its middle, as a part of its width, a face tells how it moves.
_MIDDLE = 0.3
# Frames that were looked at, with what was carried from them, and those of which it is known whether a shot ends there.
_LOOKED_KEPT, _CUTS_KEPT = 16, 256


class StripFaces:
    """The faces on any frame of a strip. What it says of a frame depends on the footage alone."""

    def __init__(self, finder: FaceFinder, motion: StripMotion) -> None:
        self._finder, self._motion = finder, motion
        self._cuts: OrderedDict[int, bool] = OrderedDict()
        # By the frame that they were found on: where they are on that and on others.
        self._known: OrderedDict[int, dict[int, list[FoundFace]]] = OrderedDict()

    def at(self, frame: int) -> list[FoundFace]:
        """The faces on a frame, the surest first."""
        looked = self._looked_until(frame)
        # Footage is read ahead where there may be a face, and nowhere else.
        if any(self._carried(number, frame) for number in looked):
            looked += self._looked_from(frame + 1)
        weights = {number: _weight(number - frame) for number in looked}
        nearest = sorted(looked, key=lambda number: -weights[number])
        finds = [(face, weights[number]) for number in nearest for face in self._carried(number, frame)]
        faces = []
        for group in grouped(finds):
            shares = np.array([weight * face.sureness for face, weight in group])
            agreed = (shares.sum() / sum(weights.values()) - _SOMETIMES) / (_MOSTLY - _SOMETIMES)
            if agreed > 0.0:
                x, y, width = (shares @ np.array([face[:3] for face, _ in group]) / shares.sum()).tolist()
                faces.append(FoundFace(x, y, width, min(1.0, float(agreed))))
        return sorted(faces, key=lambda face: -face.sureness)

    def _looked_until(self, frame: int) -> list[int]:
        """The frames of a frame's shot that are looked at, up to that one: the shot's first one, too."""
        first = frame
        while first > max(0, frame - _LATER) and not self._is_cut(first - 1):
            first -= 1
        begins = first == 0 or self._is_cut(first - 1)
        looked = [number for number in range(first, frame + 1) if number % _LOOKED_EVERY == 0]
        return [first, *looked] if begins and first % _LOOKED_EVERY else looked

    def _looked_from(self, frame: int) -> list[int]:
        """Those of the shot of the frame before, from this one on."""
        looked = []
        for number in range(frame, frame + _EARLIER):
            if not self._motion.has(number) or self._is_cut(number - 1):
                break
            if number % _LOOKED_EVERY == 0:
                looked.append(number)
        return looked

    def _is_cut(self, frame: int) -> bool:
        """Whether another shot begins after a frame."""
        if frame not in self._cuts:
            keep(self._cuts, frame, self._motion.between(frame).cut, _CUTS_KEPT)
        return self._cuts[frame]

    def _carried(self, looked: int, frame: int) -> list[FoundFace]:
        """Where the faces found on frame `looked` are on another one of its shot."""
        if looked not in self._known:
            lightness = self._motion.picture(looked).astype(np.float32) / 2.55
            keep(self._known, looked, {looked: self._finder.found(lightness)}, _LOOKED_KEPT)
        known, step = self._known[looked], 1 if frame > looked else -1
        at = next(number for number in range(frame, looked - step, -step) if number in known)
        for number in range(at, frame, step):
            motion = self._motion.between(min(number, number + step))
            flow = motion.forward if step > 0 else motion.backward
            known[number + step] = [_moved(face, flow) for face in known[number]]
        return known[frame]


def _weight(frames: int) -> float:
    """How much what is found so many frames later counts."""
    reach = (_EARLIER if frames > 0 else _LATER) + 1.0
    return 1.0 - (frames / reach) ** 2


def _moved(face: FoundFace, flow: np.ndarray) -> FoundFace:
    """Where a face is a frame on. flow: of Motion, (h, w, 3)."""
    height, width = flow.shape[:2]
    x, y, half = (part * width for part in (face.x, face.y, _MIDDLE * face.width))
    # At least a pixel, the nearest where the face left the picture.
    rows, columns = (
        slice(min(max(0, int(middle - half)), size - 1), max(1, int(middle + half) + 1))
        for middle, size in ((y, height), (x, width))
    )
    right, down = (np.median(flow[rows, columns, :2], axis=(0, 1)) / width).tolist()
    return face._replace(x=face.x + right, y=face.y + down)
