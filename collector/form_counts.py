"""How many submissions forms have, in which review states, and when the last one came; within the reader's scope."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from accounts.scopes import Scope
from collector.models import Submission, Tally
from collector.reading import in_scope
from forms.models import Form


@dataclass
class FormCounts:
    """As ODK Central counts: exercises and the trash left out, duplicates of others too. `states`: by review state, "" as received."""

    states: dict[str, int] = field(default_factory=dict)
    last: datetime | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.states.values())


def counts_of_forms(
    session: Session, project_id: int, form_ids: Collection[int], scope: Scope, draft_version_id: int = 0
) -> dict[int, FormCounts]:
    """By form, also those without submissions: two statements however many there are. With a draft, its test submissions."""
    found = {form_id: FormCounts() for form_id in form_ids}
    if not found:
        return found
    for form_id, state, count in session.execute(_states(project_id, form_ids, scope, draft_version_id)):
        states = found[form_id].states
        states[state or ""] = states.get(state or "", 0) + count
    newest = (
        select(Submission.created_at)
        .where(
            Submission.project_id == Form.project_id,
            Submission.form_id == Form.id,
            Submission.draft_version_id == draft_version_id,
            *_counted(scope),
        )
        .order_by(Submission.created_at.desc())
        .limit(1)
        .correlate(Form)
        .scalar_subquery()
    )
    query = select(Form.id, newest).where(Form.project_id == project_id, Form.id.in_(form_ids))
    for form_id, moment in session.execute(query):
        found[form_id].last = moment
    return found


def _states(
    project_id: int, form_ids: Collection[int], scope: Scope, draft_version_id: int
) -> Select[*tuple[Any, ...]]:
    if not scope.limited:
        return select(Tally.form_id, Tally.review_state, Tally.count).where(
            Tally.project_id == project_id,
            Tally.form_id.in_(form_ids),
            Tally.draft_version_id == draft_version_id,
            Tally.training.is_(False),
            Tally.count > 0,
        )
    return (
        select(Submission.form_id, Submission.review_state, func.count())
        .where(
            Submission.project_id == project_id,
            Submission.form_id.in_(form_ids),
            Submission.draft_version_id == draft_version_id,
            *_counted(scope),
        )
        .group_by(Submission.form_id, Submission.review_state)
    )


def _counted(scope: Scope) -> list[Any]:
    return [Submission.deleted_at.is_(None), Submission.training.is_(False), *in_scope(scope)]
