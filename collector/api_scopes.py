"""Who sees which part of a project's submissions: beside ODK Central's API, which knows roles only (docs/scopes.md)."""

from typing import Any

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.actors import get_actor
from accounts.errors import insufficient_rights, not_found
from accounts.models import Assignment, ScopeProperty
from accounts.roles import SITE
from accounts.schemas import SuccessSchema
from accounts.scopes import OWN, Rule, Scope, replace_scope, scope_of, scopes_in
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, demand
from collector.scope_keys import newest_submission
from collector.scope_schemas import ScopeBody, ScopeSchema
from config.api_answers import json_body
from config.api_errors import missing_parameter, unexpected_value
from config.database import reading
from config.description import describe
from forms.models import Form, FormField, FormSchema, FormVersion
from forms.queries import get_form

api = Blueprint("scopes_api", __name__, url_prefix="/v1/projects/<int:project_id>/scopes")


@api.get("")
@describe(answer=ScopeSchema(many=True))
def list_scopes(project_id: int) -> ResponseReturnValue:
    """Everyone who sees only a part of the submissions."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "assignment.list", project_id)
        return _json([_told(session, project_id, scope.actor_id, scope) for scope in scopes_in(session, project_id)])


@api.get("/<int:actor_id>")
@describe(answer=ScopeSchema(), problems=[404.1])
def show_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """The scope of a person or app user; without rules, everything its roles show."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "assignment.list", project_id)
        _require_member(session, project_id, actor_id)
        return _json(_told(session, project_id, actor_id, scope_of(session, actor_id, project_id)))


@api.put("/<int:actor_id>")
@describe(answer=ScopeSchema(), body=ScopeBody(), problems=[400.2, 400.8, 400.11, 400.13, 403.1, 404.1])
def put_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Give somebody these rules in place of those it has."""
    person = api_caller()
    given = ScopeBody().load(json_body())
    with changing() as session:
        demand(session, person, "assignment.create", project_id)
        _require_whole_view(session, person, project_id, actor_id)
        _require_member(session, project_id, actor_id)
        rules = [_rule(session, project_id, each) for each in given["rules"]]
        newest, by = newest_submission(session, project_id), person.actor_id
        replace_scope(session, project_id, actor_id, rules, given["hiddenClasses"], by=by, newest=newest)
        session.flush()
        return _json(_told(session, project_id, actor_id, scope_of(session, actor_id, project_id)))


@api.delete("/<int:actor_id>")
@describe(answer=SuccessSchema(), problems=[403.1, 404.1])
def delete_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Let somebody see again everything its roles show."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "assignment.delete", project_id)
        _require_whole_view(session, person, project_id, actor_id)
        if scope_of(session, actor_id, project_id) == Scope():
            raise not_found()
        replace_scope(session, project_id, actor_id, [], [], by=person.actor_id)
    return {"success": True}


def _require_whole_view(session: Session, person: Person, project_id: int, actor_id: int) -> None:
    """Problem 403.1 for whoever sees only a part: it could widen its own view, or give away what it does not have."""
    if actor_id == person.actor_id or scope_of(session, person.actor_id, project_id) != Scope():
        raise insufficient_rights()


def _require_member(session: Session, project_id: int, actor_id: int) -> None:
    get_actor(session, actor_id)
    query = select(Assignment.actor_id).where(
        Assignment.actor_id == actor_id, Assignment.project_id.in_({SITE, project_id})
    )
    if session.scalars(query.limit(1)).first() is None:
        raise not_found()


def _rule(session: Session, project_id: int, given: dict[str, Any]) -> Rule:
    name, values = given["property"].strip(), [value.strip() for value in given["values"]]
    form = get_form(session, project_id, given["xmlFormId"]) if given["xmlFormId"] is not None else None
    form_id = form.id if form else None
    if name == OWN:
        if values:
            raise unexpected_value("values", values, "what somebody sent has no values", "« own » n’a pas de valeurs")
        return Rule(OWN, (), form_id)
    if not values:
        raise missing_parameter("values")
    if not _is_question(session, project_id, name, form_id):
        raise unexpected_value(
            "property",
            name,
            "no form here asks this in its root table",
            "aucun formulaire d’ici ne pose cette question",
        )
    return Rule(name, tuple(dict.fromkeys(values)), form_id)


def _is_question(session: Session, project_id: int, name: str, form_id: int | None) -> bool:
    """Whether some version of the form (or of any form) has a question of that name or path outside of repeats."""
    query = (
        select(FormField.path)
        .join(FormSchema, (FormSchema.project_id == FormField.project_id) & (FormSchema.id == FormField.schema_id))
        .join(FormVersion, (FormVersion.project_id == FormSchema.project_id) & (FormVersion.schema_id == FormSchema.id))
        .where(FormField.project_id == project_id, FormField.table_no == 0, FormField.column_no.is_not(None))
        .distinct()
    )
    if form_id is not None:
        query = query.where(FormVersion.form_id == form_id)
    return any(name in (path, path.rpartition("/")[2]) for path in session.scalars(query))


def _told(session: Session, project_id: int, actor_id: int, scope: Scope) -> dict[str, Any]:
    forms = {
        row[0]: row[1]
        for row in session.execute(select(Form.id, Form.xml_form_id).where(Form.project_id == project_id))
    }
    asked = {rule.property for rule in scope.rules} - {OWN}
    behind = select(ScopeProperty.property).where(
        ScopeProperty.project_id == project_id,
        ScopeProperty.property.in_(asked),
        ScopeProperty.looked_up_to < ScopeProperty.needed_to,
    )
    return {
        "actorId": actor_id,
        "rules": [
            {
                "property": rule.property,
                "values": list(rule.allowed),
                "xmlFormId": forms.get(rule.form_id or 0),
            }
            for rule in scope.rules
        ],
        "hiddenClasses": sorted(scope.hidden),
        "complete": session.scalars(behind).first() is None,
    }


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
