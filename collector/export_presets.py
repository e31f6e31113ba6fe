"""Choices for exports that a person keeps under a name, for one form."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from collector.export_request import ExportRequest
from collector.models_exports import ExportPreset
from config.api_errors import unexpected_value
from config.clock import now
from config.database import next_ids

LONGEST = 80
MOST = 50


def list_presets(session: Session, project_id: int, form_id: int, actor_id: int) -> Sequence[ExportPreset]:
    """A person's presets for a form, by name."""
    found = session.scalars(select(ExportPreset).where(*_own(project_id, form_id, actor_id)))
    return sorted(found, key=lambda each: each.name.casefold())


def find_preset(session: Session, project_id: int, form_id: int, actor_id: int, name: str) -> ExportPreset:
    """The preset of that name, or Problem 404.1."""
    found = session.scalar(select(ExportPreset).where(*_own(project_id, form_id, actor_id), ExportPreset.name == name))
    if found is None:
        raise not_found()
    return found


def keep_preset(
    session: Session, project_id: int, form_id: int, actor_id: int, name: str, request: ExportRequest
) -> ExportPreset:
    """Keep choices under a name, in place of what had it; Problem 400.8 for a name that cannot be, or one too many."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise unexpected_value(
            "name", name, f"a name has 1 to {LONGEST} characters", f"un nom a de 1 à {LONGEST} caractères"
        )
    own = _own(project_id, form_id, actor_id)
    found = session.scalar(select(ExportPreset).where(*own, ExportPreset.name == name))
    if found is None:
        if (session.scalar(select(func.count()).select_from(ExportPreset).where(*own)) or 0) >= MOST:
            raise unexpected_value("name", name, f"there are {MOST} already", f"il y en a déjà {MOST}")
        # Their own numbers would be a sequence more for nothing.
        (number,) = next_ids(session.connection(), "export")
        found = ExportPreset(
            project_id=project_id, id=number, form_id=form_id, actor_id=actor_id, name=name, created_at=now()
        )
        session.add(found)
    found.request = request.as_json()
    session.flush()
    return found


def forget_preset(session: Session, project_id: int, form_id: int, actor_id: int, name: str) -> None:
    """Forget the preset of that name; no matter if there is none."""
    session.execute(delete(ExportPreset).where(*_own(project_id, form_id, actor_id), ExportPreset.name == name))


def _own(project_id: int, form_id: int, actor_id: int) -> tuple[Any, ...]:
    return (
        ExportPreset.project_id == project_id,
        ExportPreset.form_id == form_id,
        ExportPreset.actor_id == actor_id,
    )
