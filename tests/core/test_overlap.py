"""Two steps of a stream at once, and items that are made ahead."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from core.overlap import ahead, overlapped


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


def test_items_made_ahead_come_in_order_and_from_a_thread_of_their_own() -> None:
    made_in = set()

    def items() -> Iterator[int]:
        for number in range(20):
            made_in.add(threading.current_thread())
            yield number

    assert list(ahead(items())) == list(range(20))
    assert len(made_in) == 1 and threading.current_thread() not in made_in
    assert list(ahead([])) == []


def test_an_error_on_the_way_ahead_comes_out_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise KeyError("items")

    coming = ahead(items())
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(KeyError):
        next(coming)


def test_no_more_is_made_ahead_than_was_asked_for_and_nothing_once_it_is_closed() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(9):
            made.append(number)
            yield number

    coming = ahead(items(), count=3)
    assert next(coming) == 0
    coming.close()
    assert len(made) <= 4
    at_the_end = list(made)
    time.sleep(0.05)
    assert made == at_the_end
