"""waitress's event loop, at a cost that grows with the connections in use instead of those that are open.

waitress asks every connection before every wait what it wants. With 900 phones that keep an unused connection, as
OkHttp does for 5 minutes, a request then costs 1.8 ms instead of 0.2. Here a connection is asked when something
happened to it, or while a thread works for it; epoll remembers the rest.
"""

import select
from collections.abc import Callable
from typing import Any

from waitress import wasyncore

# wasyncore speaks in poll's constants; epoll's have the same values on Linux.
READ, WRITE = select.POLLIN, select.POLLOUT
TROUBLE = select.POLLERR | select.POLLHUP


def event_loop(dispatchers: dict[int, Any]) -> "EpollLoop | PollLoop":
    """The best loop this system has, for waitress's map of file numbers to dispatchers."""
    return EpollLoop(dispatchers) if hasattr(select, "epoll") else PollLoop(dispatchers)


class PollLoop:
    """waitress's own, for systems without epoll."""

    def __init__(self, dispatchers: dict[int, Any]) -> None:
        self._dispatchers = dispatchers

    def touch(self, dispatcher: Any) -> None:
        """Nothing to do: everybody is asked every time."""

    def forget(self, number: int) -> None:
        """Nothing to do."""

    def once(self, timeout: float) -> None:
        """Wait for events, at most `timeout` seconds, and hand them out."""
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._dispatchers, count=1)

    def close(self) -> None:
        """Nothing to give back."""


class EpollLoop:
    """Arms each socket for what its dispatcher wants, once per event. Only for the thread that serves the sockets.

    One shot per event, because a socket must be quiet while a thread works for it: a phone that sends its next request
    before that thread has cleaned up would wake this one to fight over the interpreter for nothing.
    """

    def __init__(self, dispatchers: dict[int, Any]) -> None:
        self._dispatchers = dispatchers
        self._epoll = select.epoll()
        self._armed: dict[int, int] = {}
        self._touched: set[Any] = set(dispatchers.values())

    def touch(self, dispatcher: Any) -> None:
        """Ask `dispatcher` again before the next wait."""
        self._touched.add(dispatcher)

    def forget(self, number: int) -> None:
        """A socket is about to be closed; its number may be another's at once."""
        if self._armed.pop(number, None) is not None:
            self._epoll.unregister(number)

    def once(self, timeout: float) -> None:
        """Wait for events, at most `timeout` seconds, and hand them out."""
        self._ask_touched()
        for number, events in self._epoll.poll(timeout):
            dispatcher = self._dispatchers.get(number)
            if dispatcher is None:
                continue
            self._armed[number] = 0
            self._touched.add(dispatcher)
            wasyncore.readwrite(dispatcher, events & (_wanted(dispatcher) | TROUBLE))

    def close(self) -> None:
        """Give the file number back."""
        self._epoll.close()

    def _ask_touched(self) -> None:
        touched, self._touched = self._touched, set()
        for dispatcher in touched:
            number = dispatcher._fileno  # noqa: SLF001 - waitress has no other name for it
            if self._dispatchers.get(number) is not dispatcher:
                continue
            # First whether a thread is done with it, then what it wants: the other way round, what the thread does in
            # between would be seen by nobody.
            settled: Callable[[], bool] | None = getattr(dispatcher, "is_settled", None)
            if settled is not None and not settled():
                self._touched.add(dispatcher)
            self._arm(number, _wanted(dispatcher))

    def _arm(self, number: int, wanted: int) -> None:
        armed = self._armed.get(number)
        if armed is None:
            self._epoll.register(number, wanted | select.EPOLLONESHOT)
        elif wanted & ~armed:
            self._epoll.modify(number, wanted | select.EPOLLONESHOT)
        else:
            return
        self._armed[number] = wanted


def _wanted(dispatcher: Any) -> int:
    wanted = READ if dispatcher.readable() else 0
    return wanted | WRITE if dispatcher.writable() and not dispatcher.accepting else wanted
