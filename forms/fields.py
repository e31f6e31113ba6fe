"""The questions of a version as stored, and their names as OData can carry them."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.models import FormField

_FIRST = re.compile(r"^[^A-Za-z_]")
_OTHERS = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class ShownField:
    """A node of a form as the API shows it; `binary` and `multiple` are None where ODK Central says null."""

    path: str
    name: str
    type: str
    binary: bool | None
    multiple: bool | None


def fields_shown(session: Session, project_id: int, schema_id: int, *, odata: bool = False) -> list[ShownField]:
    """Every node in document order; `odata`: under the names it has in OData."""
    rows = session.execute(
        select(FormField.path, FormField.type, FormField.binary, FormField.multiple)
        .where(FormField.project_id == project_id, FormField.schema_id == schema_id)
        .order_by(FormField.position)
    )
    return [
        ShownField(
            odata_path(path) if odata else path,
            odata_name(_name(path)) if odata else _name(path),
            kind,
            binary or None,
            multiple or None,
        )
        for path, kind, binary, multiple in rows
    ]


def odata_path(path: str) -> str:
    """`/group/1st choice` as `/group/_1st_choice`."""
    return "/".join(map(odata_name, path.split("/")))


def odata_name(name: str) -> str:
    """A name OData can carry: letters, digits and `_`, no digit in front."""
    return _OTHERS.sub("_", _FIRST.sub(lambda match: f"_{match[0]}", name))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
