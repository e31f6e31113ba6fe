"""The files of a draft, brought one by one into the places its definition names. Published ones never change."""

from collections.abc import Mapping
from unicodedata import normalize

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from config.clock import now
from forms.models import Form, FormAttachment
from forms.stored_files import StoredFile, ensure_blob
from forms.versions import content_type_of

# What ODK Central tells by the ending when the sender says nothing; everything else is plain bytes.
_BY_ENDING = {".csv": "text/csv", ".geojson": "application/geo+json"}
UNKNOWN = "application/octet-stream"


def default_type(name: str) -> str:
    """The content type of a file sent without one."""
    return next((kind for ending, kind in _BY_ENDING.items() if name.lower().endswith(ending)), UNKNOWN)


def place_in_draft(session: Session, form: Form, name: str) -> FormAttachment:
    """The draft's place of that name, or Problem 404.1."""
    place = session.get(FormAttachment, (form.project_id, form.draft_version_id or 0, name))
    if place is None:
        raise not_found()
    return place


def fill_place(
    session: Session, form: Form, place: FormAttachment, file: StoredFile, content_type: str, *, by: int | None = None
) -> None:
    """Put a stored file there, in the place of any other."""
    ensure_blob(session, form.project_id, file)
    _change(session, form, place, file.sha256, content_type, by)


def fill_by_name(
    session: Session, form: Form, files: Mapping[str, StoredFile], *, by: int | None = None
) -> tuple[list[str], list[str]]:
    """Put stored files where the draft asks for a file of that name: (names that were placed, names nobody asks for).

    A stick formatted on a Mac writes the accents of a name otherwise than the form does.
    """
    query = select(FormAttachment).where(
        FormAttachment.project_id == form.project_id, FormAttachment.form_version_id == (form.draft_version_id or 0)
    )
    places = {normalize("NFC", place.name): place for place in session.scalars(query)}
    placed, unknown = [], []
    for name, file in files.items():
        place = places.get(normalize("NFC", name))
        if place is None:
            unknown.append(name)
            continue
        fill_place(session, form, place, file, content_type_of(place.name), by=by)
        placed.append(place.name)
    return placed, unknown


def empty_place(session: Session, form: Form, place: FormAttachment, *, by: int | None = None) -> None:
    """Take the file away; Problem 404.1 when there is none."""
    if place.blob_sha256 is None:
        raise not_found()
    _change(session, form, place, None, None, by)


def _change(
    session: Session, form: Form, place: FormAttachment, sha256: bytes | None, content_type: str | None, by: int | None
) -> None:
    details = {
        "formDefId": place.form_version_id,
        "name": place.name,
        # Central's numbers of stored files; ours have none but their hash.
        "oldBlobId": place.blob_sha256.hex() if place.blob_sha256 else None,
        "newBlobId": sha256.hex() if sha256 else None,
        "oldDatasetId": None,
        "newDatasetId": None,
    }
    place.blob_sha256, place.content_type, place.updated_at = sha256, content_type, now()
    session.flush()
    record(session, Happening(form.project_id, "form.attachment.update", by, form_id=form.id, details=details))
