"""The submissions of a form as pages list them: found, counted, in pages. Reads only, few statements."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from accounts.models import Actor
from accounts.scopes import Scope
from collector.models import Receipt, Submission
from collector.reading import Selection
from collector.receipts import names
from collector.stored_submissions import present_files
from collector.tally import counts_of

PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """Which submissions of a form: `state` a review state, "received", "unread" or ""; `phone` an actor id."""

    project_id: int
    form_id: int
    scope: Scope
    state: str = ""
    phone: int | None = None
    text: str = ""
    # None: with and without those of exercises.
    training: bool | None = False
    draft_version_id: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether anything but the form itself is asked for."""
        return bool(self.state or self.phone or self.text or self.training)

    def conditions(self) -> list[Any]:
        """The WHERE, for Submission joined with its current Receipt."""
        found = Selection(self.project_id, self.form_id, self.scope, self.draft_version_id).every()
        if self.training is not None:
            found.append(Submission.training.is_(self.training))
        if self.state == "received":
            found.append(Submission.review_state.is_(None))
        elif self.state == "unread":
            found.append(or_(Submission.review_state.is_(None), Submission.review_state == "edited"))
        elif self.state:
            found.append(Submission.review_state == self.state)
        if self.phone is not None:
            found.append(Submission.submitter_id == self.phone)
        if self.text:
            found.append(
                or_(
                    Receipt.instance_name.icontains(self.text, autoescape=True),
                    Submission.instance_id.icontains(self.text, autoescape=True),
                )
            )
        return found


@dataclass(frozen=True, slots=True)
class ListedSubmission:
    """One row of a list. `missing` counts the files that the answers name and that have not come."""

    id: int
    instance_id: str
    instance_name: str | None
    review_state: str | None
    sender: str | None
    collected_at: datetime | None
    created_at: datetime
    versions: int
    missing: int


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """Part of a list, newest first; `newer` and `older` are the ids to go on from, None at an end."""

    rows: tuple[ListedSubmission, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many submissions match in each review state, whichever is wanted; `training`: how many of exercises would."""

    states: dict[str | None, int]
    training: int

    @property
    def total(self) -> int:
        """In all states."""
        return sum(self.states.values())


def count_submissions(session: Session, wanted: Wanted) -> Counts:
    """See Counts; looked up, or for some of the form's submissions counted in one walk over all of them."""
    if not (wanted.text or wanted.phone is not None or wanted.scope.of_form(wanted.form_id)):
        return _looked_up(session, wanted)
    columns = (Submission.training, Submission.review_state)
    conditions = replace(wanted, state="", training=None).conditions()
    query = select(*columns, func.count()).where(*conditions).group_by(*columns)
    if wanted.text:
        query = query.join(Receipt, _current_receipt())
    rows = session.execute(query).all()
    states = {state: count for training, state, count in rows if training == bool(wanted.training)}
    return Counts(states, sum(count for training, _, count in rows if training))


def _looked_up(session: Session, wanted: Wanted) -> Counts:
    rows = counts_of(session, [wanted.project_id], form_id=wanted.form_id)
    states = {row.review_state or None: row.count for row in rows if row.training == bool(wanted.training)}
    return Counts(states, sum(row.count for row in rows if row.training))


def list_submissions(
    session: Session, wanted: Wanted, *, before: int | None = None, after: int | None = None
) -> SubmissionPage:
    """A page of them: from the newest, or those older than submission `before`, or next newer than `after`."""
    position = _position(session, wanted.project_id, before or after)
    upwards = position is not None and after is not None and before is None
    query = _rows_query(wanted).limit(PAGE + 1)
    place = tuple_(Submission.created_at, Submission.id)
    if position is not None:
        query = query.where(place > position if upwards else place < position)
    order = (Submission.created_at, Submission.id)
    found = session.execute(
        query.order_by(*order) if upwards else query.order_by(*(each.desc() for each in order))
    ).all()
    more, found = len(found) > PAGE, found[:PAGE]
    if upwards:
        found = found[::-1]
    missing = missing_files(session, wanted.project_id, {row.receipt_id: names(row.expected) for row in found})
    rows = tuple(ListedSubmission(*(*row[:8], len(missing.get(row.receipt_id, ())))) for row in found)
    has_newer = more if upwards else position is not None
    has_older = more if not upwards else True
    return SubmissionPage(rows, rows[0].id if rows and has_newer else None, rows[-1].id if rows and has_older else None)


def _rows_query(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Submission.id,
            Submission.instance_id,
            Receipt.instance_name,
            Submission.review_state,
            Actor.display_name,
            Receipt.collected_at,
            Submission.created_at,
            Submission.versions,
            Receipt.id.label("receipt_id"),
            Receipt.expected,
        )
        .join(Receipt, _current_receipt())
        .outerjoin(Actor, Actor.id == Submission.submitter_id)
        .where(*wanted.conditions())
    )


def _current_receipt() -> Any:
    return and_(Receipt.project_id == Submission.project_id, Receipt.id == Submission.current_receipt_id)


def _position(session: Session, project_id: int, submission_id: int | None) -> tuple[datetime, int] | None:
    submission = session.get(Submission, (project_id, submission_id)) if submission_id else None
    return None if submission is None else (submission.created_at, submission.id)


def missing_files(session: Session, project_id: int, expected: dict[int, list[str]]) -> dict[int, list[str]]:
    """Of each receipt the named files that have not come; receipts that lack none are left out."""
    present = present_files(session, project_id, [receipt_id for receipt_id, wanted in expected.items() if wanted])
    lacking = {
        receipt_id: [name for name in wanted if name not in present.get(receipt_id, set())]
        for receipt_id, wanted in expected.items()
    }
    return {receipt_id: files for receipt_id, files in lacking.items() if files}


def next_to_read(session: Session, wanted: Wanted, submission: Submission) -> str | None:
    """The instanceID of the next submission nobody has decided about: older first, then from the newest again."""
    base = (
        select(Submission.instance_id)
        .where(*wanted.conditions(), Submission.id != submission.id)
        .order_by(Submission.created_at.desc(), Submission.id.desc())
        .limit(1)
    )
    older = base.where(tuple_(Submission.created_at, Submission.id) < (submission.created_at, submission.id))
    return session.scalar(older) or session.scalar(base)
