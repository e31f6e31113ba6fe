"""Submissions left out of counts and of exports for people in favour of another. Who gives way is decided elsewhere (sync.decisions)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.events import Happening, noting, record
from collector.models import LEFT_OUT, Receipt, Submission
from collector.reading import Selection
from collector.tally import bucket_of, move

ACTION = "submission.duplicate"


@dataclass(frozen=True, slots=True)
class Kept:
    """The submission in favour of which others are left out."""

    id: int
    instance_id: str
    instance_name: str | None


def mark(session: Session, project_id: int, kept: Mapping[int, int | None], *, by: int | None) -> set[int]:
    """Leave submissions out in favour of others, or (None) count them again; by number. Those that change are the answer, and
    each has its event. Nothing else of them changes: taken back, all is as it was."""
    session.flush()
    stand = select(Submission.id, Submission.duplicate_of).where(
        Submission.project_id == project_id, Submission.id.in_(list(kept))
    )
    moving = [number for number, duplicate_of in session.execute(stand) if duplicate_of != kept[number]]
    if not moving:
        return set()
    query = (
        select(Submission)
        .where(Submission.project_id == project_id, Submission.id.in_(moving))
        # In one order for everybody; read anew, or counts would be wrong.
        .order_by(Submission.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    changed = set()
    for submission in session.scalars(query):
        favoured = kept[submission.id]
        if submission.duplicate_of == favoured:
            continue
        was = bucket_of(submission)
        submission.duplicate_of = favoured
        if submission.deleted_at is None:
            move(session.connection(), was, bucket_of(submission))
        changed.add(submission.id)
        happening = Happening(
            project_id,
            ACTION,
            by,
            form_id=submission.form_id,
            submission_id=submission.id,
            details={"duplicateOf": favoured},
        )
        # What somebody wrote about the other one does not belong here.
        with noting(session, None):
            record(session, happening)
    return changed


def give_back(session: Session, project_id: int, gone: Collection[int], *, by: int | None) -> None:
    """Count again what was left out in favour of submissions that are gone: nobody is lost with them."""
    query = select(Submission.id).where(
        Submission.project_id == project_id,
        # The words of the partial index to the letter, or SQLite would not use it.
        LEFT_OUT,
        Submission.duplicate_of.in_(gone),
        Submission.id.not_in(gone),
    )
    mark(session, project_id, dict.fromkeys(session.scalars(query)), by=by)


def kept_ones(session: Session, selection: Selection, ids: Iterable[int | None]) -> dict[int | None, Kept]:
    """Those of these submissions that the reader may see, by number."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    query = (
        select(Submission.id, Submission.instance_id, Receipt.instance_name)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(*selection.every(), Submission.id.in_(wanted))
    )
    return {row[0]: Kept(*row) for row in session.execute(query)}


def left_out(
    session: Session, selection: Selection, *, limit: int | None = None, offset: int | None = None
) -> list[tuple[str, str | None]]:
    """(instanceID, instanceID of the one that is kept) of the reader's submissions that are left out, the newest first; None for one
    that the reader may not see."""
    query = select(Submission.instance_id, Submission.duplicate_of).where(*selection.conditions(), LEFT_OUT)
    query = query.order_by(Submission.created_at.desc(), Submission.id.desc()).limit(limit).offset(offset)
    rows = session.execute(query).all()
    kept = kept_ones(session, selection, {row[1] for row in rows})
    return [(row[0], kept[row[1]].instance_id if row[1] in kept else None) for row in rows]
