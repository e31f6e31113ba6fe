"""Match a slice of submissions as the worker does: read and think with nothing locked, write for a moment, give the phones their turn."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from config.outages import somebody_was_first
from config.problem import Problem
from config.services import Services
from sync.matching import NotReadyError, look, make_ready, match_together, write

# Submissions matched in one transaction: it starts with few, and takes more while phones need not wait long for it.
LEAST, FIRST, MOST = 5, 20, 200
# What phones may have to wait for a slice, in seconds.
SHORT, LONG = 0.02, 0.04
# In seconds. Thirty phones at once ask every few milliseconds.
QUIET, LONGEST_WAIT = 0.1, 1.0
# A slice looked at again so often is matched with everything locked.
TRIES = 3
SOMEBODY_WAS_FIRST = somebody_was_first().code
log = logging.getLogger("relais.matching")

Moved = Callable[[Session], bool]
"""Says in the transaction that writes a slice how far the work has come; False when somebody else has gone on with it."""


class OvertakenError(Exception):
    """Another process does this work: nothing was written."""


class _AgainError(Exception):
    """Something has changed since it was read."""


class Slices:
    """Matches slices of submissions of one installation, as many at a time as phones allow."""

    def __init__(self, services: Services, stop: threading.Event) -> None:
        self._services, self._stop = services, stop
        self._size = FIRST

    def next_size(self) -> int:
        """Wait until phones pause, for a second at most, then say how many submissions to match: while many send, few."""
        writer = self._services.database.writer
        until = time.monotonic() + LONGEST_WAIT
        while writer.quiet_seconds() < QUIET:
            if time.monotonic() >= until or self._stop.is_set():
                return LEAST
            self._stop.wait(QUIET / 2)
        return self._size

    def match(self, project_id: int, ids: Sequence[int], moved: Moved) -> None:
        """Match these in one transaction, the last thing in which is `moved`. When one of them cannot be matched, nothing is written and its
        error is raised."""
        started = time.perf_counter()
        for _ in range(TRIES):
            try:
                taken = self._try(project_id, ids, moved)
                break
            except _AgainError:
                continue
            except Problem as problem:
                # What another process wrote at the same moment does not stand in the way a second time.
                if problem.code != SOMEBODY_WAS_FIRST:
                    raise
        else:
            taken = self._locked(project_id, ids, moved)
        # As long again for the phones as was taken from them: while none sends, the time it was locked.
        whole = time.perf_counter() - started
        self._stop.wait(whole if self._services.database.writer.quiet_seconds() < whole + QUIET else taken)

    def _try(self, project_id: int, ids: Sequence[int], moved: Moved) -> float:
        database, secret, storage = self._services.database, self._services.secret, self._services.storage
        try:
            with database.reading() as session:
                looked = look(session, project_id, ids, secret, storage)
        except NotReadyError:
            with database.transaction() as session:
                make_ready(session, project_id, ids, secret)
            raise _AgainError from None
        started = time.perf_counter()
        with database.transaction() as session:
            if not write(session, looked):
                raise _AgainError
            if not moved(session):
                raise OvertakenError
            self._adapt(len(ids), time.perf_counter() - started)
        return time.perf_counter() - started

    def _adapt(self, count: int, taken: float) -> None:
        """Take more or fewer next time. What a disk takes to commit is not counted: it is the same for few."""
        if taken < SHORT and count >= self._size:
            self._size = min(MOST, 2 * self._size)
        elif taken > LONG:
            self._size = max(LEAST, count // 2)

    def _locked(self, project_id: int, ids: Sequence[int], moved: Moved) -> float:
        started = time.perf_counter()
        with self._services.database.transaction() as session:
            match_together(session, project_id, ids, self._services.secret, self._services.storage)
            if not moved(session):
                raise OvertakenError
        return time.perf_counter() - started
