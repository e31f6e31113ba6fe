"""Forms as the API shows them: one row for each, without the XForm."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.models import Project
from accounts.roles import verbs_of
from accounts.sessions import Person
from forms.models import Form, FormField, FormVersion
from forms.uploads import excel_type

# How ODK Central writes a version without a name into an address.
NO_VERSION = "___"
DRAFT, PUBLISHED_OR_DRAFT = "draft", "any"


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form with one of its versions."""

    project_id: int
    id: int
    xml_form_id: str
    state: str
    web_forms: bool
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    created_by: int | None
    version_id: int
    version: str
    name: str
    md5: str
    sha1: str
    sha256: bytes
    schema_id: int
    key_id: int | None
    draft_token: str | None
    workbook_name: str | None
    workbook_sha256: bytes | None
    published_at: datetime | None
    published_by: int | None
    publish_notes: str | None

    @property
    def title(self) -> str | None:
        """What the form says it is called, if anything."""
        return self.name or None

    @property
    def sha256_hex(self) -> str:
        """The SHA-256 of the XForm as people write it."""
        return self.sha256.hex()

    @property
    def sort_key(self) -> tuple[str, str, int]:
        """By name, as people sort."""
        name = self.name or self.xml_form_id
        return name.casefold(), name, self.id

    @property
    def workbook_type(self) -> str | None:
        """The content type of the workbook it was made from."""
        return excel_type(self.workbook_name)


_COLUMNS = (
    Form.project_id,
    Form.id,
    Form.xml_form_id,
    Form.state,
    Form.web_forms,
    Form.created_at,
    Form.updated_at,
    Form.deleted_at,
    Form.created_by,
    FormVersion.id,
    FormVersion.version,
    FormVersion.name,
    FormVersion.md5,
    FormVersion.sha1,
    FormVersion.sha256,
    FormVersion.schema_id,
    FormVersion.key_id,
    FormVersion.draft_token,
    FormVersion.xlsx_name,
    FormVersion.xlsx_sha256,
    FormVersion.published_at,
    FormVersion.published_by,
    FormVersion.publish_notes,
)


def _query(project_id: int, version: Any, *, deleted: bool = False) -> Select[*tuple[Any, ...]]:
    trash = Form.deleted_at.is_not(None) if deleted else Form.deleted_at.is_(None)
    joined = and_(FormVersion.project_id == Form.project_id, FormVersion.form_id == Form.id, version)
    living = select(Project.id).where(Project.id == project_id, Project.deleted_at.is_(None)).exists()
    query: Select[*tuple[Any, ...]] = select(*_COLUMNS)
    return query.join(FormVersion, joined).where(Form.project_id == project_id, trash, living)


_CURRENT = FormVersion.id == func.coalesce(Form.current_version_id, Form.draft_version_id)


def forms_shown(session: Session, project_id: int, verbs: Collection[str], *, deleted: bool = False) -> list[ShownForm]:
    """The forms somebody with these rights in the project sees, by name: drafts for who may change them, closed ones for
    who may read all."""
    query = _query(project_id, _CURRENT, deleted=deleted)
    if "form.update" not in verbs:
        query = query.where(FormVersion.published_at.is_not(None))
        if "form.read" not in verbs:
            query = query.where(Form.state != "closed")
    return sorted((ShownForm(*row) for row in session.execute(query)), key=lambda form: form.sort_key)


def form_shown(session: Session, project_id: int, xml_form_id: str, which: str = PUBLISHED_OR_DRAFT) -> ShownForm:
    """A living form with its published version or else its draft, with its draft, or with the version of that name (after
    `versions/`, so that a version may be called `draft`); Problem 404.1."""
    if which == PUBLISHED_OR_DRAFT:
        version = _CURRENT
    elif which == DRAFT:
        version = FormVersion.id == Form.draft_version_id
    else:
        name = which.removeprefix("versions/")
        name = "" if name == NO_VERSION else name
        version = and_(FormVersion.version == name, FormVersion.published_at.is_not(None))
    row = session.execute(_query(project_id, version).where(Form.xml_form_id == xml_form_id)).first()
    if row is None:
        raise not_found()
    return ShownForm(*row)


def forms_by_number(session: Session, project_id: int, form_ids: Collection[int]) -> dict[int, ShownForm]:
    """Forms of a project by their numbers, also those in the trash, with the version people see."""
    joined = and_(FormVersion.project_id == Form.project_id, FormVersion.form_id == Form.id, _CURRENT)
    query: Select[*tuple[Any, ...]] = select(*_COLUMNS)
    rows = session.execute(query.join(FormVersion, joined).where(Form.project_id == project_id, Form.id.in_(form_ids)))
    return {row[1]: ShownForm(*row) for row in rows}


def versions_shown(session: Session, form: ShownForm) -> list[ShownForm]:
    """Every published version, newest first."""
    query = _query(form.project_id, FormVersion.published_at.is_not(None)).where(Form.id == form.id)
    rows = session.execute(query.order_by(FormVersion.published_at.desc(), FormVersion.id.desc()))
    return [ShownForm(*row) for row in rows]


def demand_form(
    session: Session, person: Person, project_id: int, xml_form_id: str, which: str = PUBLISHED_OR_DRAFT
) -> tuple[ShownForm, frozenset[str]]:
    """The form and all the person may do with it; Problem 404.1 without it, 403.1 where the person may not read it."""
    form = form_shown(session, project_id, xml_form_id, which)
    verbs = verbs_of(session, person.actor_id, project_id, form.id)
    if reading_verb(form) not in verbs:
        raise insufficient_rights()
    return form, verbs


def reading_verb(form: ShownForm) -> str:
    """What reading this version of the form asks for: a draft is for those who change it, a closed form for who reads all."""
    if form.published_at is None:
        return "form.update"
    return "form.read" if form.state == "closed" else "open_form.read"


def related_to_entities(session: Session, forms: Iterable[ShownForm]) -> set[int]:
    """Those of these versions (by their numbers) whose submissions make or change entities."""
    listed = [form for form in forms if form.key_id is None]
    if not listed:
        return set()
    query = select(FormField.schema_id).where(
        FormField.project_id == listed[0].project_id,
        FormField.schema_id.in_({form.schema_id for form in listed}),
        or_(FormField.path == "/meta/entity", FormField.path.like("%/meta/entity")),
    )
    schemas = set(session.scalars(query))
    return {form.version_id for form in listed if form.schema_id in schemas}
