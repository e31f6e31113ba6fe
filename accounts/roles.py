"""Roles and what they allow, with ODK Central's verbs. Rights are asked for by verb, never by role.

A role is given for the site (project 0), a project (form 0) or one form; what holds above holds below. Two verbs of ours
stand beside Central's: `submission.review` (decide about a submission without being able to edit it) and
`submission.read.masked` (take data out without the personal classes of a form). Whoever may do more may do less: see IMPLIED.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.models import Assignment, Project, Role
from config.clock import now

SITE = 0
WHOLE = 0

_READ = [
    "project.read",
    "form.list",
    "form.read",
    "submission.read",
    "submission.list",
    "dataset.list",
    "entity.list",
    "dataset.read",
    "entity.read",
    "actor_property.list",
]
_MANAGE = [
    "project.read",
    "project.update",
    "project.delete",
    "form.create",
    "form.delete",
    "form.list",
    "form.read",
    "form.update",
    "submission.create",
    "submission.read",
    "submission.list",
    "field_key.create",
    "field_key.delete",
    "field_key.list",
    "assignment.list",
    "assignment.create",
    "assignment.delete",
    "public_link.create",
    "public_link.list",
    "public_link.read",
    "public_link.update",
    "public_link.delete",
    "session.end",
    "submission.update",
    "form.restore",
    "dataset.list",
    "entity.list",
    "dataset.read",
    "entity.read",
    "entity.create",
    "entity.update",
    "dataset.update",
    "entity.delete",
    "dataset.create",
    "submission.delete",
    "submission.restore",
    "entity.restore",
    "dataset.delete",
    "actor_property.list",
    "actor_property.update",
    "field_key.update",
]
_ADMINISTER = [
    "config.read",
    "config.set",
    "project.create",
    "user.create",
    "user.list",
    "user.password.invalidate",
    "user.read",
    "user.update",
    "user.delete",
    "role.create",
    "role.update",
    "role.delete",
    "audit.read",
    "backup.run",
    "analytics.read",
    *_MANAGE,
]


@dataclass(frozen=True)
class SystemRole:
    """A role of this version of the program. Numbers are ODK Central's, which pyodk relies on; ours begin at 101."""

    id: int
    system: str
    name: str
    verbs: list[str]


ROLES = (
    SystemRole(1, "admin", "Administrator", _ADMINISTER),
    SystemRole(2, "app-user", "App User", ["open_form.read", "submission.create"]),
    SystemRole(3, "pwreset", "Password Reset Token", ["user.password.reset"]),
    SystemRole(5, "manager", "Project Manager", _MANAGE),
    SystemRole(6, "viewer", "Project Viewer", _READ),
    SystemRole(7, "formview", "Form Viewer (system internal)", ["open_form.read"]),
    SystemRole(
        8, "formfill", "Data Collector", ["project.read", "open_form.list", "open_form.read", "submission.create"]
    ),
    SystemRole(9, "pub-link", "Public Link", ["open_form.read", "submission.create"]),
    # Reads, comments, decides; edits and administers nothing.
    SystemRole(101, "reviewer", "Reviewer", [*_READ, "submission.review"]),
    # Takes data out, without personal classes: what shows single submissions asks for submission.read.
    SystemRole(
        102,
        "data-viewer",
        "Data Viewer",
        ["project.read", "form.list", "form.read", "submission.list", "submission.read.masked"],
    ),
)
APP_USER = 2
# The first number of a role that ODK Central does not have.
OURS = 101
PUBLIC_LINK = 9
# What `relais web-user create --role` calls them.
BY_WORD = {"administrator": "admin"}

# Whoever holds the first also holds the others. Roles show Central's verbs alone; questions are answered with these too.
IMPLIED = {
    "form.list": ("open_form.list",),
    "form.read": ("open_form.read",),
    "submission.read": ("submission.read.masked", "submission.read.personal"),
    "submission.update": ("submission.review",),
}


def are_current(session: Session) -> bool:
    """Whether the stored roles are what this version of the program says."""
    stored = {role.id: (role.system, role.name, role.verbs) for role in session.scalars(select(Role))}
    return all(stored.get(role.id) == (role.system, role.name, role.verbs) for role in ROLES)


def ensure(session: Session) -> None:
    """Bring the stored roles to what this version of the program says."""
    stored = {role.id: role for role in session.scalars(select(Role))}
    for role in ROLES:
        kept = stored.get(role.id)
        if kept is None:
            session.add(Role(id=role.id, system=role.system, name=role.name, verbs=role.verbs, created_at=now()))
        elif (kept.system, kept.name, kept.verbs) != (role.system, role.name, role.verbs):
            kept.system, kept.name, kept.verbs, kept.updated_at = role.system, role.name, role.verbs, now()


