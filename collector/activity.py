"""What ODK Central's audit log says of one submission: made, edited, decided about, taken away, brought back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Event, EventNote
from collector.models import Receipt
from config.reader_wishes import Wishes

# Those whose details name the submission there; files and comments have lists of their own.
ACTIONS = (
    "submission.create",
    "submission.update",
    "submission.update.version",
    "submission.delete",
    "submission.restore",
)
OF_ENTITIES = "entity."
OF_FILES = "submission.attachment.update"


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry. `details` as ODK Central writes them."""

    seq: int
    action: str
    actor_id: int | None
    details: dict[str, Any]
    created_at: datetime
    note: str | None


def named(action: str, submission_id: int, instance_id: str | None, receipt_id: int | None) -> dict[str, Any]:
    """What the details of every entry about a submission begin with; those of files name a version only."""
    facts: dict[str, Any] = {} if action == OF_FILES else {"submissionId": submission_id}
    if action != "submission.update" and instance_id is not None:
        facts["instanceId"] = instance_id
    if receipt_id is not None:
        facts["submissionDefId"] = receipt_id
    return facts


def activities_of(
    session: Session, project_id: int, submission_id: int, instance_id: str, wanted: Wishes
) -> list[Activity]:
    """Those of a submission, the newest first."""
    query = (
        select(Event, EventNote.body, EventNote.redacted_at, Receipt.instance_id)
        .outerjoin(EventNote, (EventNote.project_id == Event.project_id) & (EventNote.seq == Event.seq))
        .outerjoin(Receipt, (Receipt.project_id == Event.project_id) & (Receipt.id == Event.receipt_id))
        .where(
            Event.project_id == project_id,
            Event.submission_id == submission_id,
            Event.action.in_(ACTIONS) | Event.action.startswith(OF_ENTITIES),
        )
        .order_by(Event.seq.desc())
    )
    found = []
    rows: Any = session.execute(wanted.page(query))
    for event, body, redacted_at, version_id in rows:
        names = named(event.action, submission_id, version_id or instance_id, event.receipt_id)
        details = names | (event.details or {})
        note = "" if redacted_at is not None else body
        found.append(Activity(event.seq, event.action, event.actor_id, details, event.created_at, note))
    return found
