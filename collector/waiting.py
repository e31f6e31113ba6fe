"""What waits for a person's decision: conflicts, held edits, quarantined arrivals, and what was left out of late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.models import Actor, Event, EventNote
from accounts.scopes import Scope
from collector.models import WAITING, Receipt, Submission
from collector.reading import receipts_in_scope
from collector.settle import USED
from config.clock import now
from forms.models import Form, FormVersion

PAGE = 50
REMEMBERED = timedelta(days=30)
# Not the bare column: to have it in order SQLite would walk the whole primary key instead of the index of what waits.
by_arrival = Receipt.id + 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row of the inbox."""

    id: int
    status: str
    reason: str | None
    instance_id: str
    instance_name: str | None
    form: str
    sender: str | None
    created_at: datetime


def list_waiting(
    session: Session, project_id: int, scope: Scope, kind: str = "", *, before: int | None = None
) -> list[Waiting]:
    """At most a page and one more of what waits (of one kind), newest first, older than receipt `before`."""
    query = (
        _rows(project_id)
        .where(WAITING, Receipt.draft_version_id == 0, *receipts_in_scope(scope))
        .order_by(by_arrival.desc())
        .limit(PAGE + 1)
    )
    if kind:
        query = query.where(Receipt.status == kind)
    if before is not None:
        query = query.where(by_arrival < before)
    return [Waiting(*row) for row in session.execute(query)]


def list_left_out(session: Session, project_id: int, scope: Scope) -> list[Waiting]:
    """What people have left out in the last 30 days and not brought back; at most a page."""
    events = (
        select(Event.receipt_id)
        .where(
            Event.project_id == project_id,
            Event.created_at >= now() - REMEMBERED,
            Event.action == "receipt.discarded",
        )
        .order_by(Event.created_at.desc())
        .limit(PAGE)
    )
    ids = set(session.scalars(events))
    # What was brought back and then taken is discarded as well, and counts.
    left_out = (Receipt.status == "discarded", Receipt.reason != USED)
    query = _rows(project_id).where(Receipt.id.in_(ids), *left_out, *receipts_in_scope(scope))
    return [Waiting(*row) for row in session.execute(query.order_by(Receipt.id.desc()))]


def next_waiting(session: Session, project_id: int, scope: Scope, receipt_id: int) -> int | None:
    """What to decide about after this one: the next older, else the newest."""
    query = (
        select(Receipt.id)
        .where(Receipt.project_id == project_id, WAITING, Receipt.draft_version_id == 0, Receipt.id != receipt_id)
        .where(*receipts_in_scope(scope))
        .order_by(by_arrival.desc())
        .limit(1)
    )
    return session.scalar(query.where(by_arrival < receipt_id)) or session.scalar(query)


def _rows(project_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Receipt.id,
            Receipt.status,
            Receipt.reason,
            Receipt.instance_id,
            Receipt.instance_name,
            _form_name(),
            Actor.display_name,
            Receipt.created_at,
        )
        .outerjoin(Form, (Form.project_id == Receipt.project_id) & (Form.id == Receipt.form_id))
        .outerjoin(
            FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id)
        )
        .outerjoin(Actor, Actor.id == Receipt.actor_id)
        .where(Receipt.project_id == project_id)
    )


def _form_name() -> ColumnElement[str]:
    return func.coalesce(FormVersion.name, Receipt.xml_form_id)


def conflicts_of(session: Session, submission: Submission) -> list[int]:
    """Receipts that wait for a choice between them and this submission, oldest first."""
    query = (
        select(Receipt.id)
        .where(Receipt.project_id == submission.project_id, WAITING, Receipt.submission_id == submission.id)
        .order_by(by_arrival)
    )
    return list(session.scalars(query))


@dataclass(frozen=True, slots=True)
class Found:
    """A receipt that waits or has been decided about, with who sent it and what its form is called here."""

    receipt: Receipt
    sender: str | None
    form: str


def find_receipt(session: Session, project_id: int, scope: Scope, receipt_id: int) -> Found:
    """The receipt, or Problem 404.1; those of drafts are not for this page."""
    row = session.execute(
        _rows(project_id)
        .with_only_columns(Receipt, Actor.display_name, _form_name())
        .where(Receipt.id == receipt_id, *receipts_in_scope(scope))
    ).first()
    if row is None or row[0].draft_version_id:
        raise not_found()
    return Found(*row)


@dataclass(frozen=True, slots=True)
class Decision:
    """The last thing a person decided about a receipt."""

    action: str
    who: str | None
    created_at: datetime
    note: str | None


def last_decision(session: Session, receipt: Receipt) -> Decision | None:
    """Who settled a receipt, found by its event; None while nobody has."""
    row = session.execute(
        select(Event.action, Actor.display_name, Event.created_at, EventNote.body)
        .outerjoin(Actor, Actor.id == Event.actor_id)
        .outerjoin(EventNote, (EventNote.project_id == Event.project_id) & (EventNote.seq == Event.seq))
        .where(
            Event.project_id == receipt.project_id,
            Event.receipt_id == receipt.id,
            Event.created_at >= receipt.created_at,
            Event.action.in_(("receipt.discarded", "receipt.preferred", "receipt.released")),
        )
        .order_by(Event.created_at.desc())
        .limit(1)
    ).first()
    return Decision(*row) if row else None


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A published version of a form that a receipt could be read with."""

    id: int
    version: str
    published_at: datetime


def versions_offered(session: Session, project_id: int, receipt: Receipt) -> list[OfferedVersion]:
    """The published versions of the receipt's form, newest first."""
    rows = session.execute(
        select(FormVersion.id, FormVersion.version, FormVersion.published_at)
        .where(
            FormVersion.project_id == project_id,
            FormVersion.form_id == receipt.form_id,
            FormVersion.published_at.is_not(None),
        )
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    )
    return [OfferedVersion(row[0], row[1], row[2]) for row in rows if row[2] is not None]
