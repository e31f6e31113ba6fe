"""Publishing: from bytes to an immutable version that phones may download."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.events import Happening, record
from config.clock import now
from config.database import next_ids
from config.storage import Storage
from forms.compiler import Compiled
from forms.errors import attachments_missing, version_conflict
from forms.models import Blob, EncryptionKey, Form, FormAttachment, FormField, FormSchema, FormVersion
from forms.names import check_names
from forms.xform import FormDefinition, parse_xform


@dataclass(frozen=True)
class Prepared:
    """A form ready to be published: everything slow or able to fail has happened, and its files are stored."""

    compiled: Compiled
    definition: FormDefinition
    workbook: bytes | None
    workbook_name: str
    files: Mapping[str, tuple[bytes, int, str]]


@dataclass(frozen=True)
class Published:
    """What publishing did; `changed` is False when the same bytes and files were there already."""

    form_id: int
    version_id: int
    xml_form_id: str
    version: str
    changed: bool
    warnings: tuple[str, ...]


def prepare(
    storage: Storage, compiled: Compiled, filename: str, content: bytes, media: Mapping[str, bytes]
) -> Prepared:
    """Parse, check that the files the form names are given, and store them; Problem with a sentence otherwise."""
    definition = parse_xform(compiled.xform)
    check_names(definition)
    wanted = {slot.name for slot in definition.slots}
    given = dict(media)
    if compiled.itemsets is not None:
        given.setdefault("itemsets.csv", compiled.itemsets)
    missing = sorted(wanted - given.keys())
    if missing:
        raise attachments_missing(missing)
    files = {}
    for name in sorted(wanted):
        sha256 = hashlib.sha256(given[name]).digest()
        storage.put(sha256, given[name])
        files[name] = (sha256, len(given[name]), hashlib.md5(given[name], usedforsecurity=False).hexdigest())
    workbook = None if filename.lower().endswith(".xml") else content
    if workbook is not None:
        storage.put(hashlib.sha256(workbook).digest(), workbook)
    return Prepared(compiled, definition, workbook, Path(filename).name, files)


def publish(session: Session, project_id: int, prepared: Prepared, *, actor_id: int | None = None) -> Published:
    """Make it the current version. The same again changes nothing; the same version with other bytes or files is 409.6.

    A deleted form counts: phones may still hold it, and replace it, unsent answers and all, by what has its name and
    version (C16).
    """
    definition = prepared.definition
    form = find_form(session, project_id, definition.xml_form_id)
    for twin in _twins(session, project_id, definition):
        same = twin.sha256 == hashlib.sha256(prepared.compiled.xform).digest() and _same_files(session, twin, prepared)
        if not same:
            raise version_conflict(definition.version)
        if form is not None and twin.form_id == form.id:
            return _outcome(twin, prepared, changed=False)
    form = form or _new_form(session, project_id, definition.xml_form_id, actor_id)
    version = add_version(session, form, prepared, actor_id=actor_id)
    version.published_at = now()
    version.published_by = actor_id
    form.current_version_id = version.id
    form.updated_at = now()
    record(
        session,
        Happening(project_id, "form.update.publish", actor_id, form_id=form.id, details={"newDefId": version.id}),
    )
    return _outcome(version, prepared, changed=True)


def _twins(session: Session, project_id: int, definition: FormDefinition) -> list[FormVersion]:
    """The published versions of that form id and version, of the living form and of deleted ones."""
    query = (
        select(FormVersion)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.id == FormVersion.form_id))
        .where(
            FormVersion.project_id == project_id,
            Form.xml_form_id == definition.xml_form_id,
            FormVersion.version == definition.version,
            FormVersion.published_at.is_not(None),
        )
    )
    return list(session.scalars(query))


def create_draft(session: Session, project_id: int, prepared: Prepared, *, actor_id: int | None = None) -> FormVersion:
    """A draft that only its own URL shows; it replaces the draft before it, whose URL stops working."""
    form = find_form(session, project_id, prepared.definition.xml_form_id)
    form = form or _new_form(session, project_id, prepared.definition.xml_form_id, actor_id)
    version = add_version(session, form, prepared, actor_id=actor_id)
    version.draft_token = tokens.fresh().replace("!", "a").replace("$", "b")
    form.draft_version_id = version.id
    record(
        session,
        Happening(
            project_id, "form.update.draft.set", actor_id, form_id=form.id, details={"newDraftDefId": version.id}
        ),
    )
    return version


def find_form(session: Session, project_id: int, xml_form_id: str) -> Form | None:
    """The living form of that id."""
    query = select(Form).where(
        Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None)
    )
    return session.scalars(query).first()


def add_version(session: Session, form: Form, prepared: Prepared, *, actor_id: int | None) -> FormVersion:
    """Store a version's bytes, fields and files; neither draft nor published yet."""
    definition, xform = prepared.definition, prepared.compiled.xform
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
        schema_id=_schema_id(session, form.project_id, definition),
        public_key=definition.public_key,
        key_id=_key_id(session, form.project_id, definition.public_key),
        warnings=list(prepared.compiled.warnings),
        created_by=actor_id,
        created_at=now(),
    )
    if prepared.workbook is not None:
        version.xlsx_name = prepared.workbook_name
        version.xlsx_sha256 = hashlib.sha256(prepared.workbook).digest()
        digest = hashlib.md5(prepared.workbook, usedforsecurity=False).hexdigest()
        ensure_blob(session, form.project_id, version.xlsx_sha256, len(prepared.workbook), digest)
    session.add(version)
    for sha256, size, md5 in prepared.files.values():
        ensure_blob(session, form.project_id, sha256, size, md5)
    session.flush()
    types = {slot.name: slot.type for slot in definition.slots}
    for name, (sha256, _, _) in prepared.files.items():
        session.add(
            FormAttachment(
                project_id=form.project_id,
                form_version_id=version.id,
                name=name,
                type=types[name],
                blob_sha256=sha256,
                content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
                updated_at=now(),
            )
        )
    session.flush()
    return version


def ensure_blob(session: Session, project_id: int, sha256: bytes, size: int, md5: str) -> None:
    """The row that makes a stored file exist in a project."""
    if session.get(Blob, (project_id, sha256)) is None:
        session.add(Blob(project_id=project_id, sha256=sha256, size=size, md5=md5))
        session.flush()


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


def _new_form(session: Session, project_id: int, xml_form_id: str, actor_id: int | None) -> Form:
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
    record(session, Happening(project_id, "form.create", actor_id, form_id=form_id))
    return form


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
    session.execute(
        insert(FormField),
        [
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
        ],
    )
    return schema_id


def _same_files(session: Session, version: FormVersion, prepared: Prepared) -> bool:
    query = select(FormAttachment.name, FormAttachment.blob_sha256).where(
        FormAttachment.project_id == version.project_id, FormAttachment.form_version_id == version.id
    )
    stored = {row[0]: row[1] for row in session.execute(query)}
    return stored == {name: sha256 for name, (sha256, _, _) in prepared.files.items()}


def _outcome(version: FormVersion, prepared: Prepared, *, changed: bool) -> Published:
    return Published(
        form_id=version.form_id,
        version_id=version.id,
        xml_form_id=prepared.definition.xml_form_id,
        version=version.version,
        changed=changed,
        warnings=tuple(prepared.compiled.warnings),
    )
