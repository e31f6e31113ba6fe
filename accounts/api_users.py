"""Web users and what they chose, with ODK Central's addresses and fields."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from accounts import passwords, preferences, resets, roles, web_users
from accounts.errors import authentication_failed, insufficient_rights, not_found
from accounts.projects import get_project
from accounts.schemas import (
    CurrentUserSchema,
    EmailSchema,
    NewPasswordSchema,
    NewUserSchema,
    PasswordChangeSchema,
    ResetLinkSchema,
    SuccessSchema,
    UserChangesSchema,
    UserSchema,
    shown_account,
)
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, creating, demand
from config.address import base_url
from config.api_answers import is_true, json_body
from config.api_errors import ABSENT, missing_parameter, property_not_found, unexpected_properties, value_too_long
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes

api = Blueprint("accounts_api_users", __name__, url_prefix="/v1")


@api.get("/users")
@describe(answer=UserSchema(many=True))
def list_users() -> ResponseReturnValue:
    """All web users by e-mail, or those that resemble `q`; whoever may not list them finds a whole e-mail only."""
    person = api_caller()
    wanted, wished = request.args.get("q", "").replace("\0", ""), wishes()
    with reading() as session:
        exact = web_users.account_by_email(session, wanted) if wanted else None
        if exact is not None:
            found = [exact]
        elif "user.list" not in roles.verbs_of(session, person.actor_id, roles.SITE):
            found = []
        elif wanted:
            found = web_users.find_accounts(session, wanted, wished)
        else:
            found = web_users.list_accounts(session, wished)
    return jsonify(UserSchema(many=True).dump(found))


@api.post("/users")
@creating
@describe(
    answer=UserSchema(), body=NewUserSchema(), problems=(400.2, 400.8, 400.11, 400.13, 400.21, 400.38, 400.44, 409.3)
)
def create_user() -> ResponseReturnValue:
    """A new web user without rights; without a password, ask for a link (POST …/reset-link)."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "user.create")
    if not json_body().get("displayName") and json_body().get("email") is None:
        # ODK Central makes the name from the e-mail, and misses the name first.
        raise missing_parameter("displayName")
    given = NewUserSchema().load(json_body())
    # Slow on purpose, so outside the transaction.
    password_hash = passwords.strong_hash(given["password"]) if given.get("password") else None
    with changing() as session:
        demand(session, person, "user.create")
        name = given.get("displayName") or given["email"][:64]
        actor = web_users.add_account(session, given["email"], name, by=person.actor_id)
        account = web_users.get_account(session, actor.id)
        # What the answer shows is the account as it was made.
        shown = shown_account(account)
        if password_hash is not None:
            web_users.give_first_password(session, account, password_hash, by=person.actor_id)
    return jsonify(shown)


@api.get("/users/current")
@describe(answer=UserSchema(), extended=CurrentUserSchema())
def show_current_user() -> ResponseReturnValue:
    """Whoever is calling; extended, with what they may do on the site and what they chose."""
    person = api_caller()
    with reading() as session:
        account = web_users.get_account(session, person.actor_id)
        if not wishes().extended:
            return jsonify(shown_account(account))
        more = {
            "verbs": roles.granted(session, person.actor_id),
            "preferences": preferences.preferences_of(session, person.actor_id),
        }
    return jsonify({**shown_account(account), **more})


@api.get("/users/<int:actor_id>")
@describe(answer=UserSchema())
def show_user(actor_id: int) -> ResponseReturnValue:
    """One web user: oneself, or anybody for those who may read them."""
    person = api_caller()
    with reading() as session:
        account = web_users.get_account(session, actor_id)
        if actor_id != person.actor_id:
            demand(session, person, "user.read")
        return jsonify(shown_account(account))


@api.patch("/users/<int:actor_id>")
@describe(answer=UserSchema(), body=UserChangesSchema(), problems=(400.2, 400.8, 400.11, 400.13, 409.3))
def change_user(actor_id: int) -> ResponseReturnValue:
    """Another e-mail or name."""
    person = api_caller()
    with changing() as session:
        account = web_users.get_account(session, actor_id)
        if actor_id != person.actor_id:
            demand(session, person, "user.update")
        given = UserChangesSchema().load(json_body())
        web_users.update_account(
            session, account, email=given.get("email"), name=given.get("displayName"), by=person.actor_id
        )
        shown = shown_account(account)
    return jsonify(shown)


@api.delete("/users/<int:actor_id>")
@describe(answer=SuccessSchema())
def delete_user(actor_id: int) -> ResponseReturnValue:
    """Take a person away, with their rights and sessions."""
    person = api_caller()
    with changing() as session:
        account = web_users.get_account(session, actor_id)
        demand(session, person, "user.delete")
        web_users.delete_account(session, account, by=person.actor_id)
    return jsonify(success=True)


# Passwords


