"""A stamp of what a reader would get: equal stamps, equal bytes. For ETags."""

import hashlib
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.models import Actor, Event
from collector.reading import Selection

# Raised when the same data are written otherwise than before.
RENDERING = 2
# What happens to a form without a row of it looking different.
WITHOUT_TRACE = (
    "form.submission.export",
    "export.finish",
    "comment.create",
    "comment.update",
    "comment.delete",
    "duplicate.decide",
    "evidence.explain",
)
# Nor does this change lines: they are left out whole, or not.
OF_THE_WHOLE = ("submission.duplicate",)


def stamp(session: Session, selection: Selection, *options: Any) -> str:
    """A hash of the last thing that happened to the form, of people's names, and of `options`: everything else that decides
    what is written (the columns, the query, what the reader may see)."""
    last = (
        select(Event.seq)
        .where(
            Event.project_id == selection.project_id,
            Event.form_id == selection.form_id,
            Event.action.not_in(WITHOUT_TRACE),
        )
        .order_by(Event.seq.desc())
        .limit(1)
    )
    people = session.execute(select(func.count(), func.max(Actor.updated_at)).select_from(Actor)).one()
    facts = [
        RENDERING,
        selection.project_id,
        selection.form_id,
        selection.draft_version_id,
        session.scalar(last),
        *people,
        *options,
    ]
    return hashlib.sha256(orjson.dumps(facts, default=_plain)).hexdigest()[:32]


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
