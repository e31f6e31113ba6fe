"""How many submissions there are in each state: kept with every commit, never counted anew.

Counting a million rows takes a fifth of a second, and every page asks. The rows written here are locked just before the
project's event counter and as briefly, so that phones wait for each other no longer than they do anyway. `relais check`
counts anew and compares.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.orm import Session

from accounts.events import number_and_write
from collector.models import Submission, Tally
from config.statements import Statement
from config.writer import COUNTED

_ADD = Statement(
    "INSERT INTO submission_tally (project_id, form_id, draft_version_id, training, review_state, duplicate, count) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, form_id, draft_version_id, training, review_state, duplicate) "
    "DO UPDATE SET count = submission_tally.count + excluded.count"
)


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """Where a submission is counted; state "" is received, `duplicate` left out in favour of another."""

    project_id: int
    form_id: int
    draft_version_id: int
    training: bool
    state: str
    duplicate: bool = False


def bucket_of(submission: Submission) -> Bucket:
    """Where this one is counted as it is now."""
    return Bucket(
        submission.project_id,
        submission.form_id,
        submission.draft_version_id,
        submission.training,
        submission.review_state or "",
        submission.duplicate_of is not None,
    )


def count(connection: Connection, bucket: Bucket, change: int) -> None:
    """So many more (or fewer) are in a bucket, once this transaction is committed."""
    counted: dict[Bucket, int] = connection.info.setdefault(COUNTED, {})
    counted[bucket] = counted.get(bucket, 0) + change


def move(connection: Connection, old: Bucket, new: Bucket) -> None:
    """One has changed its bucket."""
    if old != new:
        count(connection, old, -1)
        count(connection, new, 1)


def before_commit(connection: Connection) -> None:
    """Write what has been counted, then number and write the events: the last thing before COMMIT in every transaction.
    Always in the same order, so that two processes never wait for each other in a circle."""
    counted: dict[Bucket, int] = connection.info.pop(COUNTED, {})
    for bucket in sorted(counted):
        if counted[bucket]:
            _ADD.run(
                connection,
                (
                    bucket.project_id,
                    bucket.form_id,
                    bucket.draft_version_id,
                    bucket.training,
                    bucket.state,
                    bucket.duplicate,
                    counted[bucket],
                ),
            )
    number_and_write(connection)


def counts_of(
    session: Session, project_ids: Sequence[int], *, form_id: int | None = None, draft_version_id: int = 0
) -> list[Tally]:
    """Every bucket of these projects, or of one form, that is not empty."""
    query = select(Tally).where(
        Tally.project_id.in_(project_ids), Tally.draft_version_id == draft_version_id, Tally.count > 0
    )
    return list(session.scalars(query if form_id is None else query.where(Tally.form_id == form_id)))


def recount(session: Session, project_id: int) -> list[str]:
    """Count a project's submissions anew and put right what differs; what differed, in words."""
    true = _counted_anew(session, project_id)
    stored = _stored(session, project_id)
    differing = sorted(bucket for bucket in {*true, *stored} if true.get(bucket, 0) != stored.get(bucket, 0))
    if differing:
        session.execute(delete(Tally).where(Tally.project_id == project_id))
        rows = [
            {
                "project_id": bucket.project_id,
                "form_id": bucket.form_id,
                "draft_version_id": bucket.draft_version_id,
                "training": bucket.training,
                "review_state": bucket.state,
                "duplicate": bucket.duplicate,
                "count": number,
            }
            for bucket, number in true.items()
        ]
        if rows:
            session.execute(insert(Tally), rows)
    return list(_told(differing, true, stored))


def miscounted(session: Session, project_id: int) -> list[str]:
    """What a count anew would put right, in words."""
    true, stored = _counted_anew(session, project_id), _stored(session, project_id)
    return list(_told(sorted({*true, *stored}), true, stored))


def _told(buckets: Iterable[Bucket], true: dict[Bucket, int], stored: dict[Bucket, int]) -> Iterable[str]:
    for bucket in buckets:
        if true.get(bucket, 0) != stored.get(bucket, 0):
            state = (bucket.state or "received") + (", duplicates" if bucket.duplicate else "")
            yield f"form {bucket.form_id}, {state}: {stored.get(bucket, 0)} counted, {true.get(bucket, 0)} there"


def _stored(session: Session, project_id: int) -> dict[Bucket, int]:
    query = select(Tally).where(Tally.project_id == project_id)
    return {
        Bucket(
            row.project_id, row.form_id, row.draft_version_id, row.training, row.review_state, row.duplicate
        ): row.count
        for row in session.scalars(query)
    }


def _counted_anew(session: Session, project_id: int) -> dict[Bucket, int]:
    columns = (
        Submission.form_id,
        Submission.draft_version_id,
        Submission.training,
        Submission.review_state,
        Submission.duplicate_of.is_not(None),
    )
    query = (
        select(*columns, func.count())
        .where(Submission.project_id == project_id, Submission.deleted_at.is_(None))
        .group_by(*columns)
    )
    return {
        Bucket(project_id, form_id, draft_version_id, training, state or "", bool(duplicate)): number
        for form_id, draft_version_id, training, state, duplicate, number in session.execute(query)
    }
