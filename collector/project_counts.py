"""What a list of projects says of each: forms, phones, when something last came; a fixed number of questions for any list."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.models import Actor, AppUser
from accounts.scopes import scopes_of
from collector.form_counts import counts_of_forms
from collector.models import Submission
from forms.models import Form


@dataclass
class ProjectCounts:
    """Forms in the trash, deleted app users and exercises left out."""

    forms: int = 0
    app_users: int = 0
    last: datetime | None = None


def counts_of_projects(session: Session, actor_id: int, project_ids: Collection[int]) -> dict[int, ProjectCounts]:
    """By project; `last` within what the actor may see."""
    found = {project_id: ProjectCounts() for project_id in project_ids}
    scoped = set(scopes_of(session, actor_id, project_ids))
    newest = (
        select(Submission.created_at)
        .where(
            Submission.project_id == Form.project_id,
            Submission.form_id == Form.id,
            Submission.draft_version_id == 0,
            Submission.deleted_at.is_(None),
            Submission.training.is_(False),
        )
        .order_by(Submission.created_at.desc())
        .limit(1)
        .correlate(Form)
        .scalar_subquery()
    )
    alive = (Form.project_id.in_(project_ids), Form.deleted_at.is_(None))
    for project_id, moment in session.execute(select(Form.project_id, newest).where(*alive)):
        counts = found[project_id]
        counts.forms += 1
        if moment is not None and project_id not in scoped:
            counts.last = max(moment, counts.last or moment)
    phones = (
        select(AppUser.project_id, func.count())
        .join(Actor, Actor.id == AppUser.actor_id)
        .where(AppUser.project_id.in_(project_ids), Actor.deleted_at.is_(None))
        .group_by(AppUser.project_id)
    )
    for project_id, count in session.execute(phones):
        found[project_id].app_users = count
    _add_scoped(session, actor_id, scoped, found)
    return found


def _add_scoped(session: Session, actor_id: int, scoped: set[int], found: dict[int, ProjectCounts]) -> None:
    """Few people have a scope, and in few projects."""
    scopes = scopes_of(session, actor_id, scoped)
    for project_id, scope in scopes.items():
        forms = session.scalars(select(Form.id).where(Form.project_id == project_id, Form.deleted_at.is_(None)))
        counts = counts_of_forms(session, project_id, list(forms), scope)
        found[project_id].last = max((each.last for each in counts.values() if each.last), default=None)
