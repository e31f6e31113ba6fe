"""The event log: audit, queue of the worker and feed of sync at once. Actions carry ODK Central's names where it has one."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from accounts.models import Event, EventNote, EventWords
from config.clock import now
from config.statements import Insert, Statement, stored_moment
from config.writer import PENDING

SITE = 0
# The words that came with the request at work, for each of its events (see `noting`).
NOTE = "relais_note"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about to be written: ids and codes, never answers, names or free text.

    `note` (what a person says about it) and `words` (the part of ODK Central's details that names people or things, merged
    into them on reading) live in rows of their own, which can be erased. `actee_id`: whom it is about (accounts.actees);
    None: its form, or else its project.
    """

    project_id: int
    action: str
    actor_id: int | None = None
    form_id: int | None = None
    submission_id: int | None = None
    receipt_id: int | None = None
    details: Mapping[str, Any] | None = None
    note: str | None = None
    actee_id: str | None = None
    words: Mapping[str, Any] | None = None


@contextmanager
def noting(where: Session | Connection, note: str | None) -> Iterator[None]:
    """Every event recorded meanwhile without words of its own carries `note`, as ODK Central does with X-Action-Notes;
    with None none does, whatever came with the request."""
    info = (where.connection() if isinstance(where, Session) else where).info
    around = info.get(NOTE)
    info[NOTE] = note
    try:
        yield
    finally:
        info[NOTE] = around


def record(where: Session | Connection, happening: Happening) -> None:
    """Write `happening` as part of the transaction at work; it gets its number as the last thing before COMMIT."""
    connection = where.connection() if isinstance(where, Session) else where
    if happening.note is None and connection.info.get(NOTE) is not None:
        happening = replace(happening, note=connection.info[NOTE])
    connection.info.setdefault(PENDING, []).append(happening)


def number_and_write(connection: Connection) -> None:
    """Give the waiting events of this transaction their numbers. The counter row is locked from here to COMMIT only, so
    that commit order is number order without gaps, and one project's phones wait for each other as briefly as possible."""
    waiting: list[Happening] = connection.info.pop(PENDING, [])
    for project_id in sorted({happening.project_id for happening in waiting}):
        _write(connection, project_id, [happening for happening in waiting if happening.project_id == project_id])


_COUNT = Statement(
    "INSERT INTO project_counter (project_id, seq) VALUES (?, ?) "
    "ON CONFLICT (project_id) DO UPDATE SET seq = project_counter.seq + excluded.seq RETURNING seq"
)
_INSERT = Insert(
    "event", "project_id, seq, action, actor_id, actee_id, form_id, submission_id, receipt_id, details, created_at"
)


def _write(connection: Connection, project_id: int, events: list[Happening]) -> None:
    last: int = _COUNT.value(connection, (project_id, len(events)))
    moment = stored_moment(connection, now())
    rows = []
    for seq, event in enumerate(events, last - len(events) + 1):
        details = None if event.details is None else orjson.dumps(event.details).decode()
        rows.append(
            (
                project_id,
                seq,
                event.action,
                event.actor_id,
                event.actee_id,
                event.form_id,
                event.submission_id,
                event.receipt_id,
                details,
                moment,
            )
        )
        if event.note is not None:
            connection.execute(insert(EventNote).values(project_id=project_id, seq=seq, body=event.note))
        if event.words:
            connection.execute(insert(EventWords).values(project_id=project_id, seq=seq, words=dict(event.words)))
    _INSERT.run_many(connection, rows)


def after(
    session: Session, project_id: int, seq: int, limit: int, *, actions: Iterable[str] | None = None
) -> list[Event]:
    """Events of a project after number `seq` (that tell of one of `actions`, if given), oldest first."""
    query = select(Event).where(Event.project_id == project_id, Event.seq > seq).order_by(Event.seq).limit(limit)
    if actions is not None:
        query = query.where(Event.action.in_(list(actions)))
    return list(session.scalars(query))
