"""How a project stands: its forms, what came on which day, what waits. Reads only, few statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from collector.models import WAITING, Receipt, Submission
from forms.models import Form, FormVersion

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
    # Form by form, so that the index on their newest submissions ends the walk at the first edge.
    query = (
        select(Submission.project_id, *spans)
        .join(Form, (Form.project_id == Submission.project_id) & (Form.id == Submission.form_id))
        .where(
            Form.project_id.in_(project_ids),
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
