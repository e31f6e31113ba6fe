"""What pages show of a project: how its forms stand, and the submissions of one form. Reads only, few statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from accounts.models import Actor
from collector.models import WAITING, Receipt, Submission
from collector.reading import present_files
from collector.receipts import names
from forms.models import Form, FormVersion

PAGE = 50
TO_READ = (None, "edited")
WAITING_KINDS = ("conflict", "held", "quarantined")


@dataclass
class FormStanding:
    """How one form stands: submissions by review state (None: as received), those of late, what waits for a decision."""

    project_id: int
    xml_form_id: str
    name: str
    state: str
    states: dict[str | None, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    fresh: int = 0
    training: int = 0
    last: datetime | None = None

    @property
    def total(self) -> int:
        """All submissions but those of exercises."""
        return sum(self.states.values())

    @property
    def to_read(self) -> int:
        """Those nobody has decided about since they came or were corrected."""
        return sum(self.states.get(state, 0) for state in TO_READ)

    @property
    def waiting_total(self) -> int:
        """Arrivals of this form that wait for a decision."""
        return sum(self.waiting.values())


def form_standings(session: Session, project_ids: Sequence[int], since: datetime) -> list[FormStanding]:
    """Every living, published form of these projects, by name; `fresh` counts what came after `since`."""
    rows = session.execute(
        select(Form.project_id, Form.id, Form.xml_form_id, FormVersion.name, Form.state)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(Form.project_id.in_(project_ids), Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    forms = {(row[0], row[1]): FormStanding(row[0], *row[2:]) for row in rows}
    _count_submissions(session, project_ids, since, forms)
    waiting = (
        select(Receipt.project_id, Receipt.form_id, Receipt.status, func.count())
        # The words of the partial index to the letter, or SQLite would not use it.
        .where(Receipt.project_id.in_(project_ids), WAITING, Receipt.draft_version_id == 0)
        .group_by(Receipt.project_id, Receipt.form_id, Receipt.status)
    )
    for project_id, form_id, status, count in session.execute(waiting):
        if (project_id, form_id) in forms:
            forms[project_id, form_id].waiting[status] = count
    return list(forms.values())


def _count_submissions(
    session: Session, project_ids: Sequence[int], since: datetime, forms: dict[tuple[int, int], FormStanding]
) -> None:
    counts = (
        select(
            Submission.project_id,
            Submission.form_id,
            Submission.review_state,
            Submission.training,
            func.count(),
            func.count().filter(Submission.created_at >= since),
            func.max(Submission.created_at),
        )
        .where(
            Submission.project_id.in_(project_ids), Submission.draft_version_id == 0, Submission.deleted_at.is_(None)
        )
        .group_by(Submission.project_id, Submission.form_id, Submission.review_state, Submission.training)
    )
    for project_id, form_id, state, training, count, fresh, last in session.execute(counts):
        form = forms.get((project_id, form_id))
        if form is None:
            continue
        if training:
            form.training += count
            continue
        form.states[state] = count
        form.fresh += fresh
        form.last = max(filter(None, (form.last, last)))


def arrivals(session: Session, project_ids: Sequence[int], edges: Sequence[datetime]) -> dict[int, list[int]]:
    """Submissions that came between each moment of `edges` and the next one, by project; exercises left out."""
    spans = [
        func.count().filter(and_(Submission.created_at >= start, Submission.created_at < end))
        for start, end in pairwise(edges)
    ]
    query = (
        select(Submission.project_id, *spans)
        .where(
            Submission.project_id.in_(project_ids),
            Submission.draft_version_id == 0,
            Submission.deleted_at.is_(None),
            Submission.training.is_(False),
            Submission.created_at >= edges[0],
        )
        .group_by(Submission.project_id)
    )
    return {row[0]: list(row[1:]) for row in session.execute(query)}


def waiting_counts(session: Session, project_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """How many arrivals wait for a decision, by project and kind; also of forms that are gone."""
    query = (
        select(Receipt.project_id, Receipt.status, func.count())
        .where(Receipt.project_id.in_(list(project_ids)), WAITING, Receipt.draft_version_id == 0)
        .group_by(Receipt.project_id, Receipt.status)
    )
    found: dict[int, dict[str, int]] = {}
    for project_id, status, count in session.execute(query):
        found.setdefault(project_id, {})[status] = count
    return found


@dataclass(frozen=True)
class Wanted:
    """Which submissions of a form: `state` a review state, "received", "unread" or ""; `phone` an actor id."""

    project_id: int
    form_id: int
    state: str = ""
    phone: int | None = None
    text: str = ""
    training: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether anything but the form itself is asked for."""
        return bool(self.state or self.phone or self.text or self.training)

    def conditions(self) -> list[Any]:
        """The WHERE, for Submission joined with its current Receipt."""
        found: list[Any] = [
            Submission.project_id == self.project_id,
            Submission.form_id == self.form_id,
            Submission.draft_version_id == 0,
            Submission.deleted_at.is_(None),
            Submission.training.is_(self.training),
        ]
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


def count_by_state(session: Session, wanted: Wanted) -> dict[str | None, int]:
    """How many there are in each review state, whichever state is wanted."""
    everything = replace(wanted, state="")
    query = (
        select(Submission.review_state, func.count()).where(*everything.conditions()).group_by(Submission.review_state)
    )
    if wanted.text:
        query = query.join(Receipt, _current_receipt())
    return {row[0]: row[1] for row in session.execute(query)}


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
