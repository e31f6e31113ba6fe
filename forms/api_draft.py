"""Drafts of forms: set, filled with files, published, dropped. Addresses and fields are ODK Central's."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.schemas import SuccessSchema
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, demand
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.reader_wishes import action_notes
from config.services import services
from forms.api import ignores_workflow, upload_of_request
from forms.attached import Attached, attached_to
from forms.difference_words import column_sentence, sentence
from forms.draft_difference import difference_of_draft
from forms.draft_files import default_type, empty_place, fill_place, place_in_draft
from forms.drafts import delete_draft, publish_draft, published_again, set_draft
from forms.models import Form
from forms.queries import form_to_change, get_form
from forms.schemas import (
    AttachmentSchema,
    ChangeSchema,
    ColumnsSchema,
    DifferenceSchema,
    DraftQuery,
    LanguageQuery,
    LinkSchema,
    PublishQuery,
    UploadHeaders,
)
from forms.stored_files import store_stream

api = Blueprint(
    "forms_draft_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"
)
LONGEST_TYPE = 255


def _form_to_change(session: Session, person: Person, project_id: int, xml_form_id: str) -> Form:
    form = form_to_change(session, project_id, xml_form_id)
    demand(session, person, "form.update", project_id, form.id)
    return form


def _demand_change(person: Person, project_id: int, xml_form_id: str, name: str | None = None) -> None:
    """Before anything slow: may the person change the form, and has its draft a place of that name?"""
    with reading() as session:
        form = get_form(session, project_id, xml_form_id)
        demand(session, person, "form.update", project_id, form.id)
        if name is not None:
            place_in_draft(session, form, name)


@api.post("")
@describe(
    answer=SuccessSchema(),
    body="application/xml",
    query=DraftQuery(),
    headers=UploadHeaders(),
    problems=(400.2, 400.8, 400.15, 400.16, 400.17, 400.25, 503.1),
)
def create(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Set the draft from an XForm or a workbook; without a content type, from what is published."""
    person = api_caller()
    _demand_change(person, project_id, xml_form_id)
    upload = upload_of_request() if request.headers.get("Content-Type") else None
    with changing() as session:
        form = _form_to_change(session, person, project_id, xml_form_id)
        upload = upload or published_again(session, form)
        set_draft(session, form, upload, by=person.actor_id, ignore_warnings=ignores_workflow())
    return jsonify(success=True)


@api.post("/publish")
@describe(answer=SuccessSchema(), query=PublishQuery(), problems=(400.8, 409.6))
def publish(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Make the draft what phones get."""
    person = api_caller()
    version = request.args.get("version", "")
    with changing() as session:
        form = _form_to_change(session, person, project_id, xml_form_id)
        publish_draft(session, form, by=person.actor_id, version=version, note=action_notes())
    return jsonify(success=True)


@api.get("/difference")
@describe(answer=DifferenceSchema(), query=LanguageQuery())
def show_difference(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What publishing the draft would change: questions, choices, logic, words, columns of exports. Not in ODK Central."""
    person = api_caller()
    language = "fr" if request.args.get("language") == "fr" else "en"
    with reading() as session:
        form = get_form(session, project_id, xml_form_id)
        demand(session, person, "form.update", project_id, form.id)
        found, published = difference_of_draft(session, form, language)
        shown = DifferenceSchema().dump(
            {
                "published": published.version if published else None,
                "toConfirm": len(found.to_confirm),
                "changes": [
                    {**ChangeSchema().dump(change), "sentence": sentence(change, language)} for change in found.changes
                ],
                "columns": [
                    {**ColumnsSchema().dump(table), "sentence": column_sentence(table, language)}
                    for table in found.columns
                ],
            }
        )
    return jsonify(shown)


@api.delete("")
@describe(answer=SuccessSchema(), problems=(409.7,))
def delete(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Drop the draft; what is published stays."""
    person = api_caller()
    with changing() as session:
        form = _form_to_change(session, person, project_id, xml_form_id)
        delete_draft(session, form, by=person.actor_id)
    return jsonify(success=True)


@api.post("/attachments/<segment:name>")
@describe(answer=AttachmentSchema(), body="application/octet-stream")
def upload_file(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Put a file into one of the places that the draft names."""
    person = api_caller()
    _demand_change(person, project_id, xml_form_id, name)
    content_type = (request.headers.get("Content-Type") or default_type(name))[:LONGEST_TYPE]
    file = store_stream(services().storage, services().settings.temporary, request.stream)
    with changing() as session:
        form = _form_to_change(session, person, project_id, xml_form_id)
        place = place_in_draft(session, form, name)
        fill_place(session, form, place, file, content_type, by=person.actor_id)
        (shown,) = attached_to(session, project_id, place.form_version_id, name)
    return jsonify(attachment_json(shown))


@api.delete("/attachments/<segment:name>")
@describe(answer=SuccessSchema())
def clear_file(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Empty a place; the place stays, since the draft names it."""
    person = api_caller()
    with changing() as session:
        form = _form_to_change(session, person, project_id, xml_form_id)
        empty_place(session, form, place_in_draft(session, form, name), by=person.actor_id)
    return jsonify(success=True)


@api.patch("/attachments/<segment:name>")
@describe(answer=AttachmentSchema(), body=LinkSchema())
def link_list(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Fill a place from an entity list of the same name: there is none yet, so this is always 404.1."""
    person = api_caller()
    json_body()
    _demand_change(person, project_id, xml_form_id, name)
    raise not_found()


def attachment_json(file: Attached) -> dict[str, Any]:
    """As ODK Central shows it: no size without a file, no moment before anybody changed it."""
    shown: dict[str, Any] = AttachmentSchema().dump(file)
    return {key: value for key, value in shown.items() if value is not None or key == "hash"}
