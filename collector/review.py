"""What people say of a submission: its review state, comments."""

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from collector.models import REVIEW_STATES, Comment, Receipt, Submission
from collector.reading import Selection
from collector.tally import bucket_of, move
from config.api_errors import unexpected_value
from config.clock import now
from config.database import next_ids
from config.javascript import as_text

# Central's word for "back to received".
STATES = (None, *(state for state in REVIEW_STATES))


def find_submission(session: Session, selection: Selection, instance_id: str) -> Submission:
    """The submission of a selection whose first version, or any later one, has that instanceID; Problem 404.1."""
    query = (
        select(Submission)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.submission_id == Submission.id))
        .where(
            *selection.every(),
            Receipt.project_id == selection.project_id,
            Receipt.instance_id == instance_id,
            Receipt.form_id == selection.form_id,
            Receipt.draft_version_id == selection.draft_version_id,
            Receipt.version_no.is_not(None),
        )
    )
    submission = session.scalars(query).first()
    if submission is None:
        raise not_found()
    return submission


def named_submission(session: Session, selection: Selection, instance_id: str) -> Submission:
    """The submission of a selection whose first version has that instanceID; Problem 404.1."""
    query = select(Submission).where(*selection.every(known=True), *selection.named(instance_id))
    submission = session.scalars(query).first()
    if submission is None:
        raise not_found()
    return submission


def set_review_state(
    session: Session, submission: Submission, state: str | None, *, by: int, note: str | None = None
) -> None:
    """Decide about a submission, with an optional word; the same state again is recorded too, because somebody said so."""
    _require_state(state)
    # Written first: reading it anew would forget what this session has changed. Locked, or counts would be wrong.
    session.flush()
    session.refresh(submission, with_for_update=True)
    _decide(session, submission, state, by, note)


def set_review_states(
    session: Session, selection: Selection, instance_ids: Sequence[str], state: str | None, *, by: int
) -> set[str]:
    """Decide about several at once; the instanceIDs of those that were found."""
    _require_state(state)
    query = (
        select(Submission)
        .where(*selection.every(known=True), *selection.named(*instance_ids))
        # In one order for everybody, so that two people who decide at once do not wait for each other in a circle.
        .order_by(Submission.id)
        .with_for_update()
    )
    submissions = list(session.scalars(query))
    for submission in submissions:
        _decide(session, submission, state, by, None)
    return {submission.instance_id for submission in submissions}


def _require_state(state: str | None) -> None:
    if state not in STATES:
        raise unexpected_value(
            "state",
            as_text(state),
            "not a recognized state name",
            "approved, rejected, hasIssues et edited sont permis",
        )


def _decide(session: Session, submission: Submission, state: str | None, by: int, note: str | None) -> None:
    was = bucket_of(submission)
    submission.review_state = state
    move(session.connection(), was, bucket_of(submission))
    submission.updated_at = now()
    record(
        session,
        Happening(
            submission.project_id,
            "submission.update",
            by,
            form_id=submission.form_id,
            submission_id=submission.id,
            receipt_id=submission.current_receipt_id,
            details={"reviewState": state},
            note=note,
        ),
    )


def add_comment(session: Session, submission: Submission, body: str, *, by: int) -> Comment:
    """Write a comment; it is read by everyone who reads the submission."""
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


def comments_of(session: Session, submission: Submission) -> list[Comment]:
    """All comments, the newest first."""
    query = (
        select(Comment)
        .where(Comment.project_id == submission.project_id, Comment.submission_id == submission.id)
        .order_by(Comment.created_at.desc(), Comment.id.desc())
    )
    return list(session.scalars(query))
