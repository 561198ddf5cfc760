"""What a finished frame was made from, as one key."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right

from .hint_tracking import stroked_keyframes
from .hints import HintTrack
from .job import Settings
from .strip_coloring import steady_reach

# Raise it with any change that gives other pixels: finished frames in the cache then count for nothing.
ALGORITHM_VERSION = 1


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
    ) -> None:
        """device: the one that runs, "cpu", "cuda" or "mps". bit_depth: of the finished frames."""
        self._common = [
            ALGORITHM_VERSION,
            source_digest,
            weights_digest,
            device,
            bit_depth,
            settings.working_size,
            settings.temporal_strength,
            settings.saturation,
        ]
        self._reach = steady_reach(settings)
        keyframes = stroked_keyframes(track)
        self._numbers = [keyframe.frame for keyframe in keyframes]
        self._digests = [_digest(keyframe.to_json()) for keyframe in keyframes]

    def key(self, frame: int) -> str:
        """64 hexadecimal digits: the frame, the settings, and the keyframes that can reach it."""
        # A frame's neighbours within the reach count, and each has the hints of the keyframes on both sides.
        first = max(0, bisect_left(self._numbers, frame - self._reach) - 1)
        end = bisect_right(self._numbers, frame + self._reach) + 1
        return _digest([*self._common, frame, self._digests[first:end]])


def _digest(document: object) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
