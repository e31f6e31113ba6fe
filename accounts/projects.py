"""Projects."""

from uuid import uuid4

from sqlalchemy.orm import Session

from accounts.errors import project_unknown
from accounts.events import Happening, record
from accounts.models import Project
from config.api_errors import missing_parameter
from config.clock import now


def create_project(session: Session, name: str, *, language: str, actor_id: int | None = None) -> Project:
    """A new, empty project."""
    name = name.strip()
    if not name:
        raise missing_parameter("name")
    project = Project(uid=str(uuid4()), name=name[:255], language=language, created_at=now())
    session.add(project)
    session.flush()
    record(session, Happening(project.id, "project.create", actor_id))
    return project


def get_project(session: Session, project_id: int) -> Project:
    """The project, or Problem 404.1."""
    project = session.get(Project, project_id)
    if project is None or project.deleted_at is not None:
        raise project_unknown(project_id)
    return project
