"""The event log as ODK Central's audit log: every project's events in one list, the newest first."""

import heapq
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from accounts.actees import actee_of_form
from accounts.models import Event, EventNote, EventWords, Project, ProjectCounter
from config.api_errors import wrong_type

# Rows of one project in memory at once.
SLICE = 500

_ENTITY = (
    "entity.create",
    "entity.bulk.create",
    "entity.error",
    "entity.update.version",
    "entity.update.resolve",
    "entity.delete",
    "entity.restore",
    "entity.purge",
)
_SUBMISSION = (
    "submission.create",
    "submission.update",
    "submission.update.version",
    "submission.attachment.update",
    "submission.backlog.hold",
    "submission.backlog.reprocess",
    "submission.backlog.force",
    "submission.delete",
    "submission.restore",
)
_BULK = ("entity.bulk.delete", "entity.bulk.restore")
# What a word of Central's stands for; any other word is one action.
GROUPS: dict[str, tuple[str, ...]] = {
    "user": (
        "user.create",
        "user.update",
        "user.delete",
        "user.assignment.create",
        "user.assignment.delete",
        "user.session.create",
    ),
    "field_key": (
        "field_key.create",
        "field_key.assignment.create",
        "field_key.assignment.delete",
        "field_key.session.end",
        "field_key.delete",
        "field_key.property.set",
    ),
    "public_link": (
        "public_link.create",
        "public_link.assignment.create",
        "public_link.assignment.delete",
        "public_link.session.end",
        "public_link.delete",
        "public_link.property.set",
    ),
    "project": ("project.create", "project.update", "project.delete", "actor_property.create"),
    "form": (
        "form.create",
        "form.update",
        "form.delete",
        "form.restore",
        "form.purge",
        "form.attachment.update",
        "form.submission.export",
        "form.update.draft.set",
        "form.update.draft.delete",
        "form.update.draft.replace",
        "form.update.publish",
    ),
    "submission": (*_SUBMISSION, "submission.purge"),
    "dataset": ("dataset.create", "dataset.update", *_BULK, "dataset.delete", "dataset.update.property.delete"),
    "entity": (*_ENTITY, *_BULK),
    "upgrade": (
        "upgrade.server",
        "upgrade.process.form",
        "upgrade.process.form.draft",
        "upgrade.process.form.entities_version",
    ),
    "config": ("config.set",),
}
_VERBOSE = (*_ENTITY, *_SUBMISSION, "user.preference.update", "user.preference.delete", "backup", "analytics")
# Ours, which tools that read Central's log do not expect in it: asked for by this word, or by name.
OURS = "relais"
_CENTRAL = frozenset({*_VERBOSE, *(action for actions in GROUPS.values() for action in actions)})

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([zZ]|[+-]\d{2}(?::?\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: an action or group (None: all of Central's), from `start` on, before `end`."""

    action: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on events."""
        found: list[ColumnElement[bool]] = []
        if self.start is not None:
            found.append(Event.created_at >= self.start)
        if self.end is not None:
            found.append(Event.created_at < self.end)
        if self.action == OURS:
            found.append(Event.action.not_in(_CENTRAL))
        else:
            found.append(Event.action.in_(_actions(self.action)))
        return found


def _actions(word: str | None) -> Collection[str]:
    if word is None:
        return _CENTRAL
    return _CENTRAL - {*_VERBOSE} if word == "nonverbose" else GROUPS.get(word, (word,))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `actee_id` None: it is about the site as a whole."""

    project_id: int
    seq: int
    action: str
    actor_id: int | None
    actee_id: str | None
    form_id: int | None
    submission_id: int | None
    receipt_id: int | None
    details: dict[str, Any] | None
    logged_at: datetime
    notes: str | None


def moment_given(text: str) -> datetime:
    """A moment as PostgreSQL would read it in an address; without a zone it is UTC. Problem 400.11 for what is none."""
    date = _DATE.fullmatch(text.strip())
    plain = f"{date[1]}T00:00:00{date[2] or ''}" if date else text.strip()
    try:
        moment = datetime.fromisoformat(plain.replace("z", "Z"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong_type("timestamp with time zone", value=text) from None


def entries(session: Session, wanted: Wanted, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Entries, the newest first; each project's lie in an index, and are merged as they are read."""
    if limit == 0:
        return
    project_ids = list(session.scalars(select(ProjectCounter.project_id)))
    needed = None if limit is None else offset + limit
    streams = [_of_project(session, project_id, wanted, needed) for project_id in project_ids]
    merged = heapq.merge(*streams, key=lambda each: (each.logged_at, each.project_id, each.seq), reverse=True)
    for number, entry in enumerate(merged):
        if needed is not None and number >= needed:
            return
        if number >= offset:
            yield entry


def _of_project(session: Session, project_id: int, wanted: Wanted, needed: int | None) -> Iterator[Entry]:
    size = SLICE if needed is None else min(needed, SLICE)
    query = _query(project_id, wanted).limit(size)
    last: Entry | None = None
    while True:
        page = query if last is None else query.where(_before(last))
        rows = [_entry(row) for row in session.execute(page)]
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1]


def _before(entry: Entry) -> ColumnElement[bool]:
    return or_(Event.created_at < entry.logged_at, and_(Event.created_at == entry.logged_at, Event.seq < entry.seq))


def _query(project_id: int, wanted: Wanted) -> Select[Any]:
    return (
        # Columns, not objects: a session would keep every one of a million.
        select(
            Event.project_id,
            Event.seq,
            Event.action,
            Event.actor_id,
            Event.actee_id,
            Event.form_id,
            Event.submission_id,
            Event.receipt_id,
            Event.details,
            Event.created_at,
            EventNote.body,
            EventWords.words,
            Project.uid,
        )
        .outerjoin(EventNote, (EventNote.project_id == Event.project_id) & (EventNote.seq == Event.seq))
        .outerjoin(EventWords, (EventWords.project_id == Event.project_id) & (EventWords.seq == Event.seq))
        .outerjoin(Project, Project.id == Event.project_id)
        .where(Event.project_id == project_id, *wanted.conditions())
        .order_by(Event.created_at.desc(), Event.seq.desc())
    )


def _entry(row: Any) -> Entry:
    return Entry(
        row.project_id,
        row.seq,
        row.action,
        row.actor_id,
        row.actee_id or (actee_of_form(row.uid, row.form_id) if row.uid and row.form_id else row.uid),
        row.form_id,
        row.submission_id,
        row.receipt_id,
        _with_words(row.details, row.words),
        row.created_at,
        row.body,
    )


def _with_words(details: dict[str, Any] | None, words: dict[str, Any] | None) -> dict[str, Any] | None:
    """Details as Central tells them: ours, and the names that are kept apart from the log."""
    if words is None:
        return details
    merged = dict(details or {})
    for name, value in words.items():
        known = merged.get(name)
        merged[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
