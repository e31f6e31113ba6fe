"""What people chose for tools, with ODK Central's addresses and fields; all of it is read with the current user."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from accounts import preferences
from accounts.errors import not_found
from accounts.projects import get_project
from accounts.schemas import SuccessSchema
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing
from config.api_answers import json_body
from config.api_errors import key_does_not_exist, property_not_found, unexpected_properties, value_too_long
from config.description import describe

api = Blueprint("accounts_api_preferences", __name__, url_prefix="/v1")


def _chosen() -> Any:
    given = json_body()
    if "propertyValue" not in given:
        raise property_not_found("propertyValue")
    if len(given) > 1:
        raise unexpected_properties(["propertyValue"], given)
    return given["propertyValue"]


def _named(name: str) -> str:
    if len(name) > preferences.LONGEST_NAME:
        raise value_too_long(preferences.LONGEST_NAME)
    return name


def _chooser(person: Person) -> Person:
    """Whoever calls; Problem 400.14 for phones and links, which have no choices."""
    if person.type != "user":
        raise key_does_not_exist("userId", str(person.actor_id), "users")
    return person


@api.put("/user-preferences/site/<segment:name>")
@describe(answer=SuccessSchema(), body="application/json", problems=(400.23, 400.33))
def choose_for_site(name: str) -> ResponseReturnValue:
    """Keep a choice: {"propertyValue": any JSON}."""
    person, value = api_caller(), _chosen()
    with changing() as session:
        preferences.choose(session, _chooser(person), _named(name), value)
    return jsonify(success=True)


@api.delete("/user-preferences/site/<segment:name>")
@describe(answer=SuccessSchema())
def forget_for_site(name: str) -> ResponseReturnValue:
    """Take a choice back; 404.1 when there was none."""
    person = api_caller()
    with changing() as session:
        if not preferences.forget(session, person, name):
            raise not_found()
    return jsonify(1)


@api.put("/user-preferences/project/<int:project_id>/<segment:name>")
@describe(answer=SuccessSchema(), body="application/json", problems=(400.23, 400.33))
def choose_for_project(project_id: int, name: str) -> ResponseReturnValue:
    """Keep a choice for one project: {"propertyValue": any JSON}."""
    person, value = api_caller(), _chosen()
    with changing() as session:
        get_project(session, project_id)
        preferences.choose(session, _chooser(person), _named(name), value, project_id)
    return jsonify(success=True)


@api.delete("/user-preferences/project/<int:project_id>/<segment:name>")
@describe(answer=SuccessSchema())
def forget_for_project(project_id: int, name: str) -> ResponseReturnValue:
    """Take a choice for one project back; 404.1 when there was none."""
    person = api_caller()
    with changing() as session:
        get_project(session, project_id)
        if not preferences.forget(session, person, name, project_id):
            raise not_found()
    return jsonify(1)
