"""Form versions as rows: a definition that came, stored with its fields, its files and the workbook it was made from."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from config.clock import now
from config.database import next_ids
from forms.lint import Finding
from forms.models import EncryptionKey, Form, FormAttachment, FormField, FormSchema, FormVersion
from forms.stored_files import StoredFile, ensure_blob
from forms.xform import FormDefinition


@dataclass(frozen=True, slots=True)
class Workbook:
    """The file a version was compiled from; its name's ending tells .xls from .xlsx."""

    sha256: bytes
    name: str


@dataclass(frozen=True, slots=True)
class GivenFile:
    """What fills the place of a form attachment. `updated_at` is None when nobody put it there by itself."""

    sha256: bytes
    content_type: str
    updated_at: datetime | None


@dataclass(frozen=True)
class NewVersion:
    """A definition ready to become a version: nothing slow or able to fail is left. All files named have their rows."""

    xform: bytes
    definition: FormDefinition
    workbook: Workbook | None
    warnings: tuple[str, ...]
    files: Mapping[str, GivenFile]
    findings: tuple[Finding, ...] = ()


def find_form(session: Session, project_id: int, xml_form_id: str) -> Form | None:
    """The living form of that id."""
    query = select(Form).where(
        Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None)
    )
    return session.scalars(query).first()


def add_form(
    session: Session, project_id: int, xml_form_id: str, actor_id: int | None, note: str | None = None
) -> Form:
    """A form without any version; its first must follow in the same transaction."""
    (form_id,) = next_ids(session.connection(), "form")
    form = Form(
        project_id=project_id,
        id=form_id,
        xml_form_id=xml_form_id,
        state="open",
        created_by=actor_id,
        created_at=now(),
    )
    session.add(form)
    session.flush()
    record(session, Happening(project_id, "form.create", actor_id, form_id=form_id, note=note))
    return form


def add_version(session: Session, form: Form, new: NewVersion, *, actor_id: int | None) -> FormVersion:
    """Store a version's bytes, fields and places for files; neither draft nor published yet."""
    definition, xform = new.definition, new.xform
    (version_id,) = next_ids(session.connection(), "form_version")
    version = FormVersion(
        project_id=form.project_id,
        id=version_id,
        form_id=form.id,
        version=definition.version,
        name=definition.title,
        xml=xform,
        md5=hashlib.md5(xform, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(xform, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(xform).digest(),
        xlsx_name=new.workbook.name if new.workbook else None,
        xlsx_sha256=new.workbook.sha256 if new.workbook else None,
        schema_id=_schema_id(session, form.project_id, definition),
        public_key=definition.public_key,
        key_id=_key_id(session, form.project_id, definition.public_key),
        warnings=list(new.warnings),
        findings=[finding.as_json() for finding in new.findings],
        created_by=actor_id,
        created_at=now(),
    )
    session.add(version)
    session.flush()
    for slot in definition.slots:
        given = new.files.get(slot.name)
        session.add(
            FormAttachment(
                project_id=form.project_id,
                form_version_id=version.id,
                name=slot.name,
                type=slot.type,
                blob_sha256=given.sha256 if given else None,
                content_type=given.content_type if given else None,
                updated_at=given.updated_at if given else None,
            )
        )
    session.flush()
    return version


def content_type_of(name: str) -> str:
    """What a file of that name holds, for files brought without a word about it."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def given_files(session: Session, project_id: int, files: Mapping[str, StoredFile]) -> dict[str, GivenFile]:
    """Files that come along with a definition, given their rows."""
    for file in files.values():
        ensure_blob(session, project_id, file)
    return {name: GivenFile(file.sha256, content_type_of(name), now()) for name, file in files.items()}


def _key_id(session: Session, project_id: int, public: str | None) -> int | None:
    """The number of a public key, given when the project first meets it."""
    if public is None:
        return None
    sha256 = hashlib.sha256(public.encode()).digest()
    query = select(EncryptionKey.id).where(EncryptionKey.project_id == project_id, EncryptionKey.sha256 == sha256)
    known = session.scalars(query).first()
    if known is not None:
        return known
    (key_id,) = next_ids(session.connection(), "encryption_key")
    session.add(EncryptionKey(project_id=project_id, id=key_id, sha256=sha256, public=public, created_at=now()))
    session.flush()
    return key_id


def _schema_id(session: Session, project_id: int, definition: FormDefinition) -> int:
    query = select(FormSchema.id).where(
        FormSchema.project_id == project_id, FormSchema.sha256 == definition.schema_sha256
    )
    known = session.scalars(query).first()
    if known is not None:
        return known
    (schema_id,) = next_ids(session.connection(), "form_schema")
    session.add(FormSchema(project_id=project_id, id=schema_id, sha256=definition.schema_sha256))
    session.flush()
    rows = [
        {
            "project_id": project_id,
            "schema_id": schema_id,
            "position": field.position,
            "path": field.path,
            "type": field.type,
            "table_no": field.table_no,
            "column_no": field.column_no,
            "binary": field.binary,
            "multiple": field.multiple,
            "sensitivity": field.sensitivity,
            "match_role": field.match_role,
        }
        for field in definition.fields
    ]
    if rows:
        session.execute(insert(FormField), rows)
    return schema_id
