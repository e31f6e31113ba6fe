"""The draft of a form: what it is, what there is to say of it, its files; another workbook in its place, or none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from accounts.models import Actor
from accounts.sessions import Person
from accounts.signed_in import demand, require_own_form, signed_in
from collector.pages_form_library import SAID_BESIDE, uploaded_form
from collector.project_frame import FormFrame, ProjectFrame, open_form_frame
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.services import services
from forms.attached import Attached, attached_to
from forms.draft_difference import difference_of_draft
from forms.draft_files import empty_place, fill_by_name, place_in_draft
from forms.draft_findings import findings_of_draft
from forms.drafts import delete_draft, published_again, set_draft
from forms.errors import file_not_chosen
from forms.lint import Finding, rules
from forms.models import Form
from forms.queries import definition_of, form_to_change, get_form, get_version, labels_of
from forms.stored_files import StoredFile, store_stream
from forms.xform import FormDefinition

pages = Blueprint(
    "collector_draft_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"
)


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding in the reader's language: what is so, and why it matters in the field."""

    severity: str
    words: str
    why: str


@dataclass(frozen=True)
class Draft:
    """A draft as its manager sees it. `warnings` are the converter's, in English; `questions` what a person is asked."""

    version_id: int
    version: str
    name: str
    created_at: datetime
    author: str | None
    workbook: str | None
    definition: FormDefinition
    questions: int
    files: list[Attached]
    remarks: list[Remark]
    warnings: list[str]
    # A form in the trash has the same id: its data could be wanted.
    deleted_twin: bool

    @property
    def losses(self) -> list[Remark]:
        """What would lose answers, or keep phones from opening the form."""
        return [remark for remark in self.remarks if remark.severity in ("error", "loss")]

    @property
    def missing(self) -> list[str]:
        """Files that the form asks for and nobody has brought."""
        return [file.name for file in self.files if not file.exists]


@pages.get("")
def show_draft(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Is it ready? Or, without a draft, how to begin one."""
    return _draft_page(project_id, xml_form_id)


def _draft_page(project_id: int, xml_form_id: str, problem: Problem | None = None) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame, form = open_form_frame(session, person, project_id, xml_form_id, "form.update")
        draft, difference = None, None
        if form.draft_version_id:
            draft = draft_shown(session, frame, form)
            difference, _ = difference_of_draft(session, get_form(session, project_id, xml_form_id), page_language())
    done = request.args.get("done")
    page = render_template(
        "collector/draft.html",
        frame=frame,
        form=form,
        draft=draft,
        difference=difference,
        problem=problem,
        done=done,
        # Only what is so: an address could say anything.
        placed=[file.name for file in draft.files if file.name in request.args.getlist("placed")] if draft else [],
        unknown=request.args.getlist("unknown"),
    )
    return page, problem.status if problem else 200


def draft_shown(session: Session, frame: ProjectFrame, form: FormFrame) -> Draft:
    """See Draft."""
    version = get_version(session, frame.id, form.draft_version_id)
    author = session.get(Actor, version.created_by) if version.created_by else None
    definition, labels = definition_of(session, frame.id, version.id), labels_of(session, frame.id, version.id)
    asked = [
        field.path
        for field in definition.fields
        if field.column_no is not None and labels.question(field.path, "") and not labels.is_note(field.path)
    ]
    twin = exists().where(
        Form.project_id == frame.id, Form.xml_form_id == form.xml_form_id, Form.deleted_at.is_not(None)
    )
    return Draft(
        version_id=version.id,
        version=version.version,
        name=version.name or form.xml_form_id,
        created_at=version.created_at,
        author=author.display_name if author else None,
        workbook=version.xlsx_name,
        definition=definition,
        questions=len(asked),
        files=attached_to(session, frame.id, version.id),
        remarks=[
            _remark(finding)
            for finding in findings_of_draft(session, services().storage, get_form(session, frame.id, form.xml_form_id))
        ],
        warnings=list(version.warnings),
        deleted_twin=not form.published and bool(session.scalar(select(twin))),
    )


def _remark(finding: Finding) -> Remark:
    language, rule = page_language(), rules().get(finding.rule)
    why = "" if rule is None else rule.why_en if language == "en" else rule.why_fr
    return Remark(finding.severity, finding.sentence(language), why)


def _to_draft(project_id: int, xml_form_id: str, **told: Any) -> ResponseReturnValue:
    return redirect(url_for(".show_draft", project_id=project_id, xml_form_id=xml_form_id, **told), 303)


def _demand_change(person: Person, project_id: int, xml_form_id: str) -> None:
    """Before anything slow: may the person change this form?"""
    with reading() as session:
        open_form_frame(session, person, project_id, xml_form_id, "form.update")


def form_to_update(session: Session, person: Person, project_id: int, xml_form_id: str) -> Form:
    """The form, kept from others, for somebody who may change it."""
    demand(session, person, "form.update", project_id, get_form(session, project_id, xml_form_id).id)
    return form_to_change(session, project_id, xml_form_id)


@pages.post("")
def replace(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Another workbook in its place, or what is published (to change its files alone)."""
    person = signed_in()
    require_own_form()
    _demand_change(person, project_id, xml_form_id)
    try:
        upload = None if "again" in request.form else uploaded_form()
        with transaction() as session:
            form = form_to_update(session, person, project_id, xml_form_id)
            wanted = upload or published_again(session, form)
            set_draft(session, form, wanted, by=person.actor_id, ignore_warnings=True)
    except Problem as problem:
        if problem.status not in SAID_BESIDE:
            raise
        return _draft_page(project_id, xml_form_id, problem)
    return _to_draft(project_id, xml_form_id, done="replaced" if upload else "begun")


@pages.post("/discard")
def discard(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Forget the draft; what is published stays."""
    person = signed_in()
    require_own_form()
    _demand_change(person, project_id, xml_form_id)
    with transaction() as session:
        delete_draft(session, form_to_update(session, person, project_id, xml_form_id), by=person.actor_id)
    return _to_draft(project_id, xml_form_id, done="discarded")


@pages.post("/files")
def bring_files(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Files, put where the form asks for their names."""
    person = signed_in()
    require_own_form()
    _demand_change(person, project_id, xml_form_id)
    brought = _stored_files()
    if not brought:
        return _draft_page(project_id, xml_form_id, file_not_chosen())
    with transaction() as session:
        form = form_to_update(session, person, project_id, xml_form_id)
        placed, unknown = fill_by_name(session, form, brought, by=person.actor_id)
    return _to_draft(project_id, xml_form_id, done="files", placed=placed, unknown=[name[:100] for name in unknown])


def _stored_files() -> dict[str, StoredFile]:
    folder, storage = services().settings.temporary, services().storage
    return {
        # Some browsers tell the folder too.
        file.filename.replace("\\", "/").rpartition("/")[2]: store_stream(storage, folder, file.stream)
        for file in request.files.getlist("files")
        if file.filename
    }


@pages.post("/files/<segment:name>/empty")
def empty_file(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Take a file away; the form goes on asking for it."""
    person = signed_in()
    require_own_form()
    _demand_change(person, project_id, xml_form_id)
    with transaction() as session:
        form = form_to_update(session, person, project_id, xml_form_id)
        empty_place(session, form, place_in_draft(session, form, name), by=person.actor_id)
    return _to_draft(project_id, xml_form_id, done="emptied")
