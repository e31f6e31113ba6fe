"""What has happened to one submission: arrivals, corrections, decisions, words. Newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Actor, Event, EventNote
from collector.models import Comment, Receipt, Submission

MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened: an event's action, or "comment" with its words in `note`."""

    action: str
    who: str | None
    created_at: datetime
    receipt_id: int | None
    details: Mapping[str, Any]
    note: str | None


def steps_of(session: Session, submission: Submission) -> list[Step]:
    """The newest 200 of a submission's events and all of its comments."""
    events = session.execute(
        select(Event, Actor.display_name, EventNote.body, EventNote.redacted_at)
        .outerjoin(Actor, Actor.id == Event.actor_id)
        .outerjoin(EventNote, (EventNote.project_id == Event.project_id) & (EventNote.seq == Event.seq))
        .where(Event.project_id == submission.project_id, Event.submission_id == submission.id)
        .order_by(Event.seq.desc())
        .limit(MOST_STEPS)
    )
    steps = [
        Step(event.action, who, event.created_at, event.receipt_id, event.details or {}, None if redacted else body)
        for event, who, body, redacted in events
        # The comment itself is shown.
        if event.action != "comment.create"
    ]
    comments = session.execute(
        select(Comment, Actor.display_name)
        .outerjoin(Actor, Actor.id == Comment.actor_id)
        .where(
            Comment.project_id == submission.project_id,
            Comment.submission_id == submission.id,
            Comment.redacted_at.is_(None),
        )
    )
    steps += [Step("comment", who, comment.created_at, None, {}, comment.body) for comment, who in comments]
    return sorted(steps, key=lambda step: step.created_at, reverse=True)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a submission: the first arrival or an edit, and who sent it."""

    number: int
    receipt_id: int
    form_version_id: int
    form_version: str
    instance_id: str
    instance_name: str | None
    created_at: datetime
    collected_at: datetime | None
    sender: str | None
    device_id: str | None
    user_agent: str | None
    expected: list[str]
    encrypted: bool


def versions_of(session: Session, submission: Submission) -> list[Version]:
    """All versions, the current one first."""
    rows = session.execute(
        select(Receipt, Actor.display_name)
        .outerjoin(Actor, Actor.id == Receipt.actor_id)
        .where(
            Receipt.project_id == submission.project_id,
            Receipt.submission_id == submission.id,
            Receipt.version_no.is_not(None),
        )
        .order_by(Receipt.version_no.desc())
    )
    return [version_of(receipt, sender) for receipt, sender in rows]


def version_of(receipt: Receipt, sender: str | None) -> Version:
    """A receipt as a version; also one that waits (number 0) once its form version is known (else version id 0)."""
    return Version(
        number=receipt.version_no or 0,
        receipt_id=receipt.id,
        form_version_id=receipt.form_version_id or 0,
        form_version=receipt.form_version,
        instance_id=receipt.instance_id,
        instance_name=receipt.instance_name,
        created_at=receipt.created_at,
        collected_at=receipt.collected_at,
        sender=sender,
        device_id=receipt.device_id,
        user_agent=receipt.user_agent,
        expected=list(receipt.expected),
        encrypted=receipt.encrypted is not None,
    )
