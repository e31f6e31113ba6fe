"""Slowing whoever guesses: per account in the database, per source in memory, without shutting out who shares an address.

A post's phones and people leave through one address (C78), so a source is never refused as such: once it has failed often,
each *account* it tries gets one free failure instead of five, and tokens that are nobody's are answered with 429.
"""

import threading
import time

from accounts.errors import too_many_attempts

WINDOW = 900.0  # seconds
NOISY = 500


class Sources:
    """Failures by address, counted anew every quarter of an hour; each process counts its own."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def note(self, source: str) -> None:
        """Count a wrong password or token."""
        moment = time.monotonic()
        with self._lock:
            if len(self._failures) > 10_000:
                self._failures = {each: kept for each, kept in self._failures.items() if kept[1] > moment}
            count, until = self._failures.get(source, (0, 0.0))
            self._failures[source] = (count + 1, until) if until > moment else (1, moment + WINDOW)

    def is_noisy(self, source: str) -> bool:
        """Whether it has failed more often than people and phones do."""
        count, until = self._failures.get(source, (0, 0.0))
        return count >= NOISY and until > time.monotonic()

    def refuse_token(self, source: str) -> None:
        """Count a token that is nobody's; Problem 429 once the source guesses."""
        self.note(source)
        if self.is_noisy(source):
            raise too_many_attempts(int(WINDOW))

    def forget(self) -> None:
        """Begin anew, for tests."""
        self._failures = {}


sources = Sources()
