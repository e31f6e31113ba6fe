"""The submissions of a form as pages list them: found, counted, in pages. Reads only, few statements."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from accounts.models import Actor
from accounts.scopes import Scope
from collector.duplicates import Kept, kept_ones
from collector.masking import Mask
from collector.models import Receipt, Submission
from collector.reading import Selection
from collector.receipts import names
from collector.submission_page import present_files
from collector.tally import counts_of

PAGE = 50
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Wanted:
    """Which submissions of a form: `state` a review state, "received", "unread", "duplicate" (left out in favour of another; those of
    the other states are not) or "" for all of them; `phone` an actor id."""

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
        if self.state:
            left_out = Submission.duplicate_of.is_not(None)
            found.append(left_out if self.state == DUPLICATE else ~left_out)
        if self.state == "received":
            found.append(Submission.review_state.is_(None))
        elif self.state == "unread":
            found.append(or_(Submission.review_state.is_(None), Submission.review_state == "edited"))
        elif self.state not in ("", DUPLICATE):
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
    """One row of a list. `missing` counts the files that the answers name and that have not come; `duplicate`: it is left out in
    favour of `kept`, None for one that the reader may not see."""

    id: int
    instance_id: str
    instance_name: str | None
    review_state: str | None
    sender: str | None
    collected_at: datetime | None
    created_at: datetime
    versions: int
    missing: int
    duplicate: bool
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """Part of a list, newest first; `newer` and `older` are the ids to go on from, None at an end."""

    rows: tuple[ListedSubmission, ...]
    newer: int | None
    older: int | None

    def covered(self, mask: Mask) -> "SubmissionPage":
        """The page without what the mask hides: names, which are made of answers, and who sent."""
        if not mask.hidden:
            return self
        return replace(
            self,
            rows=tuple(
                replace(
                    each,
                    instance_name=None,
                    sender=None if mask.hides_staff else each.sender,
                    kept=each.kept and replace(each.kept, instance_name=None),
                )
                for each in self.rows
            ),
        )


@dataclass(slots=True)
class Counts:
    """How many submissions match in each review state, whichever is wanted; `training`: how many of exercises would, `duplicates`:
    how many more would that are left out."""

    states: dict[str | None, int]
    training: int
    duplicates: int

    @property
    def total(self) -> int:
        """In all states, duplicates left out."""
        return sum(self.states.values())


def count_submissions(session: Session, wanted: Wanted) -> Counts:
    """See Counts; looked up, or for some of the form's submissions counted in one walk over all of them."""
    if not (wanted.text or wanted.phone is not None or wanted.scope.of_form(wanted.form_id)):
        return _looked_up(session, wanted)
    columns = (Submission.training, Submission.review_state, Submission.duplicate_of.is_not(None))
    conditions = replace(wanted, state="", training=None).conditions()
    query = select(*columns, func.count()).where(*conditions).group_by(*columns)
    if wanted.text:
        query = query.join(Receipt, _current_receipt())
    return _counts(wanted, ((row[0], row[1], bool(row[2]), row[3]) for row in session.execute(query)))


def _looked_up(session: Session, wanted: Wanted) -> Counts:
    rows = counts_of(session, [wanted.project_id], form_id=wanted.form_id)
    return _counts(wanted, ((row.training, row.review_state or None, row.duplicate, row.count) for row in rows))


def _counts(wanted: Wanted, rows: Iterable[tuple[bool, str | None, bool, int]]) -> Counts:
    counts = Counts({}, 0, 0)
    for training, state, duplicate, count in rows:
        counts.training += count if training else 0
        if training == bool(wanted.training):
            if duplicate:
                counts.duplicates += count
            else:
                counts.states[state] = count
    return counts


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
    selection = Selection(wanted.project_id, wanted.form_id, wanted.scope, wanted.draft_version_id)
    kept = kept_ones(session, selection, {row.duplicate_of for row in found})
    rows = tuple(
        ListedSubmission(
            *(*row[:8], len(missing.get(row.receipt_id, ())), row.duplicate_of is not None, kept.get(row.duplicate_of))
        )
        for row in found
    )
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
            Submission.duplicate_of,
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
