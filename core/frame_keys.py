"""What a finished frame was made from, as one key."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from .hint_tracking import stroked_keyframes
from .hints import HintTrack
from .job import Settings

# Raise it with any change that gives other pixels: finished frames in the cache then count for nothing.
ALGORITHM_VERSION = 33


class FrameKeys:
    """The cache's keys of one job's frames. Equal keys mean equal pixels."""

    def __init__(
        self,
        source_digest: str,
        weights_digest: str,
        device: str,
        bit_depth: int,
        settings: Settings,
        track: HintTrack,
        references: Mapping[int, str],
        style: str = "",
    ) -> None:
        """device: the one that runs, "cpu", "cuda" or "mps". bit_depth: of the finished frames. references: source
        frame → the picture's digest. style: the style's digest, or ""."""
        self._common = [
            ALGORITHM_VERSION,
            source_digest,
            weights_digest,
            device,
            bit_depth,
            settings.working_size,
            settings.temporal_strength,
            settings.saturation,
            # Any frame may resemble any reference.
            sorted(references.items()),
            style,
        ]
        strokes = {keyframe.frame: keyframe.to_json() for keyframe in stroked_keyframes(track)}
        self._numbers = sorted(strokes)
        self._digests = [_digest(strokes[frame]) for frame in self._numbers]

    def key(self, frame: int) -> str:
        """64 hexadecimal digits: the frame, the settings, the references, and the keyframes that can reach it: those on
        both sides of it, and itself if it is one."""
        before, after = bisect_left(self._numbers, frame) - 1, bisect_right(self._numbers, frame)
        return _digest([*self._common, frame, self._digests[max(0, before) : after + 1]])


def _digest(document: object) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
