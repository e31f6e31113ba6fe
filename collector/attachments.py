"""The files of a submission as programs see them: those its answers name, each with the bytes that are here, or without."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from collector.arrival import StoredFile
from collector.models import ReceiptFile
from collector.stored_submissions import answers_of
from collector.submission_rows import VersionPlace
from config.clock import now
from forms.models import Blob
from forms.queries import definition_of

# Browsers may show these themselves, as ODK Central has it; everything else is saved.
SHOWN = ("image/jpeg", "image/png", "image/gif")
TYPES = {".csv": "text/csv", ".geojson": "application/geo+json"}
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that has come."""

    name: str
    content_type: str
    sha256: bytes
    md5: str
    size: int


def attachments_of(session: Session, project_id: int, place: VersionPlace) -> list[tuple[str, bool]]:
    """(name, whether it is here) of every file a version names, by name."""
    query = select(ReceiptFile.name).where(
        ReceiptFile.project_id == project_id, ReceiptFile.receipt_id == place.receipt_id, ReceiptFile.current
    )
    here = set(session.scalars(query))
    return [(name, name in here) for name in sorted(place.expected)]


def attachment(session: Session, project_id: int, place: VersionPlace, name: str) -> Attachment:
    """One file that a version names; Problem 404.1 when it does not, or while it is not here."""
    row = session.execute(
        select(ReceiptFile.name, ReceiptFile.content_type, Blob.sha256, Blob.md5, Blob.size)
        .join(Blob, (Blob.project_id == ReceiptFile.project_id) & (Blob.sha256 == ReceiptFile.sha256))
        .where(
            ReceiptFile.project_id == project_id,
            ReceiptFile.receipt_id == place.receipt_id,
            ReceiptFile.name == name,
            ReceiptFile.current,
        )
    ).first()
    if row is None or name not in place.expected:
        raise not_found()
    return Attachment(*row)


def is_hidden(session: Session, project_id: int, place: VersionPlace, name: str, hidden: frozenset[str]) -> bool:
    """Whether a question of a hidden class names this file."""
    if not hidden or place.encrypted:
        return bool(hidden)
    definition = definition_of(session, project_id, place.form_version_id)
    tables = answers_of(session, project_id, [place.receipt_id]).get(place.receipt_id, {})
    for field in definition.fields:
        if field.binary and field.column_no is not None and field.sensitivity in hidden:
            column = field.column_no + (2 if field.table_no else 0)
            if any((row[column] or "").strip() == name for row in tables.get(field.table_no, [])):
                return True
    return False


def put_attachment(
    session: Session, project_id: int, form_id: int, place: VersionPlace, file: StoredFile, *, by: int
) -> None:
    """Make stored bytes the file of that name; what was there before stays stored. Again changes nothing but the log."""
    where = _of_name(project_id, place, file.name)
    kept = session.scalars(select(ReceiptFile).where(*where).with_for_update()).all()
    had = any(each.current for each in kept)
    if session.get(Blob, (project_id, file.sha256)) is None:
        session.add(Blob(project_id=project_id, sha256=file.sha256, size=file.size, md5=file.md5))
    # One current file of each name: the database holds us to it, so the old one steps back first.
    session.execute(update(ReceiptFile).where(*where, ReceiptFile.sha256 != file.sha256).values(current=False))
    session.flush()
    same = next((each for each in kept if each.sha256 == file.sha256), None)
    if same is None:
        session.add(
            ReceiptFile(
                project_id=project_id,
                receipt_id=place.receipt_id,
                name=file.name,
                sha256=file.sha256,
                content_type=file.content_type,
                current=True,
                expected=True,
                created_at=now(),
            )
        )
    else:
        same.current, same.content_type = True, file.content_type
    _record(session, project_id, form_id, place, by, file.name, replaced=had)


def clear_attachment(
    session: Session, project_id: int, form_id: int, place: VersionPlace, name: str, *, by: int
) -> None:
    """Take the file of that name away from a version; its bytes stay stored until the submission is purged. Problem 404.1
    for a name that the version does not hold."""
    if name not in place.expected:
        raise not_found()
    session.execute(update(ReceiptFile).where(*_of_name(project_id, place, name)).values(current=False))
    _record(session, project_id, form_id, place, by, name, replaced=True)


def _of_name(project_id: int, place: VersionPlace, name: str) -> list[Any]:
    return [
        ReceiptFile.project_id == project_id,
        ReceiptFile.receipt_id == place.receipt_id,
        ReceiptFile.name == name,
    ]


def _record(
    session: Session, project_id: int, form_id: int, place: VersionPlace, by: int, name: str, *, replaced: bool
) -> None:
    happening = Happening(
        project_id,
        "submission.attachment.update",
        by,
        form_id=form_id,
        submission_id=place.submission_id,
        receipt_id=place.receipt_id,
        details={"replaced": replaced},
        words={"name": name},
    )
    record(session, happening)
