"""Publishing a file with what it needs beside it, in one step: commands and the first start. Same again, same state."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from config.clock import now
from config.storage import Storage
from forms.compiler import Compiled
from forms.encryption import key_of_project, with_key
from forms.errors import attachments_missing, version_taken
from forms.models import Form, FormAttachment, FormVersion
from forms.names import check_names, check_title
from forms.public_key import MARK, version_suffix
from forms.stored_files import StoredFile, ensure_blob, store
from forms.versions import NewVersion, Workbook, add_form, add_version, find_form, given_files
from forms.xform import FormDefinition, parse_xform


@dataclass(frozen=True)
class Prepared:
    """A form ready to be published: everything slow or able to fail has happened, and its files are stored."""

    compiled: Compiled
    definition: FormDefinition
    workbook: StoredFile | None
    workbook_name: str
    files: Mapping[str, StoredFile]


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
    check_title(definition)
    check_names(definition)
    wanted = {slot.name for slot in definition.slots}
    given = dict(media)
    if compiled.itemsets is not None:
        given.setdefault("itemsets.csv", compiled.itemsets)
    missing = sorted(wanted - given.keys())
    if missing:
        raise attachments_missing(missing)
    files = {name: store(storage, given[name]) for name in sorted(wanted)}
    workbook = None if filename.lower().endswith(".xml") else store(storage, content)
    return Prepared(compiled, definition, workbook, Path(filename).name, files)


def publish(session: Session, project_id: int, prepared: Prepared, *, actor_id: int | None = None) -> Published:
    """Make it the current version, encrypted if the project is. The same again changes nothing; the same version with other
    bytes or files is 409.6.

    A deleted form counts: phones may still hold it, and replace it, unsent answers and all, by what has its name and
    version (C16).
    """
    prepared = _as_project_wants(session, project_id, prepared)
    definition = prepared.definition
    form = find_form(session, project_id, definition.xml_form_id)
    for twin in published_versions(session, project_id, definition.xml_form_id, definition.version):
        same = twin.sha256 == hashlib.sha256(prepared.compiled.xform).digest() and _same_files(session, twin, prepared)
        if not same:
            raise version_taken(definition.xml_form_id, definition.version)
        if form is not None and twin.form_id == form.id:
            return _outcome(twin, prepared, changed=False)
    form = form or add_form(session, project_id, definition.xml_form_id, actor_id)
    version = add_version(session, form, _new_version(session, project_id, prepared), actor_id=actor_id)
    version.published_at = now()
    version.published_by = actor_id
    old_id, form.current_version_id = form.current_version_id, version.id
    form.updated_at = now()
    details = {"oldDefId": old_id, "newDefId": version.id}
    record(session, Happening(project_id, "form.update.publish", actor_id, form_id=form.id, details=details))
    return _outcome(version, prepared, changed=True)


def published_versions(session: Session, project_id: int, xml_form_id: str, version: str) -> list[FormVersion]:
    """The published versions of that form id and version, of the living form and of deleted ones."""
    query = (
        select(FormVersion)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.id == FormVersion.form_id))
        .where(
            FormVersion.project_id == project_id,
            Form.xml_form_id == xml_form_id,
            FormVersion.version == version,
            FormVersion.published_at.is_not(None),
        )
    )
    return list(session.scalars(query))


def _as_project_wants(session: Session, project_id: int, prepared: Prepared) -> Prepared:
    """With the project's key, if it has one, under the version it was given before: so the same again is the same."""
    compiled, definition = prepared.compiled, prepared.definition
    public = key_of_project(session, project_id, new_form=True)
    if public is None or definition.public_key is not None:
        return prepared
    query = (
        select(FormVersion.version, FormVersion.sha256)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.id == FormVersion.form_id))
        .where(
            FormVersion.project_id == project_id,
            Form.xml_form_id == definition.xml_form_id,
            FormVersion.version.startswith(definition.version + MARK, autoescape=True),
            FormVersion.published_at.is_not(None),
        )
        .order_by(FormVersion.id)
    )
    suffix = version_suffix()
    for version, sha256 in session.execute(query):
        suffix = version.removeprefix(definition.version)
        if hashlib.sha256(with_key(compiled.xform, definition.version, public, suffix)).digest() == sha256:
            break
    xform = with_key(compiled.xform, definition.version, public, suffix)
    return replace(prepared, compiled=replace(compiled, xform=xform), definition=parse_xform(xform))


def _new_version(session: Session, project_id: int, prepared: Prepared) -> NewVersion:
    workbook = None
    if prepared.workbook is not None:
        ensure_blob(session, project_id, prepared.workbook)
        workbook = Workbook(prepared.workbook.sha256, prepared.workbook_name)
    compiled = prepared.compiled
    files = given_files(session, project_id, prepared.files)
    return NewVersion(compiled.xform, prepared.definition, workbook, compiled.warnings, files, compiled.findings)


def _same_files(session: Session, version: FormVersion, prepared: Prepared) -> bool:
    query = select(FormAttachment.name, FormAttachment.blob_sha256).where(
        FormAttachment.project_id == version.project_id, FormAttachment.form_version_id == version.id
    )
    stored = {row[0]: row[1] for row in session.execute(query)}
    return stored == {name: file.sha256 for name, file in prepared.files.items()}


def _outcome(version: FormVersion, prepared: Prepared, *, changed: bool) -> Published:
    return Published(
        form_id=version.form_id,
        version_id=version.id,
        xml_form_id=prepared.definition.xml_form_id,
        version=version.version,
        changed=changed,
        warnings=tuple(prepared.compiled.warnings),
    )
