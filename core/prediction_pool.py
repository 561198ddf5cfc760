"""How many frames a network sees at once, and how many are finished at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch

# On a CPU more frames at once gain little. On a GPU one is prepared while the other one is computed.
_MOST_ON_CPU, _MOST_ON_GPU = 4, 2
# At full size a frame takes some 60 MB at 1080p, and 240 at 4K: more at once only where there are many cores.
_MOST_FINISHED = 8


def worker_count(device: str) -> int:
    """How many frames a network on the device is given at once."""
    return min(_MOST_ON_CPU, os.cpu_count() or 1) if device == "cpu" else _MOST_ON_GPU


def finisher_count() -> int:
    """How many frames are brought to full size, or encoded, at once: one a core, of more than four half of them."""
    cores = os.cpu_count() or 1
    return min(_MOST_FINISHED, cores, max(4, cores // 2))


def prediction_pool(device: str) -> ThreadPoolExecutor:
    """Threads that run a network on frames of their own, `worker_count` of them, sharing out the cores.

    A frame at working size is too small to be shared among cores: on both of two, one of 256 by 455 took 0.9 to 1.3
    times as long as on one. torch's number of threads, where it is still the default, is set for the process.
    """
    count = worker_count(device)
    return ThreadPoolExecutor(count, "prediction", torch.set_num_threads, (max(1, (os.cpu_count() or 1) // count),))
