"""One thread that answers small requests of one kind together, so that many at once cost hardly more than their work.

A thread for each request is right where a request waits for something of its own. Where all wait for the same commit, each
hand-over between threads costs more than the request: 32 phones at once are received at half of the CPU this way.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from waitress.task import ThreadedTaskDispatcher

from config.gate import Headers

BATCH = 64
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole request. `path` is decoded, `query` is not; header names are as in WSGI, without HTTP_."""

    path: str
    query: str
    headers: Mapping[str, str]
    length: int
    body: BinaryIO


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer. `Content-Length` and `Date` are added."""

    status: int
    headers: Headers
    body: bytes


class Together(Protocol):
    """What the lane is for."""

    def takes(self, method: str, path: str, length: int) -> bool:
        """Whether this request goes this way; asked in the thread that serves all sockets. `length` is of the body, in bytes."""
        ...

    def answer(self, asked: Sequence[Asked]) -> Sequence[Prepared | None]:
        """An answer for each, in order; None: the application shall answer. Never raises for one of them alone."""
        ...


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no type information
    """waitress's threads, and beside them the one thread of `together`."""

    def __init__(self, together: Together | None) -> None:
        super().__init__()
        self._together = together
        self._ready = threading.Condition(threading.Lock())
        self._waiting: list[Any] = []
        self._closed = False
        self._thread: threading.Thread | None = None
        # The lane's thread while it gives its answers: the sockets' thread is woken once for all of them (config.server).
        self.speaker: int | None = None

    @property
    def lane_length(self) -> int:
        """How many requests wait for the lane's thread."""
        return len(self._waiting)

    def add_task(self, task: Any) -> None:
        """A connection has a request that waits to be answered."""
        if self._together is None or not _is_taken(task, self._together):
            super().add_task(task)
            return
        with self._ready:
            if self._thread is None:
                target: Callable[[], None] = self._serve
                self._thread = threading.Thread(target=target, name="lane", daemon=True)
                self._thread.start()
            self._waiting.append(task)
            self._ready.notify()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Answer what waits, then stop."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(timeout)
        return bool(super().shutdown(cancel_pending, timeout))

    def _serve(self) -> None:
        assert self._together is not None
        while True:
            with self._ready:
                while not self._waiting and not self._closed:
                    self._ready.wait()
                if not self._waiting:
                    return
                channels, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            answers: Sequence[Prepared | None] = [None] * len(channels)
            try:
                answers = self._together.answer([_asked(channel.requests[0]) for channel in channels])
            except Exception:
                # The ordinary way meets the same again, one by one, and reports it.
                logger.exception("a batch goes the ordinary way")
            self.speaker = threading.get_ident()
            try:
                for channel, answer in zip(channels, answers, strict=True):
                    self._give(channel, answer)
            finally:
                self.speaker = None
            channels[0].server.pull_trigger()

    def _give(self, channel: Any, answer: Prepared | None) -> None:
        if answer is None:
            super().add_task(channel)
            return
        channel.requests[0].prepared = answer
        try:
            channel.service()
        except Exception:
            logger.exception("an answer could not be given")


def _is_taken(channel: Any, together: Together) -> bool:
    request = channel.requests[0]
    # Behind an answer that is still leaving, the lane's thread would wait for whoever reads it, and all others with it.
    if request.error is not None or request.chunked or channel.total_outbufs_len:
        return False
    return together.takes(request.command, request.path, request.content_length)


def _asked(request: Any) -> Asked:
    return Asked(request.path, request.query, request.headers, request.content_length, request.get_body_stream())
