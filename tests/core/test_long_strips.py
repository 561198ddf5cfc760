"""An hour of film streams through: memory does not grow with the strip's length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="peak memory is asked of Unix")

REPOSITORY = Path(__file__).resolve().parents[2]
# A process of its own, whose peak is this strip's alone. Frames of 96 by 72: 75 KB each as picture and chroma.
STREAM = """
import resource
import numpy as np
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.pipeline import colorize_frames

def texture():
    rows = np.random.default_rng(0).integers(0, 256, (9, 64), dtype=np.uint8)
    return np.kron(rows, np.ones((8, 8), np.uint8))

def frames(count):
    picture = texture()
    for number in range(count):
        yield np.roll(picture, -number, axis=1)[:, :96, None].repeat(3, axis=2)

track = HintTrack((Keyframe(0, (Stroke("#c03020", 0.1, ((0.5, 0.5),)),)),))
settings = Settings(variant="squeeze", device="cpu", working_size=128)
for number, _ in enumerate(colorize_frames(frames(420), hints=track, settings=settings)):
    if number in (140, 419):
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_strip_s_length() -> None:
    result = subprocess.run([sys.executable, "-c", STREAM], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    kib = 1024 if sys.platform != "darwin" else 1
    early, late = (int(line) * kib for line in result.stdout.split())
    # Keeping each frame's picture or chroma would take 5 to 20 MB more.
    assert late - early < 3e6
