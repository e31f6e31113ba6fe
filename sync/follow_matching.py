"""Follow the event log for the matcher: what came, changed or went is matched within seconds. It has its own place in the log, so
that a slow form delays nothing else; killed at any point it goes on where it was."""

import logging
import threading
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from accounts.models import Consumer, Event, ProjectCounter
from collector.duplicates import ACTION as LEFT_OUT
from config.problem import Problem
from config.services import Services
from sync.matching_slices import OvertakenError, Slices

NAME = "matching"
ACTIONS = (
    "submission.create",
    "submission.update.version",
    "submission.delete",
    "submission.restore",
    "submission.attachment.update",
    LEFT_OUT,
)
BATCH = 1000
log = logging.getLogger("relais.matching")
_Waiting = Sequence[tuple[int, int | None]]
"""Numbers of events, and the submissions to match for them"""


def follow(services: Services, stop: threading.Event, slices: Slices | None = None) -> bool:
    """Match one batch of what waits in every project; True when there may be more."""
    slices = slices or Slices(services, stop)
    with services.database.reading() as session:
        newest = {row[0]: row[1] for row in session.execute(select(ProjectCounter.project_id, ProjectCounter.seq))}
        query = select(Consumer.project_id, Consumer.seq).where(Consumer.name == NAME)
        done = {row[0]: row[1] for row in session.execute(query)}
    busy = False
    for project_id, seq in newest.items():
        if done.get(project_id, 0) < seq and not stop.is_set():
            try:
                busy = _Follower(services, slices, project_id, done.get(project_id, 0)).advance(seq, stop) or busy
            except OvertakenError:
                log.info("matching: another process follows project %s", project_id)
    return busy


class _Follower:
    """Follows one project from event number `done` on."""

    def __init__(self, services: Services, slices: Slices, project_id: int, done: int) -> None:
        self._services, self._slices, self._project_id, self._done = services, slices, project_id, done

    def advance(self, newest: int, stop: threading.Event) -> bool:
        """Match what events up to number `newest` tell of; True when there are more."""
        waiting = self._waiting()
        first = 0
        while first < len(waiting):
            size = self._slices.next_size()
            if stop.is_set():
                return False
            self._match(waiting[first : first + size])
            first += size
        full = len(waiting) == BATCH
        if not full:
            self._move(newest)
        return full

    def _waiting(self) -> _Waiting:
        query = (
            select(Event.seq, Event.submission_id, Event.action, Event.details)
            .where(Event.project_id == self._project_id, Event.seq > self._done, Event.action.in_(ACTIONS))
            .order_by(Event.seq)
            .limit(BATCH)
        )
        with self._services.database.reading() as session:
            # Who is left out changes no pair; who counts again may give way to another, now that the one it gave way to is gone.
            return [
                (
                    row.seq,
                    None if row.action == LEFT_OUT and (row.details or {}).get("duplicateOf") else row.submission_id,
                )
                for row in session.execute(query)
            ]

    def _match(self, part: _Waiting) -> None:
        """Match a slice and move on in one transaction; one that fails is logged and passed over, alone."""
        seq = part[-1][0]
        ids = [submission_id for _, submission_id in part if submission_id is not None]
        if not ids:
            self._move(seq)
            return
        try:
            self._slices.match(self._project_id, ids, lambda session: self._set(session, seq))
        except (OperationalError, InterfaceError, OvertakenError):
            # The database is busy or away: the log keeps the place.
            raise
        except Exception as error:
            if isinstance(error, Problem) and error.status == 503:
                raise
            if len(part) > 1:
                for each in part:
                    self._match([each])
                return
            log.exception("matching: submission %s/%s is passed over", self._project_id, ids[0])
            self._move(seq)
            return
        self._done = seq

    def _move(self, seq: int) -> None:
        with self._services.database.transaction() as session:
            if not self._set(session, seq):
                raise OvertakenError
        self._done = seq

    def _set(self, session: Session, seq: int) -> bool:
        """False when the place in the log is not where this one left it."""
        cursor = session.get(Consumer, (NAME, self._project_id), with_for_update=True)
        if (cursor.seq if cursor else 0) != self._done:
            return False
        cursor = cursor or Consumer(name=NAME, project_id=self._project_id, attempts=0)
        cursor.seq, cursor.error = seq, None
        session.add(cursor)
        return True