def assign(session: Session, actor_id: int, role: str | int, project_id: int = SITE, form_id: int = WHOLE) -> bool:
    """Give a role, by its system name or number, on the site, in one project or for one form; False when it was given already."""
    condition = Role.system == role if isinstance(role, str) else Role.id == role
    role_id = session.scalars(select(Role.id).where(condition)).one()
    key = (actor_id, role_id, project_id, form_id)
    if session.get(Assignment, key) is not None:
        return False
    session.add(Assignment(actor_id=actor_id, role_id=role_id, project_id=project_id, form_id=form_id))
    session.flush()
    return True


def with_implied(verbs: Iterable[str]) -> frozenset[str]:
    """These verbs and what they imply."""
    found = set(verbs)
    for verb, others in IMPLIED.items():
        if verb in found:
            found.update(others)
    return frozenset(found)


def granted(session: Session, actor_id: int, project_id: int = SITE, form_id: int = WHOLE) -> list[str]:
    """The verbs as roles say them (ODK Central's `verbs`), each once, in the order of roles."""
    rows = session.scalars(
        select(Role.verbs)
        .join(Assignment, Assignment.role_id == Role.id)
        .where(
            Assignment.actor_id == actor_id,
            Assignment.project_id.in_({SITE, project_id}),
            Assignment.form_id.in_({WHOLE, form_id}),
        )
        .order_by(Role.id)
    )
    return list(dict.fromkeys(verb for verbs in rows for verb in verbs))


def verbs_of(session: Session, actor_id: int, project_id: int, form_id: int = WHOLE) -> frozenset[str]:
    """Everything the actor may do on the site (project 0), in a project (form 0) or with a form, implied verbs too."""
    return with_implied(granted(session, actor_id, project_id, form_id))


def demand(session: Session, actor_id: int, verb: str, project_id: int, form_id: int = WHOLE) -> frozenset[str]:
    """All the actor may do there; Problem 404.1 without such a project, 403.1 without `verb`, in ODK Central's order."""
    if project_id != SITE:
        project = session.get(Project, project_id)
        if project is None or project.deleted_at is not None:
            raise not_found()
    verbs = verbs_of(session, actor_id, project_id, form_id)
    if verb not in verbs:
        raise insufficient_rights()
    return verbs


def verbs_everywhere(session: Session, actor_id: int) -> dict[int, frozenset[str]]:
    """What the actor may do by project, where a role is given (0: on the site, and so in every project)."""
    rows = session.execute(
        select(Assignment.project_id, Role.verbs)
        .join(Role, Role.id == Assignment.role_id)
        .where(Assignment.actor_id == actor_id, Assignment.form_id == WHOLE)
    )
    found: dict[int, frozenset[str]] = {}
    for project_id, verbs in rows:
        found[project_id] = found.get(project_id, frozenset()) | with_implied(verbs)
    return found


def forms_where(session: Session, actor_id: int, verb: str, project_id: int) -> frozenset[int] | None:
    """The forms of a project for which the actor may do `verb`; None: all of them, future ones too."""
    rows = session.execute(
        select(Assignment.form_id, Role.verbs)
        .join(Role, Role.id == Assignment.role_id)
        .where(Assignment.actor_id == actor_id, Assignment.project_id.in_({SITE, project_id}))
    )
    found = {form_id for form_id, verbs in rows if verb in with_implied(verbs)}
    return None if WHOLE in found else frozenset(found)


def readable_projects(session: Session, actor_id: int) -> list[tuple[Project, frozenset[str]]]:
    """The projects the API lists: those the actor may read and whose forms it may list, with the verbs as roles say them;
    archived ones last, then by name."""
    rows = session.execute(
        select(Assignment.project_id, Role.verbs)
        .join(Role, Role.id == Assignment.role_id)
        .where(Assignment.actor_id == actor_id, Assignment.form_id == WHOLE)
    )
    given: dict[int, set[str]] = {}
    for project_id, verbs in rows:
        given.setdefault(project_id, set()).update(verbs)
    anywhere = frozenset(given.get(SITE, ()))
    query = select(Project).where(Project.deleted_at.is_(None))
    if not _lists(anywhere):
        query = query.where(Project.id.in_(given))
    found = [(project, anywhere | given.get(project.id, frozenset())) for project in session.scalars(query)]
    found.sort(key=lambda each: (each[0].archived, each[0].name.casefold(), each[0].name, each[0].id))
    return [(project, verbs) for project, verbs in found if _lists(verbs)]


def _lists(verbs: frozenset[str]) -> bool:
    return "project.read" in verbs and not verbs.isdisjoint(("form.list", "open_form.list"))


def visible_projects(session: Session, actor_id: int, verb: str = "project.read") -> list[Project]:
    """The projects where the actor may do `verb`, by name."""
    allowed = {project_id for project_id, verbs in verbs_everywhere(session, actor_id).items() if verb in verbs}
    query = select(Project).where(Project.deleted_at.is_(None)).order_by(Project.name, Project.id)
    return list(session.scalars(query if SITE in allowed else query.where(Project.id.in_(allowed))))
