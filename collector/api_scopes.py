"""Who sees which part of a project's submissions: beside ODK Central's API, which knows roles only (docs/scopes.md)."""

from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.schemas import SuccessSchema
from accounts.scopes import Scope, scope_of, scopes_in
from accounts.signed_in import api_caller, changing, demand
from collector.scope_changes import WantedRule, end_scope, give_scope, require_member, still_looked_up
from collector.scope_schemas import ScopeBody, ScopeSchema
from config.api_answers import json_body
from config.database import reading
from config.description import describe
from forms.models import Form

api = Blueprint("scopes_api", __name__, url_prefix="/v1/projects/<int:project_id>/scopes")


@api.get("")
@describe(answer=ScopeSchema(many=True))
def list_scopes(project_id: int) -> ResponseReturnValue:
    """Everyone who sees only a part of the submissions."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "assignment.list", project_id)
        return _json(_told(session, project_id, scopes_in(session, project_id)))


@api.get("/<int:actor_id>")
@describe(answer=ScopeSchema(), problems=[404.1])
def show_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """The scope of a person or app user; without rules, everything its roles show."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "assignment.list", project_id)
        require_member(session, project_id, actor_id)
        return _json(_scope_told(session, project_id, actor_id))


@api.put("/<int:actor_id>")
@describe(answer=ScopeSchema(), body=ScopeBody(), problems=[400.2, 400.8, 400.11, 400.13, 403.1, 404.1])
def put_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Give somebody these rules in place of those it has."""
    person = api_caller()
    given = ScopeBody().load(json_body())
    with changing() as session:
        demand(session, person, "assignment.create", project_id)
        wanted = [WantedRule(each["property"], each["values"], each["xmlFormId"]) for each in given["rules"]]
        give_scope(session, person, project_id, actor_id, wanted, given["hiddenClasses"])
        return _json(_scope_told(session, project_id, actor_id))


@api.delete("/<int:actor_id>")
@describe(answer=SuccessSchema(), problems=[403.1, 404.1])
def delete_scope(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Let somebody see again everything its roles show."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "assignment.delete", project_id)
        end_scope(session, person, project_id, actor_id)
    return {"success": True}


def _scope_told(session: Session, project_id: int, actor_id: int) -> dict[str, Any]:
    (told,) = _told(session, project_id, [replace(scope_of(session, actor_id, project_id), actor_id=actor_id)])
    return told


def _told(session: Session, project_id: int, scopes: list[Scope]) -> list[dict[str, Any]]:
    names = select(Form.id, Form.xml_form_id).where(Form.project_id == project_id)
    forms = {row[0]: row[1] for row in session.execute(names)}
    unknown = still_looked_up(session, project_id)
    return [
        {
            "actorId": scope.actor_id,
            "rules": [
                {
                    "property": rule.property,
                    "values": list(rule.allowed),
                    "xmlFormId": forms.get(rule.form_id or 0),
                }
                for rule in scope.rules
            ],
            "hiddenClasses": sorted(scope.hidden),
            "complete": unknown.isdisjoint(rule.property for rule in scope.rules),
        }
        for scope in scopes
    ]


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
