"""Draft, try, publish: the life of a form version before it is one, with ODK Central's rules and events."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.errors import not_found
from accounts.events import Happening, record
from config.api_errors import missing_parameter
from config.clock import now
from forms.encryption import with_key_of_project
from forms.errors import another_form_id, form_exists, form_warnings, meta_missing, only_a_draft, version_taken
from forms.models import Form, FormAttachment, FormVersion
from forms.publish import published_versions
from forms.queries import findings_of, get_version
from forms.schema_changes import check_against_published
from forms.stored_files import ensure_blob, stored_file
from forms.uploads import Upload, read_xform
from forms.version_name import with_version
from forms.versions import GivenFile, NewVersion, Workbook, add_form, add_version, content_type_of, find_form


def create_form(
    session: Session, project_id: int, upload: Upload, *, by: int | None = None, ignore_warnings: bool = False
) -> FormVersion:
    """A new form with this draft. Problem 400.27 without meta, 400.16 with warnings, 409.3 where a living form has its id."""
    upload = with_key_of_project(session, project_id, upload, new_form=True)
    definition = upload.definition
    if not any(field.name == "meta" and field.type == "structure" for field in definition.fields):
        raise meta_missing()
    workflow: list[dict[str, Any]] = []
    if not ignore_warnings:
        workflow += _deleted_forms(session, project_id, definition.xml_form_id)
        workflow += _old_entities(upload)
    _stop_for_warnings(upload.warnings, workflow)
    if find_form(session, project_id, definition.xml_form_id) is not None:
        raise form_exists(project_id, definition.xml_form_id)
    form = add_form(session, project_id, definition.xml_form_id, by)
    version = add_version(session, form, _new_version(session, form, upload), actor_id=by)
    version.draft_token = tokens.fresh_for_links()
    form.draft_version_id = version.id
    session.flush()
    return version


def set_draft(
    session: Session, form: Form, upload: Upload, *, by: int | None = None, ignore_warnings: bool = False
) -> FormVersion:
    """Make it the form's draft, in the place of any other: phones testing that one go on at the same address.

    Files of the draft before it, or of the published version, stay where name and type are the same. Problem 400.8 for
    another form's id, 400.17 for a question that changes its type, 400.16 with warnings.
    """
    upload = with_key_of_project(session, form.project_id, upload)
    if upload.definition.xml_form_id != form.xml_form_id:
        raise another_form_id(upload.definition.xml_form_id)
    workflow = check_against_published(session, form, upload.definition.fields)
    _stop_for_warnings(upload.warnings, [] if ignore_warnings else workflow)
    return _replace_draft(session, form, upload, by)


def published_again(session: Session, form: Form) -> Upload:
    """The published definition as the next draft; Problem 400.2 where nothing is published."""
    if form.current_version_id is None:
        raise missing_parameter("xml")
    version = get_version(session, form.project_id, form.current_version_id)
    return _upload_of(session, version, version.xml)


def publish_draft(
    session: Session, form: Form, *, by: int | None = None, version: str = "", note: str | None = None
) -> FormVersion:
    """The draft becomes what phones get, under the version named if any; Problem 404.1 without one, 409.6 if it was used."""
    draft = get_version(session, form.project_id, form.draft_version_id)
    if version:
        draft = _replace_draft(session, form, _upload_of(session, draft, with_version(draft.xml, version)), by)
    return make_current(session, form, draft, now(), by=by, note=note)


def make_current(
    session: Session, form: Form, draft: FormVersion, moment: datetime, *, by: int | None, note: str | None = None
) -> FormVersion:
    """See publish_draft; `moment` is when it was published, the form's own birth when both were one request."""
    if published_versions(session, form.project_id, form.xml_form_id, draft.version):
        raise version_taken(form.xml_form_id, draft.version)
    draft.draft_token = None
    draft.published_at, draft.published_by, draft.publish_notes = moment, by, note
    details = {"oldDefId": form.current_version_id, "newDefId": draft.id}
    form.current_version_id, form.draft_version_id = draft.id, None
    form.updated_at = None if moment == form.created_at else now()
    session.flush()
    record(session, Happening(form.project_id, "form.update.publish", by, form_id=form.id, details=details))
    return draft


