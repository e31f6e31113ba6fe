"""What a new draft may not do to the questions of published versions, and what somebody should know of: ODK Central's rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forms.errors import field_type_conflict
from forms.models import Form, FormField, FormVersion
from forms.xform import Field

# Groups that come and go with entities and metadata; nobody's answers are in them.
_QUIET_ENDINGS = ("/meta", "/meta/entity", "/meta/entity/label")


@dataclass(frozen=True, slots=True)
class KnownField:
    """A question as a published version has it."""

    path: str
    type: str
    multiple: bool


def check_against_published(session: Session, form: Form, fields: Sequence[Field]) -> list[dict[str, Any]]:
    """The warnings a definition deserves; Problem 400.17 where a question changes its type other than to plain text."""
    if form.current_version_id is None:
        return []
    published = _fields_of(session, form.project_id, form.current_version_id)
    if [(each.path, each.type, each.multiple) for each in fields] == [
        (each.path, each.type, each.multiple) for each in published
    ]:
        return []
    _check_types(_types_so_far(session, form), fields)
    paths = {each.path for each in fields}
    gone = [each for each in published if each.path not in paths and not each.path.endswith(_QUIET_ENDINGS)]
    names = [each.path.rpartition("/")[2] for each in gone]
    return [{"type": "structureChanged", "details": names}] if names else []


def _check_types(before: dict[str, str], fields: Sequence[Field]) -> None:
    for field in fields:
        known = before.get(field.path)
        if known is None or known == field.type:
            continue
        if field.type != "string" or known in ("structure", "repeat"):
            raise field_type_conflict(field.path, known)


def _fields_of(session: Session, project_id: int, version_id: int) -> list[KnownField]:
    rows = session.execute(
        select(FormField.path, FormField.type, FormField.multiple)
        .join(
            FormVersion,
            (FormVersion.project_id == FormField.project_id) & (FormVersion.schema_id == FormField.schema_id),
        )
        .where(FormVersion.project_id == project_id, FormVersion.id == version_id)
        .order_by(FormField.position)
    )
    return [KnownField(*row) for row in rows]


def _types_so_far(session: Session, form: Form) -> dict[str, str]:
    """Every path any published version ever had, with the type it had last."""
    last = (
        select(FormVersion.schema_id, func.max(FormVersion.id).label("last"))
        .where(
            FormVersion.project_id == form.project_id,
            FormVersion.form_id == form.id,
            FormVersion.published_at.is_not(None),
        )
        .group_by(FormVersion.schema_id)
        .subquery()
    )
    rows = session.execute(
        select(FormField.path, FormField.type)
        .join(last, last.c.schema_id == FormField.schema_id)
        .where(FormField.project_id == form.project_id)
        .order_by(last.c.last, FormField.position)
    )
    return {row[0]: row[1] for row in rows}
