"""Reading forms, with counts of what came for them; addresses and fields are ODK Central's. Making and changing them is
forms.api."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights
from accounts.models import Actor
from accounts.projects import get_project
from accounts.public_links import links_in_use
from accounts.roles import verbs_of
from accounts.schemas import actor_json
from accounts.scopes import scope_of
from accounts.sessions import Person
from accounts.signed_in import api_caller
from collector.form_counts import counts_of_forms
from collector.form_schemas import ExtendedFormSchema, FormListQuery
from collector.openrosa import manifest_of, require_protocol
from collector.openrosa_xml import path_segment
from config.address import base_url
from config.api_answers import is_true
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from forms.api_versions import form_route
from forms.schemas import DeletedFormSchema, FormSchema
from forms.shown import DRAFT, NO_VERSION, ShownForm, demand_form, forms_shown, related_to_entities

api = Blueprint("collector_forms_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms")


@api.get("")
@describe(answer=FormSchema(many=True), query=FormListQuery(), extended=ExtendedFormSchema(many=True))
def list_forms(project_id: int) -> ResponseReturnValue:
    """The forms of a project, by name; never-published ones only for those who may change forms."""
    person = api_caller()
    with reading() as session:
        get_project(session, project_id)
        verbs = verbs_of(session, person.actor_id, project_id)
        if "open_form.list" not in verbs:
            raise insufficient_rights()
        forms = forms_shown(session, project_id, verbs, deleted=is_true(request.args.get("deleted")))
        return jsonify(forms_json(session, person, forms, extended=wishes().extended))


def forms_json(session: Session, person: Person, forms: Sequence[ShownForm], *, extended: bool) -> list[dict[str, Any]]:
    """Forms of one project as the API lists them; a constant number of statements."""
    shown = [(DeletedFormSchema if form.deleted_at else FormSchema)().dump(form) for form in forms]
    if extended and forms:
        for each, more in zip(shown, _more(session, person, forms), strict=True):
            each.update(more)
    return shown


@form_route("", api)
@describe(answer=FormSchema(), extended=ExtendedFormSchema())
def show_form(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """A form, its draft or one of its published versions."""
    person = api_caller()
    with reading() as session:
        form, verbs = demand_form(session, person, project_id, xml_form_id, which)
        shown = FormSchema().dump(form)
        if wishes().extended:
            draft = form.version_id if which == DRAFT else 0
            shown.update(_more(session, person, [form], draft)[0])
            if "form.update" in verbs:
                shown["publishNotes"] = form.publish_notes
    return jsonify(shown)


@form_route("/manifest", api, published=False)
@describe(answer="text/xml")
def show_manifest(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The files a draft or a version needs, as phones read it."""
    require_protocol()
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
    below = "draft" if which == DRAFT else f"versions/{path_segment(form.version or NO_VERSION)}"
    return manifest_of(form, f"{base_url()}/v1/projects/{project_id}/forms/{path_segment(xml_form_id)}/{below}")


def _more(
    session: Session, person: Person, forms: Sequence[ShownForm], draft_version_id: int = 0
) -> list[dict[str, Any]]:
    """The extended metadata of each form, in their order."""
    project_id = forms[0].project_id
    scope = scope_of(session, person.actor_id, project_id)
    counts = counts_of_forms(session, project_id, [form.id for form in forms], scope, draft_version_id)
    entities = related_to_entities(session, forms)
    links = links_in_use(session, project_id, [form.id for form in forms])
    makers = {form.created_by for form in forms if form.created_by}
    actors = {actor.id: actor for actor in session.scalars(select(Actor).where(Actor.id.in_(makers)))}
    schema = ExtendedFormSchema(
        only=("submissions", "reviewStates", "lastSubmission", "excelContentType", "publicLinks", "entityRelated")
    )
    return [
        {
            **schema.dump(
                {
                    "submissions": counts[form.id].total,
                    "reviewStates": {
                        "received": counts[form.id].states.get("", 0),
                        "hasIssues": counts[form.id].states.get("hasIssues", 0),
                        "edited": counts[form.id].states.get("edited", 0),
                    },
                    "lastSubmission": counts[form.id].last,
                    "workbook_type": form.workbook_type,
                    "publicLinks": links.get(form.id, 0),
                    "entityRelated": form.version_id in entities,
                }
            ),
            "createdBy": actor_json(actors.get(form.created_by or 0)),
        }
        for form in forms
    ]
