"""Projects."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from accounts.errors import project_unknown
from accounts.events import Happening, record
from accounts.models import Project
from config.api_errors import missing_parameter
from config.clock import now

LONGEST_NAME = 255


def create_project(
    session: Session,
    name: str,
    *,
    language: str,
    description: str | None = None,
    archived: bool | None = None,
    actor_id: int | None = None,
) -> Project:
    """A new, empty project."""
    name = name.strip()[:LONGEST_NAME]
    if not name:
        raise missing_parameter("name")
    project = Project(
        uid=str(uuid4()),
        name=name,
        description=description,
        archived=bool(archived),
        archived_said=archived,
        language=language,
        created_at=now(),
    )
    session.add(project)
    session.flush()
    data: dict[str, Any] = {"name": name}
    data |= {"description": description} if description is not None else {}
    data |= {"archived": archived} if archived is not None else {}
    _record(session, project, "create", data, actor_id)
    return project


def update_project(session: Session, project: Project, changes: Mapping[str, Any], *, by: int) -> None:
    """Change `name`, `description` or `archived`, under their wire names; what is not there stays."""
    if "name" in changes:
        if not (changes["name"] or "").strip():
            raise missing_parameter("name")
        project.name = changes["name"]
    if "description" in changes:
        project.description = changes["description"]
    if "archived" in changes:
        project.archived, project.archived_said = bool(changes["archived"]), changes["archived"]
    if changes:
        project.updated_at = now()
    session.flush()
    _record(session, project, "update", changes, by)


def delete_project(session: Session, project: Project, *, by: int) -> None:
    """Take it out of sight for everyone, phones included; nothing in it is removed."""
    project.deleted_at = now()
    record(session, Happening(project.id, "project.delete", by, actee_id=project.uid))


def _record(session: Session, project: Project, what: str, data: Mapping[str, Any], by: int | None) -> None:
    words = {"data": dict(data)} if data else None
    happening = Happening(project.id, f"project.{what}", by, actee_id=project.uid, details={"data": {}}, words=words)
    record(session, happening)


def get_project(session: Session, project_id: int) -> Project:
    """The project, or Problem 404.1."""
    project = session.get(Project, project_id)
    if project is None or project.deleted_at is not None:
        raise project_unknown(project_id)
    return project
