"""A few places, given in the order people asked: who waits is not overtaken by who comes later."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """`places` may be taken at once; a semaphore would let a newcomer slip in before those it wakes."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """A place for the time of the block; TimeoutError when none came free in time."""
        mine = self._line_up()
        if mine is not None and not mine.wait(seconds) and not self._leave(mine):
            raise TimeoutError
        try:
            yield
        finally:
            self._give_back()

    def _line_up(self) -> threading.Event | None:
        """None with a place taken, else what will be set when one is."""
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return None
            mine = threading.Event()
            self._waiting.append(mine)
            return mine

    def _leave(self, mine: threading.Event) -> bool:
        """Stop waiting; True when the place came in the same moment after all."""
        with self._lock:
            if mine.is_set():
                return True
            self._waiting.remove(mine)
            return False

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
