"""Follow the event log for the matcher: what came, changed or went is matched within seconds. It has its own place in the log, so
that a slow form delays nothing else; killed at any point it goes on where it was."""

import logging
import threading
import time

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from accounts import events
from accounts.models import Consumer, Event, ProjectCounter
from collector.duplicates import ACTION as LEFT_OUT
from config.services import Services
from sync.matching import match
from sync.near_books import prepare

NAME = "matching"
ACTIONS = (
    "submission.create",
    "submission.update.version",
    "submission.delete",
    "submission.restore",
    "submission.attachment.update",
    LEFT_OUT,
)
# Submissions matched in one transaction: phones wait no longer than that for it.
SLICE = 5
BATCH = 200
# In seconds. Thirty phones at once ask every few milliseconds.
QUIET, LONGEST_WAIT = 0.1, 1.0
log = logging.getLogger("relais.matching")


def follow(services: Services, stop: threading.Event) -> bool:
    """Match one batch of what waits in every project; True when there may be more."""
    with services.database.reading() as session:
        newest = {row[0]: row[1] for row in session.execute(select(ProjectCounter.project_id, ProjectCounter.seq))}
        query = select(Consumer.project_id, Consumer.seq).where(Consumer.name == NAME)
        done = {row[0]: row[1] for row in session.execute(query)}
    busy = False
    for project_id, seq in newest.items():
        if done.get(project_id, 0) < seq and not stop.is_set():
            busy = _advance(services, project_id, done.get(project_id, 0), seq, stop) or busy
    return busy


def _advance(services: Services, project_id: int, done: int, newest: int, stop: threading.Event) -> bool:
    with services.database.reading() as session:
        waiting = [
            (event.seq, event.submission_id if _changes_pairs(event) else None)
            for event in events.after(session, project_id, done, BATCH, actions=ACTIONS)
        ]
    for first in range(0, len(waiting), SLICE):
        if stop.is_set():
            return False
        part = waiting[first : first + SLICE]
        _let_phones_go_first(services, stop)
        started = time.perf_counter()
        _match_part(services, project_id, part)
        # As long again for the phones as was taken from them.
        stop.wait(time.perf_counter() - started)
    full = len(waiting) == BATCH
    if not full:
        _move(services, project_id, newest)
    return full


def _changes_pairs(event: Event) -> bool:
    """Who is left out changes no pair; who counts again may give way to another, now that the one it gave way to is gone."""
    return event.action != LEFT_OUT or (event.details or {}).get("duplicateOf") is None


def _let_phones_go_first(services: Services, stop: threading.Event) -> None:
    """Wait until phones pause, for a second at most: while many send, the matcher takes a hundredth of the processor."""
    until = time.monotonic() + LONGEST_WAIT
    while services.database.writer.quiet_seconds() < QUIET and time.monotonic() < until and not stop.is_set():
        stop.wait(QUIET / 2)


def _match_part(services: Services, project_id: int, part: list[tuple[int, int | None]]) -> None:
    """Match a slice and move on in one transaction; one that fails is logged and passed over, alone."""
    ids = dict.fromkeys(submission_id for _, submission_id in part if submission_id is not None)
    try:
        with services.database.reading() as session:
            prepare(session, project_id, list(ids))
        with services.database.transaction() as session:
            for submission_id in ids:
                match(session, project_id, submission_id, services.secret, services.storage)
            _set(session, project_id, part[-1][0])
    except (OperationalError, InterfaceError):
        # The database is busy or away: the log keeps the place.
        raise
    except Exception:
        if len(part) > 1:
            for each in part:
                _match_part(services, project_id, [each])
            return
        log.exception("matching: submission %s/%s is passed over", project_id, part[0][1])
        _move(services, project_id, part[-1][0])


def _move(services: Services, project_id: int, seq: int) -> None:
    with services.database.transaction() as session:
        _set(session, project_id, seq)


def _set(session: Session, project_id: int, seq: int) -> None:
    cursor = session.get(Consumer, (NAME, project_id)) or Consumer(name=NAME, project_id=project_id, attempts=0)
    cursor.seq, cursor.error = seq, None
    session.add(cursor)