@api.put("/users/<int:actor_id>/password")
@describe(answer=SuccessSchema(), body=PasswordChangeSchema(), problems=(400.11, 400.21, 400.38, 400.44))
def change_password(actor_id: int) -> ResponseReturnValue:
    """A new password for who knows the present one; every other session of that person ends."""
    person = api_caller()
    with reading() as session:
        account = web_users.get_account(session, actor_id)
        if actor_id != person.actor_id:
            demand(session, person, "user.update")
    given = json_body()
    old = given.get("old")
    if not isinstance(old, str) or not passwords.matches(old, account.user.password_hash):
        raise authentication_failed()
    password_hash = passwords.strong_hash(given.get("new", ABSENT))
    with changing() as session:
        account = web_users.get_account(session, actor_id)
        own = person.opened if actor_id == person.actor_id else None
        web_users.keep_password(session, account, password_hash, by=person.actor_id, but=own)
    return jsonify(success=True)


@api.post("/users/reset/initiate")
@describe(answer=SuccessSchema(), body=EmailSchema(), problems=(400.2, 400.11, 401.2, 403.1), public=True)
def start_reset() -> ResponseReturnValue:
    """Ask for a new password; the answer is the same whether or not the e-mail is known. `invalidate=true`, for
    administrators, makes the present password useless at once.

    This server sends no mail: an administrator hands over a link (POST …/reset-link, or `relais web-user link`)."""
    invalidate = is_true(request.args.get("invalidate"))
    person = api_caller() if invalidate else None
    given = EmailSchema().load(json_body())
    if not given["email"]:
        raise missing_parameter("email")
    if person is not None:
        _invalidate(person, given["email"])
    return jsonify(success=True)


def _invalidate(person: Person, email: str) -> None:
    with changing() as session:
        demand(session, person, "user.password.invalidate")
        account = web_users.account_by_email(session, email)
        if account is not None:
            web_users.invalidate_password(session, account, by=person.actor_id)


@api.post("/users/reset/verify")
@describe(answer=SuccessSchema(), body=NewPasswordSchema(), problems=(400.11, 400.21, 400.38, 400.44))
def finish_reset() -> ResponseReturnValue:
    """Choose a password with the token of a link as the bearer token; every session of that person ends."""
    token = _bearer()
    with reading() as session:
        account = resets.account_of_reset(session, token) if token else None
    if account is None:
        api_caller()
        raise insufficient_rights()
    password_hash = passwords.strong_hash(json_body().get("new", ABSENT))
    with changing() as session:
        # Asked again: two requests with one link must not both succeed.
        again = resets.account_of_reset(session, token)
        if again is None:
            raise authentication_failed()
        resets.use_reset(session, again, password_hash)
    return jsonify(success=True)


def _bearer() -> str:
    scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@api.post("/users/<int:actor_id>/reset-link")
@describe(answer=ResetLinkSchema())
def make_reset_link(actor_id: int) -> ResponseReturnValue:
    """A link for choosing a password, to be handed to that person; good once, for a day. Relais' own, for places without mail."""
    person = api_caller()
    with changing() as session:
        account = web_users.get_account(session, actor_id)
        demand(session, person, "user.password.invalidate")
        made = resets.make_reset(session, account, by=person.actor_id)
    return jsonify(
        ResetLinkSchema().dump({"token": made.token, "url": made.url(base_url()), "expires_at": made.expires_at})
    )


# Preferences


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


def _chooser() -> Person:
    person = api_caller()
    if person.type != "user":
        raise insufficient_rights()
    return person


@api.put("/user-preferences/site/<segment:name>")
@describe(answer=SuccessSchema(), body="application/json", problems=(400.23, 400.33))
def choose_for_site(name: str) -> ResponseReturnValue:
    """Keep a choice: {"propertyValue": any JSON}."""
    person, value = _chooser(), _chosen()
    with changing() as session:
        preferences.choose(session, person, _named(name), value)
    return jsonify(success=True)


@api.delete("/user-preferences/site/<segment:name>")
@describe(answer=SuccessSchema())
def forget_for_site(name: str) -> ResponseReturnValue:
    """Take a choice back; 404.1 when there was none."""
    person = _chooser()
    with changing() as session:
        if not preferences.forget(session, person, name):
            raise not_found()
    return jsonify(1)


@api.put("/user-preferences/project/<int:project_id>/<segment:name>")
@describe(answer=SuccessSchema(), body="application/json", problems=(400.23, 400.33))
def choose_for_project(project_id: int, name: str) -> ResponseReturnValue:
    """Keep a choice for one project: {"propertyValue": any JSON}."""
    person, value = _chooser(), _chosen()
    with changing() as session:
        get_project(session, project_id)
        preferences.choose(session, person, _named(name), value, project_id)
    return jsonify(success=True)


@api.delete("/user-preferences/project/<int:project_id>/<segment:name>")
@describe(answer=SuccessSchema())
def forget_for_project(project_id: int, name: str) -> ResponseReturnValue:
    """Take a choice for one project back; 404.1 when there was none."""
    person = _chooser()
    with changing() as session:
        get_project(session, project_id)
        if not preferences.forget(session, person, name, project_id):
            raise not_found()
    return jsonify(1)
