"""Slowing whoever guesses: per account in the database, per source in memory, without shutting out who shares an address.

A post's phones and people leave through one address (C78), so a source is never refused as such: once it has failed often,
each *account* it tries gets one free failure instead of five, and passwords of phones and tokens that are nobody's are
answered with 429. Who is right is let in, however noisy the neighbours.
"""

import threading
import time
from ipaddress import IPv6Address, ip_address, ip_network

from accounts.errors import too_many_attempts

WINDOW = 900.0  # seconds
# A thousand phones of a closed project behind one address ask every quarter of an hour, and are no guessers.
NOISY = 2000
MOST_SOURCES = 10_000


class Sources:
    """Failures by source, counted anew every quarter of an hour; each process counts its own."""

    def __init__(self) -> None:
        # The one whose quarter of an hour ends first comes first.
        self._failures: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def note(self, address: str) -> None:
        """Count a wrong password or token."""
        source, moment = source_of(address), time.monotonic()
        with self._lock:
            count, until = self._failures.get(source, (0, 0.0))
            if until > moment:
                self._failures[source] = (count + 1, until)
                return
            self._failures.pop(source, None)
            while self._failures and (len(self._failures) >= MOST_SOURCES or self._first_until() <= moment):
                del self._failures[next(iter(self._failures))]
            self._failures[source] = (1, moment + WINDOW)

    def is_noisy(self, address: str) -> bool:
        """Whether it has failed more often than people and phones do."""
        count, until = self._failures.get(source_of(address), (0, 0.0))
        return count >= NOISY and until > time.monotonic()

    def refuse(self, address: str) -> None:
        """Count a secret that is nobody's; Problem 429 once the source guesses."""
        self.note(address)
        if self.is_noisy(address):
            raise too_many_attempts(int(WINDOW))

    def forget(self) -> None:
        """Begin anew, for tests."""
        self._failures = {}

    def _first_until(self) -> float:
        return next(iter(self._failures.values()))[1]


def source_of(address: str) -> str:
    """What counts as one source: an IPv4 address; of IPv6 the /64, all of which one machine may use."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((parsed.packed[:8] + bytes(8), 64)))


sources = Sources()
