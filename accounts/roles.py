"""Roles and what they allow, with ODK Central's verbs. Rights are asked for by verb, never by role."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.models import Assignment, Project, Role

SITE = 0

_READ = [
    "project.read",
    "form.list",
    "form.read",
    "submission.list",
    "submission.read",
    "dataset.list",
    "dataset.read",
    "entity.list",
    "entity.read",
]
_MANAGE = [
    *_READ,
    "project.update",
    "project.delete",
    "form.create",
    "form.delete",
    "form.restore",
    "form.update",
    "submission.create",
    "submission.delete",
    "submission.restore",
    "submission.update",
    "field_key.create",
    "field_key.delete",
    "field_key.list",
    "public_link.create",
    "public_link.delete",
    "public_link.list",
    "assignment.create",
    "assignment.delete",
    "assignment.list",
    "session.end",
    "dataset.create",
    "dataset.update",
    "entity.create",
    "entity.update",
    "entity.delete",
    "entity.restore",
]
_ADMINISTER = [
    *_MANAGE,
    "project.create",
    "user.create",
    "user.delete",
    "user.list",
    "user.read",
    "user.update",
    "user.password.invalidate",
    "config.read",
    "config.set",
    "audit.read",
    "role.create",
    "role.delete",
    "role.update",
]

# system name -> (wire name, verbs)
ROLES: dict[str, tuple[str, list[str]]] = {
    "admin": ("Administrator", _ADMINISTER),
    "manager": ("Project Manager", _MANAGE),
    "viewer": ("Project Viewer", _READ),
    "app-user": ("App User", ["form.list", "form.read", "submission.create"]),
}
BY_WORD = {"administrator": "admin", "manager": "manager", "viewer": "viewer"}


def are_current(session: Session) -> bool:
    """Whether the stored roles are what this version of the program says."""
    stored = {role.system: (role.name, role.verbs) for role in session.scalars(select(Role))}
    return all(stored.get(system) == role for system, role in ROLES.items())


def ensure(session: Session) -> None:
    """Bring the stored roles to what this version of the program says."""
    stored = {role.system: role for role in session.scalars(select(Role))}
    for system, (name, verbs) in ROLES.items():
        role = stored.get(system)
        if role is None:
            session.add(Role(system=system, name=name, verbs=verbs))
        elif role.verbs != verbs or role.name != name:
            role.name, role.verbs = name, verbs


def assign(session: Session, actor_id: int, system: str, project_id: int = SITE) -> None:
    """Give a role, for the site or one project; again is harmless."""
    role = session.scalars(select(Role).where(Role.system == system)).one()
    if session.get(Assignment, (actor_id, role.id, project_id)) is None:
        session.add(Assignment(actor_id=actor_id, role_id=role.id, project_id=project_id))


def verbs_of(session: Session, actor_id: int, project_id: int) -> frozenset[str]:
    """Everything the actor may do in a project (0: on the site)."""
    rows = session.scalars(
        select(Role.verbs)
        .join(Assignment, Assignment.role_id == Role.id)
        .where(Assignment.actor_id == actor_id, Assignment.project_id.in_({SITE, project_id}))
    )
    return frozenset(verb for verbs in rows for verb in verbs)


def demand(session: Session, actor_id: int, verb: str, project_id: int) -> None:
    """Problem 404.1 where the actor may not know of the project, 403.1 where it may but not do this."""
    verbs = verbs_of(session, actor_id, project_id)
    if verb not in verbs:
        raise insufficient_rights()
    if project_id != SITE:
        project = session.get(Project, project_id)
        if project is None or project.deleted_at is not None:
            raise not_found()


def verbs_everywhere(session: Session, actor_id: int) -> dict[int, frozenset[str]]:
    """What the actor may do by project, where a role is given (0: on the site, and so in every project)."""
    rows = session.execute(
        select(Assignment.project_id, Role.verbs)
        .join(Role, Role.id == Assignment.role_id)
        .where(Assignment.actor_id == actor_id)
    )
    found: dict[int, frozenset[str]] = {}
    for project_id, verbs in rows:
        found[project_id] = found.get(project_id, frozenset()) | frozenset(verbs)
    return found


def visible_projects(session: Session, actor_id: int, verb: str = "project.read") -> list[Project]:
    """The projects where the actor may do `verb`, by name."""
    allowed = {project_id for project_id, verbs in verbs_everywhere(session, actor_id).items() if verb in verbs}
    query = select(Project).where(Project.deleted_at.is_(None)).order_by(Project.name, Project.id)
    return list(session.scalars(query if SITE in allowed else query.where(Project.id.in_(allowed))))
