"""Taking encrypted answers away with the passphrase: it travels in the body of one request, and is kept nowhere."""

from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.sessions import Person
from accounts.signed_in import require_own_form, signed_in
from collector.api_exports import streamed
from collector.export import Plan, form_facts, plan_export
from collector.export_queue import order, selection_for
from collector.export_request import FOR_PEOPLE, FRENCH_EXCEL, ExportRequest
from collector.export_run import Run, begin
from collector.exports import formats
from collector.project_frame import FormFrame, ProjectFrame, open_form_frame
from collector.reading import Selection
from collector.unlocking import Keys, keys_needed, managed_keys, opened_keys
from config.api_answers import content_disposition
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.services import services
from forms.models import EncryptionKey

pages = Blueprint(
    "collector_encrypted_pages",
    __name__,
    url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/data/encrypted",
)
VERB = "submission.read.masked"
FORMATS = ("csv.zip", "xlsx", "csv")
LOOPBACK = ("127.0.0.1", "::1")


@pages.get("")
def show_encrypted(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Which passphrases would open what."""
    person = signed_in()
    with reading() as session:
        frame, form, selection = _open(session, person, project_id, xml_form_id)
        keys = keys_needed(session, selection)
    return _page(frame, form, keys)


@pages.post("")
def open_encrypted(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The file, with everything that these passphrases open; remembered as an export."""
    person = signed_in()
    require_own_form()
    asked = _asked()
    with reading() as session:
        frame, form, selection = _open(session, person, project_id, xml_form_id)
        needed = keys_needed(session, selection)
        given = {key.id: request.form.get(_field(key), "") for key in needed if key.managed}
        passphrases = {key_id: text for key_id, text in given.items() if text}
        sealed = managed_keys(session, project_id, passphrases)
    if not passphrases:
        return _page(frame, form, needed, gettext("Type the passphrase."))
    try:
        keys = opened_keys(sealed, passphrases)
    except Problem:
        return _page(frame, form, needed, gettext("This is not the passphrase."))
    with reading() as session:
        plan = _plan(session, frame, form, asked, keys)
        if "prepared" in request.form:
            plan.settle(session)
    if plan.settled:
        with transaction() as session:
            order(session, services(), plan, person.actor_id)
        data = url_for("collector_export_pages.show_data", project_id=project_id, xml_form_id=xml_form_id)
        return redirect(f"{data}#prepared", 303)
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, person.actor_id))
    kind = formats()[asked.format]
    answer = streamed(run.pieces(), kind.mimetype, compress=not kind.archive)
    answer.headers["Content-Disposition"] = content_disposition(plan.file_name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _asked() -> ExportRequest:
    wanted = request.form.get("format", "")
    usual = FRENCH_EXCEL if page_language() == "fr" else FOR_PEOPLE
    return replace(usual, format=wanted if wanted in FORMATS else FORMATS[0], states=())


def _open(
    session: Session, person: Person, project_id: int, xml_form_id: str
) -> tuple[ProjectFrame, FormFrame, Selection]:
    frame, form = open_form_frame(session, person, project_id, xml_form_id, VERB)
    if not form.published:
        raise not_found()
    return frame, form, _selection(session, frame, form, FOR_PEOPLE)


def _selection(session: Session, frame: ProjectFrame, form: FormFrame, asked: ExportRequest) -> Selection:
    return selection_for(session, services(), frame.person.actor_id, frame.id, form.id, asked)


def _plan(session: Session, frame: ProjectFrame, form: FormFrame, asked: ExportRequest, keys: Keys) -> Plan:
    facts = form_facts(session, frame.id, form.xml_form_id)
    selection = _selection(session, frame, form, asked)
    return plan_export(session, services(), facts, selection, asked, keys=keys)


def _field(key: EncryptionKey) -> str:
    return f"key-{key.id}"


def _page(frame: ProjectFrame, form: FormFrame, keys: list[EncryptionKey], error: str = "") -> ResponseReturnValue:
    spoken = 0 if page_language() == "fr" else 1
    page = render_template(
        "collector/encrypted.html",
        frame=frame,
        form=form,
        keys=[(_field(key), key.hint) for key in keys if key.managed],
        brought=any(not key.managed for key in keys),
        overheard=not (request.is_secure or request.remote_addr in LOOPBACK),
        formats=[(name, formats()[name].title[spoken], formats()[name].about[spoken]) for name in FORMATS],
        error=error,
    )
    return page, 400 if error else 200
