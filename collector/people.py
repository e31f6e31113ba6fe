"""The people of a project: who may do what here, and who sees only a part."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.assignments import Place, get_role, grant, list_assignments, require_assignable, revoke
from accounts.models import Actor, Assignment, Role, ScopeRule, WebUser
from accounts.roles import SITE, WHOLE
from forms.models import Form, FormVersion


@dataclass(frozen=True, slots=True)
class HeldHere:
    """A role in the project: on the site (`everywhere`), in all of it, or for the form of that name."""

    role: str
    everywhere: bool
    form_id: int
    form: str


@dataclass
class Member:
    """A person with a role here. `limited`: sees only a part of the submissions."""

    actor_id: int
    name: str
    email: str
    last_login: datetime | None
    limited: bool
    held: list[HeldHere] = field(default_factory=list)

    @property
    def whole(self) -> str:
        """The role in the whole project, "" for none; of several the first."""
        return next((each.role for each in self.held if not each.everywhere and each.form_id == WHOLE), "")


def members_of(session: Session, project_id: int, actor_id: int | None = None) -> list[Member]:
    """Everyone who signs in and has a role here (or that one person), by name; few statements however many."""
    query = (
        select(Actor.id, Actor.display_name, WebUser.email, WebUser.last_login_at, Role.system)
        .add_columns(Assignment.project_id, Assignment.form_id)
        .join(WebUser, WebUser.actor_id == Actor.id)
        .join(Assignment, Assignment.actor_id == Actor.id)
        .join(Role, Role.id == Assignment.role_id)
        .where(Assignment.project_id.in_({SITE, project_id}), Actor.deleted_at.is_(None), WebUser.deleted_at.is_(None))
        .order_by(Assignment.project_id, Assignment.form_id, Role.id)
    )
    if actor_id is not None:
        query = query.where(Actor.id == actor_id)
    limited = set(session.scalars(select(ScopeRule.actor_id).where(ScopeRule.project_id == project_id)))
    names = form_names(session, project_id)
    found: dict[int, Member] = {}
    for number, name, email, last, system, where, form_id in session.execute(query):
        member = found.setdefault(number, Member(number, name, email, last, number in limited))
        if form_id == WHOLE or form_id in names:
            member.held.append(HeldHere(system, where == SITE, form_id, names.get(form_id, "")))
    return sorted(found.values(), key=lambda member: (member.name.casefold(), member.actor_id))


def form_names(session: Session, project_id: int) -> dict[int, str]:
    """The living forms of a project by number, in the order of their names."""
    shown = func.coalesce(Form.current_version_id, Form.draft_version_id)
    rows = session.execute(
        select(Form.id, FormVersion.name, Form.xml_form_id)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == shown))
        .where(Form.project_id == project_id, Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    return {row[0]: row[1] or row[2] for row in rows}


def put_role(session: Session, actor: Actor, role: str, place: Place, *, by: int) -> None:
    """Make it the only role somebody has at this place; "" for none. Problem 403.1 when it, or what it takes the place of,
    holds more than the giver may do."""
    wanted = get_role(session, role) if role else None
    for assignment in _held_at(session, actor, place):
        before = session.get_one(Role, assignment.role_id)
        if wanted is None or before.id != wanted.id:
            require_assignable(session, by, before, place)
            revoke(session, actor, before, place, by=by)
    if wanted is not None:
        require_assignable(session, by, wanted, place)
        grant(session, actor, wanted, place, by=by)


def _held_at(session: Session, actor: Actor, place: Place) -> Iterable[Assignment]:
    return [assignment for assignment, holder in list_assignments(session, place) if holder.id == actor.id]
