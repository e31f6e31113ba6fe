"""Sessions, with ODK Central's addresses and fields."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts import passwords, roles, sessions
from accounts.app_users import set_state
from accounts.errors import authentication_failed, insufficient_rights, not_found
from accounts.guessing import sources
from accounts.models import Actor
from accounts.public_links import end_link
from accounts.schemas import FOR_EVER, SessionSchema, SessionTimesSchema, SignInSchema, SuccessSchema
from accounts.sessions import Holder, Person, holder_by_token, person_by_token
from accounts.signed_in import api_caller, changing, drop_api_session, keep_api_session
from accounts.web_users import FREE_FAILURES, forget_failures, note_failure, stored_password
from config.api_answers import json_body
from config.api_errors import ABSENT, missing_parameters, wrong_type
from config.database import reading, transaction
from config.description import describe
from config.services import services

api = Blueprint("accounts_api", __name__, url_prefix="/v1")


@api.post("/sessions")
@describe(answer=SessionSchema(), body=SignInSchema(), problems=(400.3, 400.11, 401.2, 429), public=True)
def sign_in() -> ResponseReturnValue:
    """A bearer token for an e-mail and password; also set as a cookie."""
    given = {name: json_body().get(name, ABSENT) for name in ("email", "password")}
    if any(value in (ABSENT, None, "") for value in given.values()):
        raise missing_parameters(("email", "password"), given)
    email, password = given["email"], given["password"]
    if not isinstance(email, str):
        raise wrong_type("string", field="email")
    made = open_session(email, password)
    response = jsonify(SessionSchema().dump(made))
    keep_api_session(response, made)
    return response


def open_session(email: str, password: Any) -> sessions.NewSession:
    """A new session, or Problem 401.2, or 429 after many failures. The slow check holds no transaction."""
    secret, source = services().secret, request.remote_addr or ""
    if "\0" in email:
        raise authentication_failed()
    with reading() as session:
        free = 1 if sources.is_noisy(source) else FREE_FAILURES
        actor_id, password_hash = stored_password(session, secret, email, free=free)
    if not isinstance(password, str) or not passwords.matches(password, password_hash) or actor_id is None:
        sources.note(source)
        with transaction() as session:
            note_failure(session, secret, email)
        raise authentication_failed()
    with transaction() as session:
        forget_failures(session, secret, email)
        return sessions.start(session, actor_id, request.headers.get("User-Agent"))


@api.get("/sessions/restore")
@describe(answer=SessionTimesSchema())
def show_session() -> ResponseReturnValue:
    """How long the caller's session lasts, for ever for a phone or a link; 404.1 for a password."""
    person = api_caller()
    if person.type != "user":
        with reading() as session:
            since = session.get_one(Actor, person.actor_id).created_at
        return jsonify(SessionTimesSchema().dump({"created_at": since, "expires_at": FOR_EVER}))
    if person.opened is None:
        raise not_found()
    return jsonify(SessionTimesSchema().dump(person.opened))


@api.delete("/sessions/current")
@describe(answer=SuccessSchema())
def sign_out() -> ResponseReturnValue:
    """End the caller's own session, and take its cookies back."""
    person = api_caller()
    if person.type != "user":
        # Whoever holds a phone or a link must not end it for everyone.
        raise insufficient_rights()
    if person.opened is None:
        raise not_found()
    with changing() as session:
        sessions.end_opened(session, person.opened)
    response = jsonify(success=True)
    drop_api_session(response)
    return response


@api.delete("/sessions/<segment:token>")
@describe(answer=SuccessSchema())
def end_session(token: str) -> ResponseReturnValue:
    """End a session by its token: one's own, an app user's, a public link's; 403.1 for tokens that are nobody's, too."""
    person = api_caller()
    with changing() as session:
        own = _end(session, person, person_by_token(session, token), holder_by_token(session, token))
    response = jsonify(success=True)
    if own:
        drop_api_session(response)
    return response


def _end(session: Session, by: Person, user: Person | None, holder: Holder | None) -> bool:
    """End whichever it is; whether it is the session that asks for it."""
    if user is not None:
        if user.actor_id != by.actor_id:
            roles.demand(session, by.actor_id, "session.end", roles.SITE)
        assert user.opened is not None
        sessions.end_opened(session, user.opened)
        return by.opened == user.opened
    if holder is None:
        raise insufficient_rights()
    if "session.end" not in roles.verbs_of(session, by.actor_id, holder.project_id, holder.form_id):
        raise insufficient_rights()
    if holder.type == "field_key":
        set_state(session, holder.project_id, holder.actor_id, "revoked", by=by.actor_id)
    else:
        end_link(session, holder.actor_id, by=by.actor_id)
    return False
