"""Sessions and projects, with ODK Central's addresses and fields."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from accounts import passwords, sessions
from accounts.errors import authentication_failed, bad_json
from accounts.models import Project
from accounts.projects import get_project
from accounts.roles import granted, visible_projects
from accounts.schemas import ProjectSchema, SessionSchema, SignInSchema
from accounts.signed_in import api_caller, demand, keep_session
from accounts.web_users import forget_failures, note_failure, stored_password
from config.api_answers import json_body
from config.database import reading, transaction
from config.services import services

api = Blueprint("accounts_api", __name__, url_prefix="/v1")


@api.post("/sessions")
def sign_in() -> ResponseReturnValue:
    """A bearer token for an e-mail and password; also set as a cookie."""
    try:
        given = SignInSchema().load(json_body())
    except ValidationError as error:
        raise bad_json(error.messages) from None
    made = open_session(given["email"], given["password"])
    response = jsonify(SessionSchema().dump(made))
    keep_session(response, made)
    return response


def open_session(email: str, password: str) -> sessions.NewSession:
    """A new session, or Problem 401.2, or 429 after many failures. The slow check holds no transaction."""
    secret = services().secret
    with reading() as session:
        actor_id, password_hash = stored_password(session, secret, email)
    if not passwords.matches(password, password_hash) or actor_id is None:
        with transaction() as session:
            note_failure(session, secret, email)
        raise authentication_failed()
    with transaction() as session:
        forget_failures(session, secret, email)
        return sessions.start(session, actor_id)


@api.delete("/sessions/current")
def sign_out() -> ResponseReturnValue:
    """End the session whose bearer token this is."""
    api_caller()
    token = (request.headers.get("Authorization") or "").partition(" ")[2].strip()
    with transaction() as session:
        sessions.end(session, token)
    return jsonify(success=True)


@api.get("/users/current")
def show_current_user() -> ResponseReturnValue:
    """Whoever is calling."""
    person = api_caller()
    with reading() as session:
        verbs = granted(session, person.actor_id)
    return jsonify(id=person.actor_id, type="user", displayName=person.name, email=person.email, verbs=verbs)


@api.get("/projects")
def list_projects() -> ResponseReturnValue:
    """The projects the caller may see."""
    person = api_caller()
    with reading() as session:
        return jsonify(ProjectSchema(many=True).dump(visible_projects(session, person.actor_id)))


@api.get("/projects/<int:project_id>")
def show_project(project_id: int) -> ResponseReturnValue:
    """One project."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "project.read", project_id)
        project: Project = get_project(session, project_id)
        return jsonify(ProjectSchema().dump(project))
