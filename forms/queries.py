"""Reading forms: what phones list and download, what pages and exports need to know of a version."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from forms.errors import form_unknown
from forms.labels import Labels, parse_labels
from forms.lint import Finding
from forms.logic import Logic, read_logic
from forms.models import Blob, Form, FormAttachment, FormVersion
from forms.xform import FormDefinition, parse_xform

CACHED = 64
T = TypeVar("T")


@dataclass(frozen=True)
class ListedForm:
    """An open form's current version, as formList needs it."""

    form_id: int
    version_id: int
    xml_form_id: str
    name: str
    version: str
    md5: str
    has_files: bool


@dataclass(frozen=True)
class ServedFile:
    """A form attachment that can be downloaded."""

    name: str
    type: str
    sha256: bytes
    md5: str
    size: int
    content_type: str


class ByContent(Generic[T]):
    """The most recently used values, by the SHA-256 of the bytes they were made from."""

    def __init__(self, make: Callable[[bytes], T], most: int = CACHED) -> None:
        self._make = make
        self._most = most
        self._values: OrderedDict[bytes, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sha256: bytes, load: Callable[[], bytes]) -> T:
        """The value, made from what `load` returns when it is not at hand."""
        with self._lock:
            if sha256 in self._values:
                self._values.move_to_end(sha256)
                return self._values[sha256]
        value = self._make(load())
        with self._lock:
            self._values[sha256] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def listed_forms(session: Session, project_id: int) -> list[ListedForm]:
    """Forms that phones may download: open, published, not deleted; by name."""
    files = (
        select(FormAttachment.name)
        .where(
            FormAttachment.project_id == project_id,
            FormAttachment.form_version_id == FormVersion.id,
            FormAttachment.blob_sha256.is_not(None),
        )
        .exists()
    )
    rows = session.execute(
        select(Form.id, FormVersion.id, Form.xml_form_id, FormVersion.name, FormVersion.version, FormVersion.md5, files)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(Form.project_id == project_id, Form.state == "open", Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    return [ListedForm(*row) for row in rows]


def get_form(session: Session, project_id: int, xml_form_id: str) -> Form:
    """The living form, or Problem 404.1."""
    query = select(Form).where(
        Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None)
    )
    form = session.scalars(query).first()
    if form is None:
        raise form_unknown(xml_form_id)
    return form


def current_xform(session: Session, project_id: int, xml_form_id: str) -> bytes | None:
    """The XForm that phones have now, None for a form that was never published."""
    query = (
        select(FormVersion.xml)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.current_version_id == FormVersion.id))
        .where(Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None))
    )
    return session.scalars(query).first()


def form_to_change(session: Session, project_id: int, xml_form_id: str) -> Form:
    """The living form, kept from other processes until the transaction ends, or Problem 404.1."""
    query = select(Form).where(
        Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None)
    )
    form = session.scalars(query.with_for_update()).first()
    if form is None:
        raise form_unknown(xml_form_id)
    return form


def get_version(session: Session, project_id: int, version_id: int | None) -> FormVersion:
    """A version by its number, or Problem 404.1."""
    version = session.get(FormVersion, (project_id, version_id)) if version_id else None
    if version is None:
        raise not_found()
    return version


@dataclass(frozen=True, slots=True)
class ListedDraft:
    """A form that has a draft; `published`: phones have another version of it now."""

    xml_form_id: str
    name: str
    version: str
    published: bool
    created_at: datetime


def drafts_of(session: Session, project_id: int) -> list[ListedDraft]:
    """The drafts of a project's living forms, by name."""
    rows = session.execute(
        select(
            Form.xml_form_id,
            FormVersion.name,
            FormVersion.version,
            Form.current_version_id.is_not(None),
            FormVersion.created_at,
        )
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.draft_version_id))
        .where(Form.project_id == project_id, Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    return [ListedDraft(*row) for row in rows]


def findings_of(version: FormVersion) -> tuple[Finding, ...]:
    """What forms.lint said of a version when it came, the gravest first."""
    return tuple(map(Finding.from_json, version.findings or ()))


def version_of_form(session: Session, project_id: int, xml_form_id: str, version: str | None = None) -> FormVersion:
    """The published version of that name (None: the current one) of a living form, or Problem 404.1."""
    form = get_form(session, project_id, xml_form_id)
    if version is None:
        return get_version(session, project_id, form.current_version_id)
    query = select(FormVersion).where(
        FormVersion.project_id == project_id,
        FormVersion.form_id == form.id,
        FormVersion.version == version,
        FormVersion.published_at.is_not(None),
    )
    found = session.scalars(query).first()
    if found is None:
        raise not_found()
    return found


def served_files(session: Session, project_id: int, version_id: int) -> list[ServedFile]:
    """The form attachments of a version that somebody has brought, by name."""
    rows = session.execute(
        select(FormAttachment.name, FormAttachment.type, Blob.sha256, Blob.md5, Blob.size, FormAttachment.content_type)
        .join(Blob, (Blob.project_id == FormAttachment.project_id) & (Blob.sha256 == FormAttachment.blob_sha256))
        .where(FormAttachment.project_id == project_id, FormAttachment.form_version_id == version_id)
        .order_by(FormAttachment.name)
    )
    return [ServedFile(*row[:5], row[5] or "application/octet-stream") for row in rows]


_definitions = ByContent(parse_xform)
_labels = ByContent(parse_labels)
_logic = ByContent(read_logic, most=16)


def definition(sha256: bytes, load: Callable[[], bytes]) -> FormDefinition:
    """What the XForm with that SHA-256 defines; `load` gives its bytes when they are needed."""
    return _definitions.get(sha256, load)


def definition_of(session: Session, project_id: int, version_id: int) -> FormDefinition:
    """What a version defines."""
    version = get_version(session, project_id, version_id)
    return _definitions.get(version.sha256, lambda: version.xml)


def labels_of(session: Session, project_id: int, version_id: int) -> Labels:
    """A version's questions and choices in its languages."""
    version = get_version(session, project_id, version_id)
    return _labels.get(version.sha256, lambda: version.xml)


def logic_of(session: Session, project_id: int, version_id: int) -> Logic:
    """What a version calculates, and when it asks what."""
    version = get_version(session, project_id, version_id)
    return _logic.get(version.sha256, lambda: version.xml)