def delete_draft(session: Session, form: Form, *, by: int | None = None) -> None:
    """Forget the draft; Problem 409.7 when nothing else of the form would be left, 404.1 without one."""
    if form.current_version_id is None:
        raise only_a_draft()
    if form.draft_version_id is None:
        raise not_found()
    _take_token(session, form)
    details = {"oldDraftDefId": form.draft_version_id}
    form.draft_version_id = None
    form.updated_at = now()
    session.flush()
    record(session, Happening(form.project_id, "form.update.draft.delete", by, form_id=form.id, details=details))


def _take_token(session: Session, form: Form) -> str | None:
    """The token of the present draft, which loses it: one token is one draft's."""
    if form.draft_version_id is None:
        return None
    draft = get_version(session, form.project_id, form.draft_version_id)
    token, draft.draft_token = draft.draft_token, None
    session.flush()
    return token


def _replace_draft(session: Session, form: Form, upload: Upload, by: int | None) -> FormVersion:
    version = add_version(session, form, _new_version(session, form, upload), actor_id=by)
    version.draft_token = _take_token(session, form) or tokens.fresh_for_links()
    details = {"oldDraftDefId": form.draft_version_id, "newDraftDefId": version.id}
    form.draft_version_id = version.id
    form.updated_at = now()
    session.flush()
    record(session, Happening(form.project_id, "form.update.draft.set", by, form_id=form.id, details=details))
    return version


def _upload_of(session: Session, version: FormVersion, xform: bytes) -> Upload:
    """A stored version as if it came again, perhaps with another XForm: its workbook stays."""
    workbook = None if version.xlsx_sha256 is None else stored_file(session, version.project_id, version.xlsx_sha256)
    return replace(
        read_xform(xform),
        workbook=workbook,
        workbook_name=version.xlsx_name or "",
        remarks=tuple(version.warnings),
        findings=findings_of(version),
    )


def _new_version(session: Session, form: Form, upload: Upload) -> NewVersion:
    workbook = None
    if upload.workbook is not None:
        ensure_blob(session, form.project_id, upload.workbook)
        workbook = Workbook(upload.workbook.sha256, upload.workbook_name)
    files = _files_kept(session, form, upload)
    return NewVersion(upload.xform, upload.definition, workbook, upload.remarks, files, upload.findings)


def _files_kept(session: Session, form: Form, upload: Upload) -> Mapping[str, GivenFile]:
    """What the draft or else the published version has under the same name and type; itemsets.csv comes with a workbook."""
    source = form.draft_version_id or form.current_version_id
    rows = session.scalars(
        select(FormAttachment).where(
            FormAttachment.project_id == form.project_id, FormAttachment.form_version_id == (source or 0)
        )
    )
    known = {row.name: row for row in rows}
    files: dict[str, GivenFile] = {}
    for slot in upload.definition.slots:
        row = known.get(slot.name)
        if slot.name == "itemsets.csv" and upload.itemsets is not None:
            ensure_blob(session, form.project_id, upload.itemsets)
            files[slot.name] = GivenFile(upload.itemsets.sha256, content_type_of(slot.name), now() if row else None)
        elif row is not None and row.type == slot.type and row.blob_sha256 is not None:
            files[slot.name] = GivenFile(row.blob_sha256, row.content_type or "", row.updated_at)
    return files


def _stop_for_warnings(workbook: Sequence[str], workflow: Sequence[Mapping[str, Any]]) -> None:
    if workbook or workflow:
        raise form_warnings(workbook, workflow)


def _deleted_forms(session: Session, project_id: int, xml_form_id: str) -> list[dict[str, Any]]:
    query = select(Form.id).where(
        Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_not(None)
    )
    found = session.scalars(query.limit(1)).first() is not None
    return [{"type": "deletedFormExists", "details": {"xmlFormId": xml_form_id}}] if found else []


def _old_entities(upload: Upload) -> list[dict[str, Any]]:
    entities = upload.definition.entities
    if entities is None or not entities.too_old_for_phones:
        return []
    reason = (
        f"Entities specification version [{entities.version}] is not compatible with Offline Entities. Please use version "
        "2024.1.0 or later."
    )
    return [{"type": "oldEntityVersion", "details": {"version": entities.version}, "reason": reason}]
