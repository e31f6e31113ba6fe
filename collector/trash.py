"""The trash: submissions taken away and brought back; after 30 days they are purged."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from collector.duplicates import give_back
from collector.models import Submission
from collector.reading import Selection
from collector.tally import bucket_of, count
from config.clock import now


def delete_submission(session: Session, selection: Selection, instance_id: str, *, by: int) -> None:
    """Put the submission of that name into the trash; Problem 404.1. Its bytes stay for 30 days. What was left out in its favour
    counts again."""
    submission = _locked(session, selection, instance_id)
    submission.deleted_at = now()
    count(session.connection(), bucket_of(submission), -1)
    _record(session, submission, "submission.delete", by)
    give_back(session, submission.project_id, [submission.id], by=by)


def restore_submission(session: Session, trash: Selection, instance_id: str, *, by: int) -> None:
    """Take it out of the trash; Problem 404.1 when it is not there (any more)."""
    submission = _locked(session, trash, instance_id)
    submission.deleted_at = None
    count(session.connection(), bucket_of(submission), 1)
    _record(session, submission, "submission.restore", by)


def _locked(session: Session, selection: Selection, instance_id: str) -> Submission:
    query = select(Submission).where(*selection.every(known=True), *selection.named(instance_id)).with_for_update()
    submission = session.scalars(query).first()
    if submission is None:
        raise not_found()
    return submission


def _record(session: Session, submission: Submission, action: str, by: int) -> None:
    happening = Happening(submission.project_id, action, by, form_id=submission.form_id, submission_id=submission.id)
    record(session, happening)
