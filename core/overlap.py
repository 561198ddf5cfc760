"""Two steps of a stream at once: the second one on an item while the first one makes the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def overlapped(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """function(item) of each item, in order, each in a thread while the next item is made.

    One item is made ahead. What `function` raises comes out in its result's place; what `items` raises, at once.
    Worth it for functions that leave the interpreter for most of their time, as numpy, OpenCV and torch do.
    """
    with ThreadPoolExecutor(1) as worker:
        running: Future[Result] | None = None
        for item in items:
            following = worker.submit(function, item)
            if running is not None:
                yield running.result()
            running = following
        if running is not None:
            yield running.result()
