"""Encrypting what a project collects: one key for all of its forms, present and future. There is no way back."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import Project
from config.api_errors import already_active
from config.clock import now
from config.database import next_ids
from forms.models import EncryptionKey, Form, FormAttachment, FormVersion
from forms.names import LONGEST
from forms.public_key import version_suffix, with_public_key
from forms.queries import findings_of, get_version
from forms.uploads import Upload, read_xform
from forms.version_name import with_version
from forms.versions import GivenFile, NewVersion, Workbook, add_version

if TYPE_CHECKING:
    from forms.managed_key import ManagedKey

FEATURE = "managed encryption"


def key_of_project(session: Session, project_id: int, *, new_form: bool = False) -> str | None:
    """The public key that every form of the project must carry; None where nothing is encrypted.

    `new_form`: the caller makes a form appear, which whoever encrypts the project cannot know of yet. The two wait for
    each other; for forms that are here their own rows do that.
    """
    query = select(Project.key_id).where(Project.id == project_id)
    key_id = session.scalar(query.with_for_update(read=True) if new_form else query)
    return None if key_id is None else session.get_one(EncryptionKey, (project_id, key_id)).public


def with_key_of_project(session: Session, project_id: int, upload: Upload, *, new_form: bool = False) -> Upload:
    """A definition as an encrypted project takes it; as it came elsewhere, or when it brings a key of its own."""
    public = key_of_project(session, project_id, new_form=new_form)
    if public is None or upload.definition.public_key is not None:
        return upload
    encrypted = read_xform(with_key(upload.xform, upload.definition.version, public, version_suffix()))
    return replace(upload, xform=encrypted.xform, definition=encrypted.definition)


def with_key(xform: bytes, version: str, public: str, suffix: str) -> bytes:
    """The XForm of that version with the public key, and the suffix behind its version."""
    return with_version(with_public_key(xform, public), version[: LONGEST - len(suffix)] + suffix)


def encrypt_project(session: Session, project: Project, key: "ManagedKey", hint: str | None, *, by: int) -> None:
    """Give every form a new version that carries the key; Problem 409.4 when that was done before.

    What was collected stays as it is; what phones still hold of the plain versions is received as before.
    """
    session.refresh(project, with_for_update=True)
    if project.key_id is not None:
        raise already_active(FEATURE)
    (key_id,) = next_ids(session.connection(), "encryption_key")
    session.add(
        EncryptionKey(
            project_id=project.id,
            id=key_id,
            sha256=hashlib.sha256(key.public.encode()).digest(),
            public=key.public,
            managed=True,
            hint=hint,
            sealed=key.sealed,
            created_at=now(),
        )
    )
    project.key_id, project.updated_at = key_id, now()
    session.flush()
    for details in ({"encrypted": True}, {"data": {"keyId": key_id}}):
        record(session, Happening(project.id, "project.update", by, details=details))
    suffix = version_suffix()
    forms = select(Form).where(Form.project_id == project.id, Form.deleted_at.is_(None)).order_by(Form.id)
    for form in session.scalars(forms.with_for_update()):
        encrypt_form(session, form, key.public, suffix, by=by)


def encrypt_form(session: Session, form: Form, public: str, suffix: str, *, by: int | None) -> None:
    """What is published of a form and its draft, each again with the key unless it has one."""
    _encrypt_published(session, form, public, suffix, by)
    _encrypt_draft(session, form, public, suffix, by)


def _encrypt_published(session: Session, form: Form, public: str, suffix: str, by: int | None) -> None:
    if form.current_version_id is None:
        return
    old = get_version(session, form.project_id, form.current_version_id)
    if old.key_id is not None:
        return
    new = _twin(session, form, old, public, suffix, by)
    new.published_at, new.published_by = now(), by
    form.current_version_id, form.updated_at = new.id, now()
    session.flush()
    details = {"oldDefId": old.id, "newDefId": new.id}
    record(session, Happening(form.project_id, "form.update.publish", by, form_id=form.id, details=details))


def _encrypt_draft(session: Session, form: Form, public: str, suffix: str, by: int | None) -> None:
    if form.draft_version_id is None:
        return
    old = get_version(session, form.project_id, form.draft_version_id)
    if old.key_id is not None:
        return
    new = _twin(session, form, old, public, suffix, by)
    token, old.draft_token = old.draft_token, None
    session.flush()
    new.draft_token = token
    form.draft_version_id, form.updated_at = new.id, now()
    session.flush()
    details = {"oldDraftDefId": old.id, "newDraftDefId": new.id}
    record(session, Happening(form.project_id, "form.update.draft.set", by, form_id=form.id, details=details))


def _twin(session: Session, form: Form, old: FormVersion, public: str, suffix: str, by: int | None) -> FormVersion:
    """The same version with the key: its files and its workbook are the same."""
    upload = read_xform(with_key(old.xml, old.version, public, suffix))
    places = session.scalars(
        select(FormAttachment).where(
            FormAttachment.project_id == form.project_id, FormAttachment.form_version_id == old.id
        )
    )
    files = {
        place.name: GivenFile(place.blob_sha256, place.content_type or "", place.updated_at)
        for place in places
        if place.blob_sha256 is not None
    }
    workbook = None if old.xlsx_sha256 is None else Workbook(old.xlsx_sha256, old.xlsx_name or "")
    new = NewVersion(upload.xform, upload.definition, workbook, tuple(old.warnings), files, findings_of(old))
    return add_version(session, form, new, actor_id=by)
