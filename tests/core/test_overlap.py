"""Two steps of a stream at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.overlap import overlapped


def test_results_come_in_order_and_none_is_lost() -> None:
    assert list(overlapped(lambda number: number * number, range(50))) == [number * number for number in range(50)]
    assert list(overlapped(str, [])) == []


def test_the_next_item_is_made_while_the_last_is_worked_on() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        made.set()
        yield 1

    # Would wait for ever if the second item were made only after the first one's result.
    assert list(overlapped(lambda number: made.wait(10), items())) == [True, True]


def test_as_many_items_are_worked_on_at_once_as_there_are_workers_and_come_in_order() -> None:
    meeting = threading.Barrier(3)

    def meet(number: int) -> int:
        # Would break if the three were not there together.
        meeting.wait(10)
        return number

    assert list(overlapped(meet, range(9), workers=3)) == list(range(9))


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_items_are_made_ahead_than_there_are_workers(workers: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(9):
            taken.append(number)
            yield number

    results = overlapped(str, items(), workers)
    assert next(results) == "0"
    assert taken == list(range(workers + 1))
    assert list(results) == [str(number) for number in range(1, 9)]


def test_errors_of_either_step_come_out() -> None:
    def broken_items() -> Iterator[int]:
        yield 4
        yield 2
        raise KeyError("items")

    results = overlapped(lambda number: 8 // number, broken_items())
    assert next(results) == 2
    with pytest.raises(KeyError):
        list(results)
    with pytest.raises(ZeroDivisionError):
        list(overlapped(lambda number: 8 // number, [1, 0, 2]))
