"""How a project stands: its forms, what came on which day, what waits. Reads only, few statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from accounts.scopes import Scope
from collector.models import WAITING, Receipt, Submission
from collector.reading import in_scope, receipts_in_scope
from collector.tally import counts_of
from forms.models import Form, FormVersion

TO_READ = (None, "edited")
WAITING_KINDS = ("conflict", "held", "quarantined")


@dataclass
class FormStanding:
    """How one form stands: submissions by review state (None: as received), those of late, what waits for a decision.
    `duplicates`: how many are left out of all this in favour of another."""

    project_id: int
    xml_form_id: str
    name: str
    state: str
    states: dict[str | None, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    fresh: int = 0
    training: int = 0
    duplicates: int = 0
    last: datetime | None = None

    @property
    def total(self) -> int:
        """All submissions but those of exercises and duplicates."""
        return sum(self.states.values())

    @property
    def to_read(self) -> int:
        """Those nobody has decided about since they came or were corrected."""
        return sum(self.states.get(state, 0) for state in TO_READ)

    @property
    def waiting_total(self) -> int:
        """Arrivals of this form that wait for a decision."""
        return sum(self.waiting.values())


def form_standings(
    session: Session, project_ids: Sequence[int], since: datetime, scopes: Mapping[int, Scope]
) -> list[FormStanding]:
    """Every living, published form of these projects, by name, as a reader with these scopes sees it; `fresh` counts what
    came after `since`."""
    rows = session.execute(
        select(Form.project_id, Form.id, Form.xml_form_id, FormVersion.name, Form.state)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(Form.project_id.in_(project_ids), Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    forms = {(row[0], row[1]): FormStanding(row[0], *row[2:]) for row in rows}
    unlimited = [project_id for project_id in project_ids if not _limited(scopes, project_id)]
    _look_up_counts(session, unlimited, since, forms)
    for project_id in project_ids:
        if _limited(scopes, project_id):
            _count_submissions(session, project_id, scopes[project_id], since, forms)
    for (project_id, form_id, status), count in _waiting(session, project_ids, scopes).items():
        if (project_id, form_id) in forms:
            forms[project_id, form_id].waiting[status] = count
    return list(forms.values())


def _limited(scopes: Mapping[int, Scope], project_id: int) -> bool:
    return project_id in scopes and scopes[project_id].limited


_LIVE = (Submission.draft_version_id == 0, Submission.deleted_at.is_(None))


def _look_up_counts(
    session: Session, project_ids: Sequence[int], since: datetime, forms: dict[tuple[int, int], FormStanding]
) -> None:
    for row in counts_of(session, project_ids):
        form = forms.get((row.project_id, row.form_id))
        if form is None:
            continue
        if row.training:
            form.training += row.count
        elif row.duplicate:
            form.duplicates += row.count
        else:
            form.states[row.review_state or None] = row.count
    # Each form's newest ends a walk from the new end of the index; what is fresh is a short stretch of the same.
    of_form = (Submission.project_id == Form.project_id, Submission.form_id == Form.id, *_LIVE)
    real = (*of_form, Submission.training.is_(False))
    newest = select(Submission.created_at).where(*real).order_by(Submission.created_at.desc(), Submission.id.desc())
    recent = (Submission.created_at >= since, Submission.duplicate_of.is_(None))
    fresh = select(func.count()).where(*real, *recent).select_from(Submission)
    query = select(
        Form.project_id,
        Form.id,
        newest.limit(1).correlate(Form).scalar_subquery(),
        fresh.correlate(Form).scalar_subquery(),
    ).where(Form.project_id.in_(project_ids))
    for project_id, form_id, last, count in session.execute(query):
        form = forms.get((project_id, form_id))
        if form is not None:
            form.last, form.fresh = last, count


def _count_submissions(
    session: Session,
    project_id: int,
    scope: Scope,
    since: datetime,
    forms: dict[tuple[int, int], FormStanding],
) -> None:
    """For a reader who sees only some of them: counted one by one."""
    duplicate = Submission.duplicate_of.is_not(None)
    counts = (
        select(
            Submission.form_id,
            Submission.review_state,
            Submission.training,
            duplicate,
            func.count(),
            func.count().filter(Submission.created_at >= since),
            func.max(Submission.created_at),
        )
        .where(Submission.project_id == project_id, *_LIVE, *in_scope(scope))
        .group_by(Submission.form_id, Submission.review_state, Submission.training, duplicate)
    )
    for form_id, state, training, left_out, count, fresh, last in session.execute(counts):
        form = forms.get((project_id, form_id))
        if form is None:
            continue
        if training:
            form.training += count
            continue
        if left_out:
            form.duplicates += count
        else:
            form.states[state] = count
            form.fresh += fresh
        form.last = max(filter(None, (form.last, last)))


def arrivals(
    session: Session, project_ids: Sequence[int], edges: Sequence[datetime], scopes: Mapping[int, Scope]
) -> dict[int, list[int]]:
    """Submissions that came between each moment of `edges` and the next one, by project; exercises left out."""
    spans = [
        func.count().filter(and_(Submission.created_at >= start, Submission.created_at < end))
        for start, end in pairwise(edges)
    ]
    # Form by form, so that the index on their newest submissions ends the walk at the first edge.
    query = (
        select(Submission.project_id, *spans)
        .join(Form, (Form.project_id == Submission.project_id) & (Form.id == Submission.form_id))
        .where(*_LIVE, Submission.training.is_(False), Submission.created_at >= edges[0])
        .group_by(Submission.project_id)
    )
    unlimited = [project_id for project_id in project_ids if not _limited(scopes, project_id)]
    found = {row[0]: list(row[1:]) for row in session.execute(query.where(Form.project_id.in_(unlimited)))}
    for project_id in set(project_ids) - set(unlimited):
        own = query.where(Form.project_id == project_id, *in_scope(scopes[project_id]))
        found |= {row[0]: list(row[1:]) for row in session.execute(own)}
    return found


def waiting_counts(
    session: Session, project_ids: Iterable[int], scopes: Mapping[int, Scope]
) -> dict[int, dict[str, int]]:
    """How many arrivals wait for a decision, by project and kind; also of forms that are gone."""
    found: dict[int, dict[str, int]] = {}
    for (project_id, _, status), count in _waiting(session, list(project_ids), scopes).items():
        kinds = found.setdefault(project_id, {})
        kinds[status] = kinds.get(status, 0) + count
    return found


def _waiting(
    session: Session, project_ids: Sequence[int], scopes: Mapping[int, Scope]
) -> dict[tuple[int, int, str], int]:
    query = (
        select(Receipt.project_id, Receipt.form_id, Receipt.status, func.count())
        # The words of the partial index to the letter, or SQLite would not use it.
        .where(WAITING, Receipt.draft_version_id == 0)
        .group_by(Receipt.project_id, Receipt.form_id, Receipt.status)
    )
    unlimited = [project_id for project_id in project_ids if not _limited(scopes, project_id)]
    found = {
        (row[0], row[1], row[2]): row[3] for row in session.execute(query.where(Receipt.project_id.in_(unlimited)))
    }
    for project_id in set(project_ids) - set(unlimited):
        own = query.where(Receipt.project_id == project_id, *receipts_in_scope(scopes[project_id]))
        found |= {(row[0], row[1], row[2]): row[3] for row in session.execute(own)}
    return found
