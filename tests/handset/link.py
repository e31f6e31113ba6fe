"""Good and bad links between a phone and the server: what becomes of one request."""

import random
import threading
from dataclasses import dataclass


class LinkBroken(OSError):
    """The link went down; the phone cannot know what the server got."""


@dataclass(frozen=True)
class Fate:
    """What the link does to one request: nothing, unless told.

    `cut_after`: the connection closes once that many bytes of the request (head included) are out.
    `lose_answer`: everything is sent, the server's answer arrives at the socket and is thrown away unread.
    `hang_up`: everything is sent and the connection closes at once, the server may still be reading.
    """

    cut_after: int | None = None
    lose_answer: bool = False
    hang_up: bool = False


class Link:
    """A link that always works."""

    def fate(self, method: str, size: int) -> Fate:  # noqa: ARG002 - a good link treats all alike
        """The fate of the next request; `size` is its body's length in bytes."""
        return Fate()


class BadLink(Link):
    """Gives `fate` to the next `times` requests of the given methods, then works."""

    def __init__(
        self,
        *,
        cut_after: int | None = None,
        lose_answer: bool = False,
        hang_up: bool = False,
        times: int = 1,
        methods: tuple[str, ...] = ("POST",),
    ) -> None:
        self._fate = Fate(cut_after, lose_answer, hang_up)
        self._times = times
        self._methods = methods
        self._lock = threading.Lock()

    def fate(self, method: str, size: int) -> Fate:  # noqa: ARG002 - the size matters to the shaky link only
        with self._lock:
            if method not in self._methods or self._times <= 0:
                return Fate()
            self._times -= 1
            return self._fate


class ShakyLink(Link):
    """Cuts requests and loses answers at random, by two probabilities between 0 and 1; seeded, so repeatable."""

    def __init__(
        self,
        chance: random.Random,
        *,
        cut: float = 0.0,
        lose: float = 0.0,
        methods: tuple[str, ...] = ("POST",),
    ) -> None:
        self._chance = chance
        self._cut = cut
        self._lose = lose
        self._methods = methods
        self._lock = threading.Lock()

    def fate(self, method: str, size: int) -> Fate:
        with self._lock:
            if method not in self._methods:
                return Fate()
            draw = self._chance.random()
            if draw < self._cut:
                return Fate(cut_after=self._chance.randrange(1, size + 400))
            return Fate(lose_answer=draw < self._cut + self._lose)
