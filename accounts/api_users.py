"""Web users and what they chose, with ODK Central's addresses and fields."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from accounts import passwords, preferences, resets, roles, web_users
from accounts.errors import authentication_failed, insufficient_rights
from accounts.letters import queue_letter
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
from accounts.signed_in import api_caller, changing, creating, demand
from config.address import base_url
from config.api_answers import is_true, json_body
from config.api_errors import ABSENT, missing_parameter
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from config.services import services

api = Blueprint("accounts_api_users", __name__, url_prefix="/v1")


@api.get("/users")
@describe(answer=UserSchema(many=True))
def list_users() -> ResponseReturnValue:
    """All web users by e-mail, or those that resemble `q`; whoever may not list them finds a whole e-mail only."""
    person = api_caller()
    wanted, wished = request.args.get("q", ""), wishes()
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
    password_hash = passwords.strong_hash(given["password"]) if given.get("password") not in (None, "") else None
    with changing() as session:
        demand(session, person, "user.create")
        name = given.get("displayName") or given["email"][:64]
        actor = web_users.add_account(session, given["email"], name, by=person.actor_id)
        account = web_users.get_account(session, actor.id)
        # What the answer shows is the account as it was made.
        shown = shown_account(account)
        if password_hash is not None:
            web_users.give_first_password(session, account, password_hash, by=person.actor_id)
        kind = "claim" if password_hash is None else "welcome"
        queue_letter(session, services().settings, kind, account.user.email, actor.id)
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
        before = account.user.email
        web_users.update_account(
            session, account, email=given.get("email"), name=given.get("displayName"), by=person.actor_id
        )
        if account.user.email != before:
            queue_letter(session, services().settings, "email", before)
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
        queue_letter(session, services().settings, "password", account.user.email)
    return jsonify(success=True)


@api.post("/users/reset/initiate")
@describe(answer=SuccessSchema(), body=EmailSchema(), problems=(400.2, 400.11, 401.2, 403.1), public=True)
def start_reset() -> ResponseReturnValue:
    """Ask for a new password by mail; the answer is the same whether or not the e-mail is known. `invalidate=true`, for
    administrators, makes the present password useless at once.

    Without a mail server an administrator hands over a link (POST …/reset-link, or `relais web-user link`)."""
    invalidate = is_true(request.args.get("invalidate"))
    person = api_caller() if invalidate else None
    email = EmailSchema().load(json_body())["email"]
    if not email:
        raise missing_parameter("email")
    with changing() as session:
        if person is not None:
            demand(session, person, "user.password.invalidate")
        account = web_users.account_by_email(session, email)
        if account is not None:
            if person is not None:
                web_users.invalidate_password(session, account, by=person.actor_id)
            queue_letter(session, services().settings, "reset", account.user.email, account.actor.id)
        elif web_users.ever_existed(session, email):
            queue_letter(session, services().settings, "gone", email.strip().lower())
    return jsonify(success=True)


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
