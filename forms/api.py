"""Making, changing, deleting and restoring forms, with ODK Central's addresses and fields. Reading them with counts of their
submissions is collector.api_forms."""

from dataclasses import replace

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing, creating, demand
from config.api_answers import is_true
from config.api_errors import out_of_range, wrong_type
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.reader_wishes import action_notes
from config.services import services
from forms.drafts import create_form, make_current
from forms.models import Form
from forms.queries import form_to_change
from forms.schemas import ChangesSchema, FormSchema, UploadHeaders, UploadQuery
from forms.shown import form_shown
from forms.states import change_form
from forms.trash import delete_form, deleted_form, restore_form
from forms.uploads import Upload, read_upload

api = Blueprint("forms_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms")
# What the numbers of ODK Central's forms can be.
LARGEST_INTEGER = 2**31 - 1


@api.post("")
@creating
@describe(
    answer=FormSchema(),
    body="application/xml",
    query=UploadQuery(),
    headers=UploadHeaders(),
    problems=(400.2, 400.8, 400.15, 400.16, 400.25, 400.27, 409.3, 409.6, 503.1),
)
def create(project_id: int) -> ResponseReturnValue:
    """Make a form from an XForm or a workbook; it is a draft unless `publish=true`."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "form.create", project_id)
    upload = upload_of_request()
    with changing() as session:
        demand(session, person, "form.create", project_id)
        draft = create_form(session, project_id, upload, by=person.actor_id, ignore_warnings=ignores_workflow())
        if is_true(request.args.get("publish")):
            form = session.get_one(Form, (project_id, draft.form_id))
            make_current(session, form, draft, form.created_at, by=person.actor_id, note=action_notes())
        shown = FormSchema().dump(form_shown(session, project_id, upload.definition.xml_form_id))
    return jsonify(shown)


def upload_of_request() -> Upload:
    """The definition in the body; with `ignoreWarnings=true` its converter's warnings are forgotten."""
    fallback = request.headers.get("X-XlsForm-FormId-Fallback", "")
    upload = read_upload(services().storage, request.get_data(), request.headers.get("Content-Type", ""), fallback)
    return replace(upload, warnings=()) if is_true(request.args.get("ignoreWarnings")) else upload


def ignores_workflow() -> bool:
    """Whether warnings about earlier and deleted forms are to be ignored: in ODK Central any value says so."""
    return bool(request.args.get("ignoreWarnings"))


@api.patch("/<segment:xml_form_id>")
@describe(answer=FormSchema(), body=ChangesSchema(), problems=(400.1, 400.2, 400.8, 400.11))
def change(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Open a form, close it, or let it close."""
    person = api_caller()
    given = json_body()
    with changing() as session:
        form = form_to_change(session, project_id, xml_form_id)
        demand(session, person, "form.update", project_id, form.id)
        change_form(session, form, given, by=person.actor_id)
        shown = FormSchema().dump(form_shown(session, project_id, xml_form_id))
    return jsonify(shown)


@api.delete("/<segment:xml_form_id>")
@describe(answer=SuccessSchema())
def delete(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Put a form into the trash, from where it can be restored for thirty days."""
    person = api_caller()
    with changing() as session:
        form = form_to_change(session, project_id, xml_form_id)
        demand(session, person, "form.delete", project_id, form.id)
        delete_form(session, form, by=person.actor_id)
    return jsonify(success=True)


@api.post("/<segment:form_id>/restore")
@describe(answer=SuccessSchema(), problems=(400.11, 400.22, 409.3))
def restore(project_id: int, form_id: str) -> ResponseReturnValue:
    """Take a form out of the trash by its number."""
    person = api_caller()
    number = _number(form_id)
    with changing() as session:
        form = deleted_form(session, project_id, number)
        demand(session, person, "form.restore", project_id, form.id)
        restore_form(session, form, by=person.actor_id)
    return jsonify(success=True)


def _number(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise wrong_type("type integer", value=text)
    if len(digits) > len(str(LARGEST_INTEGER)) or int(digits) > LARGEST_INTEGER:
        raise out_of_range(text)
    return int(text)
