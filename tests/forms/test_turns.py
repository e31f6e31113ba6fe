"""Places are given in the order they were asked for."""

import threading
import time

import pytest

from forms.turns import Turns


def test_who_waits_longest_is_next() -> None:
    turns = Turns(1)
    served: list[int] = []
    with turns.taken(0):
        threads = []
        for number in range(4):
            threads.append(threading.Thread(target=take, args=(turns, served, number)))
            threads[-1].start()
            waiting(turns, number + 1)
        # A newcomer does not slip in between.
        with pytest.raises(TimeoutError), turns.taken(0):
            pass
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3]
    with turns.taken(0):
        pass


def test_who_gives_up_leaves_the_line() -> None:
    turns = Turns(1)
    with turns.taken(0), pytest.raises(TimeoutError), turns.taken(0.01):
        pass
    with turns.taken(0), pytest.raises(TimeoutError), turns.taken(0):
        pass


def test_an_error_inside_gives_the_place_back() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken(0):
        raise ZeroDivisionError
    with turns.taken(0):
        pass


def take(turns: Turns, served: list[int], number: int) -> None:
    with turns.taken(20):
        served.append(number)


def waiting(turns: Turns, count: int) -> None:
    deadline = time.monotonic() + 20
    while turns.waiting < count and time.monotonic() < deadline:
        time.sleep(0.001)
