"""What people say of a submission: its review state, comments."""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import missing, not_found
from accounts.events import Happening, record
from collector.models import REVIEW_STATES, Comment, Receipt, Submission
from config.clock import now
from config.database import next_ids
from config.problem import Problem

# Central's word for "back to received".
STATES = (None, *(state for state in REVIEW_STATES))


def find_submission(session: Session, project_id: int, form_id: int, instance_id: str) -> Submission:
    """The live submission whose first version, or any later one, has that instanceID; Problem 404.1."""
    query = select(Receipt.submission_id).where(
        Receipt.project_id == project_id,
        Receipt.instance_id == instance_id,
        Receipt.form_id == form_id,
        Receipt.draft_version_id == 0,
        Receipt.version_no.is_not(None),
    )
    submission_id = session.scalars(query).first()
    submission = session.get(Submission, (project_id, submission_id)) if submission_id else None
    if submission is None or submission.deleted_at is not None:
        raise not_found()
    return submission


def set_review_state(
    session: Session, submission: Submission, state: str | None, *, by: int, note: str | None = None
) -> None:
    """Decide about a submission, with an optional word; the same state again is recorded too, because somebody said so."""
    if state not in STATES:
        raise Problem(
            400.8,
            en=f"“{state}” is not a review state: use approved, rejected, hasIssues, edited or received.",
            fr=f"« {state} » n’est pas un état : approved, rejected, hasIssues, edited ou received.",
            message=f"Unexpected reviewState value {state}",
            details={"field": "reviewState", "value": state},
        )
    submission.review_state = state
    submission.updated_at = now()
    record(
        session,
        Happening(
            submission.project_id,
            "submission.update",
            by,
            form_id=submission.form_id,
            submission_id=submission.id,
            details={"reviewState": state},
            note=note,
        ),
    )


def add_comment(session: Session, submission: Submission, body: str, *, by: int) -> Comment:
    """Write a comment; it is read by everyone who reads the submission."""
    body = body.strip()
    if not body:
        raise missing("body")
    (comment_id,) = next_ids(session.connection(), "comment")
    comment = Comment(
        project_id=submission.project_id,
        id=comment_id,
        uid=str(uuid4()),
        submission_id=submission.id,
        actor_id=by,
        body=body,
        created_at=now(),
    )
    session.add(comment)
    happening = Happening(
        submission.project_id,
        "comment.create",
        by,
        form_id=submission.form_id,
        submission_id=submission.id,
        details={"commentId": comment_id},
    )
    record(session, happening)
    return comment
