"""The places for files of a version as the API shows them, and the file in one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from forms.models import Blob, FormAttachment

EXACT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Attached:
    """A place for a file; without a file, everything but name, type and perhaps when it was emptied is None."""

    name: str
    type: str
    updated_at: datetime | None
    content_type: str | None
    sha256: bytes | None
    md5: str | None
    size: int | None

    @property
    def blob_exists(self) -> bool:
        """As a file, and not from an entity list."""
        return self.exists

    @property
    def exists(self) -> bool:
        """Whether somebody has brought the file."""
        return self.sha256 is not None


def attached_to(session: Session, project_id: int, version_id: int, name: str | None = None) -> list[Attached]:
    """Every place of a version (or the one of that name), by name."""
    return [file for _, file in _rows(session, project_id, [version_id], name)]


def attached_to_all(session: Session, project_id: int, version_ids: Sequence[int]) -> dict[int, list[Attached]]:
    """Every place of these versions, by version and name; those without any are left out."""
    found: dict[int, list[Attached]] = {}
    for version_id, file in _rows(session, project_id, version_ids):
        found.setdefault(version_id, []).append(file)
    return found


def _rows(
    session: Session, project_id: int, version_ids: Sequence[int], name: str | None = None
) -> Iterator[tuple[int, Attached]]:
    query = (
        select(
            FormAttachment.form_version_id,
            FormAttachment.name,
            FormAttachment.type,
            FormAttachment.updated_at,
            FormAttachment.content_type,
            Blob.sha256,
            Blob.md5,
            Blob.size,
        )
        .outerjoin(Blob, (Blob.project_id == FormAttachment.project_id) & (Blob.sha256 == FormAttachment.blob_sha256))
        .where(FormAttachment.project_id == project_id, FormAttachment.form_version_id.in_(version_ids))
        .order_by(FormAttachment.name)
    )
    if name is not None:
        query = query.where(FormAttachment.name == name)
    return ((row[0], Attached(*row[1:])) for row in session.execute(query))


def attached_file(session: Session, project_id: int, version_id: int, name: str) -> Attached:
    """The file in a place, or Problem 404.1."""
    found = next((each for each in attached_to(session, project_id, version_id, name) if each.exists), None)
    if found is None:
        raise not_found()
    return found
