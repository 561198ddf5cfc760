"""How many frames a network sees at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch

# More frames at once gain little and take more memory: at full size some 60 MB each at 1080p, and 240 at 4K.
_MOST_WORKERS = 4


def worker_count(device: str) -> int:
    """A GPU takes one frame at a time; of a CPU each core does, up to four of them."""
    return min(_MOST_WORKERS, os.cpu_count() or 1) if device == "cpu" else 1


def prediction_pool(device: str) -> ThreadPoolExecutor:
    """Threads that run a network on frames of their own, `worker_count` of them, sharing out the cores.

    A frame at working size is too small to be shared among cores: on both of two, one of 256 by 455 took 0.9 to 1.3
    times as long as on one. torch's number of threads, where it is still the default, is set for the process.
    """
    count = worker_count(device)
    return ThreadPoolExecutor(count, "prediction", torch.set_num_threads, (max(1, (os.cpu_count() or 1) // count),))
