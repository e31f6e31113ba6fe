"""Who was given which role: on the site (project 0), in a project (form 0), for one form."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.actees import EVERYTHING, actee_of_form
from accounts.errors import insufficient_rights, not_found
from accounts.events import Happening, record
from accounts.models import Actor, Assignment, Project, Role
from accounts.roles import SITE, WHOLE, assign, granted, with_implied
from config.segments import as_number

# What ODK Central shows of a number without a letter, and of a system name.
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role is given. `actee_id` is how the audit log names it."""

    project_id: int
    form_id: int
    actee_id: str


THE_SITE = Place(SITE, WHOLE, EVERYTHING)


def place_of(session: Session, project_id: int, form_id: int = WHOLE) -> Place:
    """A project (Problem 404.1 when there is none), or one of its forms."""
    project = session.get(Project, project_id)
    if project is None or project.deleted_at is not None:
        raise not_found()
    return Place(project_id, form_id, actee_of_form(project.uid, form_id) if form_id else project.uid)


def list_assignments(session: Session, place: Place, role_id: int | None = None) -> list[tuple[Assignment, Actor]]:
    """Everyone who has a role at exactly this place, in the order of actors; or who has this role."""
    query = (
        select(Assignment, Actor)
        .join(Actor, Actor.id == Assignment.actor_id)
        .where(Assignment.project_id == place.project_id, Assignment.form_id == place.form_id)
        .order_by(Assignment.actor_id, Assignment.role_id)
    )
    if role_id is not None:
        query = query.where(Assignment.role_id == role_id)
    return [(row[0], row[1]) for row in session.execute(query)]


def list_form_assignments(
    session: Session, project_id: int, role_id: int | None = None
) -> list[tuple[Assignment, Actor]]:
    """Every role given for single forms of a project (deleted forms too)."""
    query = (
        select(Assignment, Actor)
        .join(Actor, Actor.id == Assignment.actor_id)
        .where(Assignment.project_id == project_id, Assignment.form_id != WHOLE)
        .order_by(Assignment.actor_id, Assignment.form_id, Assignment.role_id)
    )
    if role_id is not None:
        query = query.where(Assignment.role_id == role_id)
    return [(row[0], row[1]) for row in session.execute(query)]


Given = tuple[Assignment, Role, Project | None]


def roles_of(session: Session, actor_id: int) -> list[Given]:
    """Every role somebody has, the site's first; without a project it holds on the site. Roles of deleted projects are left out."""
    return roles_of_all(session, [actor_id]).get(actor_id, [])


def roles_of_all(session: Session, actor_ids: Sequence[int]) -> dict[int, list[Given]]:
    """As roles_of, for several at once."""
    rows = session.execute(
        select(Assignment, Role, Project)
        .join(Role, Role.id == Assignment.role_id)
        .outerjoin(Project, Project.id == Assignment.project_id)
        .where(Assignment.actor_id.in_(actor_ids), Project.deleted_at.is_(None))
        .order_by(Assignment.project_id, Assignment.form_id, Assignment.role_id)
    )
    found: dict[int, list[Given]] = {}
    for row in rows:
        found.setdefault(row[0].actor_id, []).append((row[0], row[1], row[2]))
    return found


def get_role(session: Session, word: str) -> Role:
    """A role by its number or its system name, as addresses have it; Problem 404.1, or 400.11 for neither."""
    by_name = not _LETTERS.isdisjoint(word)
    role = session.scalars(select(Role).where(Role.system == word if by_name else Role.id == as_number(word))).first()
    if role is None:
        raise not_found()
    return role


def require_assignable(session: Session, by: int, role: Role, place: Place) -> None:
    """Nobody gives away what they may not do themselves: Problem 403.1."""
    own = with_implied(granted(session, by, place.project_id, place.form_id))
    if not own.issuperset(role.verbs):
        raise insufficient_rights()


def grant(session: Session, actor: Actor, role: Role, place: Place, *, by: int | None) -> bool:
    """Give a role; False when it was given already, and then nothing is recorded."""
    if not assign(session, actor.id, role.id, place.project_id, place.form_id):
        return False
    details = {"roleId": role.id, "grantedActeeId": place.actee_id}
    _record(session, actor, "create", details, place, by)
    return True


def revoke(session: Session, actor: Actor, role: Role, place: Place, *, by: int | None) -> bool:
    """Take a role back; False when it was not given."""
    gone = session.execute(
        delete(Assignment)
        .where(
            Assignment.actor_id == actor.id,
            Assignment.role_id == role.id,
            Assignment.project_id == place.project_id,
            Assignment.form_id == place.form_id,
        )
        .returning(Assignment.actor_id)
    ).first()
    if gone is None:
        return False
    _record(session, actor, "delete", {"roleId": role.id, "revokedActeeId": place.actee_id}, place, by)
    return True


def _record(
    session: Session, actor: Actor, what: str, details: dict[str, object], place: Place, by: int | None
) -> None:
    happening = Happening(
        place.project_id,
        f"{actor.type}.assignment.{what}",
        by,
        form_id=place.form_id or None,
        details=details,
        actee_id=actor.uid,
    )
    record(session, happening)
