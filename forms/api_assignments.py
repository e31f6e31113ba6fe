"""Roles given for single forms: those of one form, and all of a project at a glance. Addresses and fields are ODK Central's."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.api_roles import Where, give_at, list_actors_at, list_at, shown_assignments, take_at
from accounts.assignments import Place, get_role, list_form_assignments, place_of
from accounts.schemas import ActorSchema, AssignmentSchema, ExtendedAssignmentSchema, SuccessSchema
from accounts.signed_in import api_caller, demand
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from forms.models import Form
from forms.queries import get_form
from forms.schemas import ExtendedFormAssignmentSchema, FormAssignmentSchema

api = Blueprint("forms_assignments_api", __name__, url_prefix="/v1/projects/<int:project_id>")
FORM = "/forms/<segment:xml_form_id>/assignments"


def _form(project_id: int, xml_form_id: str) -> Where:
    def find(session: Session) -> Place:
        return place_of(session, project_id, get_form(session, project_id, xml_form_id).id)

    return find


@api.get(FORM)
@describe(answer=AssignmentSchema(many=True), extended=ExtendedAssignmentSchema(many=True))
def list_assignments(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Who has which role for the form alone."""
    return list_at(_form(project_id, xml_form_id))


@api.get(f"{FORM}/<segment:role>")
@describe(answer=ActorSchema(many=True))
def list_actors(project_id: int, xml_form_id: str, role: str) -> ResponseReturnValue:
    """Who has this role for the form alone."""
    return list_actors_at(_form(project_id, xml_form_id), role)


@api.post(f"{FORM}/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema(), problems=(409.3,))
def give_role(project_id: int, xml_form_id: str, role: str, actor: str) -> ResponseReturnValue:
    """Give a role for the form."""
    return give_at(_form(project_id, xml_form_id), role, actor)


@api.delete(f"{FORM}/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema())
def take_role(project_id: int, xml_form_id: str, role: str, actor: str) -> ResponseReturnValue:
    """Take a role for the form back."""
    return take_at(_form(project_id, xml_form_id), role, actor)


@api.get("/assignments/forms")
@describe(answer=FormAssignmentSchema(many=True), extended=ExtendedFormAssignmentSchema(many=True))
def list_all(project_id: int) -> ResponseReturnValue:
    """Every role given for a single form of the project."""
    return _list_forms(project_id)


@api.get("/assignments/forms/<segment:role>")
@describe(answer=FormAssignmentSchema(many=True), extended=ExtendedFormAssignmentSchema(many=True))
def list_all_of_role(project_id: int, role: str) -> ResponseReturnValue:
    """Who has this role for which single forms of the project."""
    return _list_forms(project_id, role)


def _list_forms(project_id: int, role: str | None = None) -> ResponseReturnValue:
    person = api_caller()
    with reading() as session:
        # In ODK Central's order: a role that is not there is told before a right that is not there.
        role_id = None if role is None else get_role(session, role).id
        demand(session, person, "assignment.list", project_id)
        living = select(Form.id, Form.xml_form_id).where(Form.project_id == project_id, Form.deleted_at.is_(None))
        names = {row[0]: row[1] for row in session.execute(living)}
        rows = [row for row in list_form_assignments(session, project_id, role_id) if row[0].form_id in names]
        shown: list[dict[str, Any]] = shown_assignments(rows, extended=wishes().extended)
    return jsonify(
        [{**each, "xmlFormId": names[assignment.form_id]} for each, (assignment, _) in zip(shown, rows, strict=True)]
    )
