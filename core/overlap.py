"""Two steps of a stream at once: the second one on some items while the first one makes the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def overlapped(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int = 1
) -> Generator[Result, None, None]:
    """function(item) of each item, in order, up to `workers` at once in threads while the next item is made.

    As many items are made ahead. What `function` raises comes out in its result's place; what `items` raises, at once.
    Worth it for functions that leave the interpreter for most of their time, as numpy, OpenCV and torch do. torch keeps
    each to one core: a frame goes by blocks of rows, and two cores took 130 ms at 1080p for what one does in 55.
    """
    with ThreadPoolExecutor(workers, "overlapped", torch.set_num_threads, (1,)) as pool:
        running: deque[Future[Result]] = deque()
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) > workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def ahead(items: Iterable[Item], count: int = 2) -> Generator[Item, None, None]:
    """The items, in order, `count` of them made ahead in a thread of their own. What `items` raises comes out in its
    place; whoever stops early closes this, which waits for the item that is being made.

    torch has as many cores there as where this is called: a network's answer depends on how many.
    """
    source, end = iter(items), object()
    pool = ThreadPoolExecutor(1, "ahead", torch.set_num_threads, (torch.get_num_threads(),))
    try:
        making = deque(pool.submit(next, source, end) for _ in range(count))
        while (item := making.popleft().result()) is not end:
            making.append(pool.submit(next, source, end))
            yield cast(Item, item)
    finally:
        pool.shutdown(cancel_futures=True)
