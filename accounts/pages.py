"""Signing in and out, one's own account, the example page of every component."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from accounts import passwords, sessions, web_users
from accounts.api import open_session
from accounts.callers import COOKIE
from accounts.errors import password_unchanged, wrong_password
from accounts.roles import SITE, verbs_of
from accounts.sessions import NewSession, Person
from accounts.signed_in import demand, drop_session, keep_session, person_or_none, require_own_form, signed_in
from config.database import reading, transaction
from config.pages import page_language, styleguide
from config.problem import Problem
from config.security import safe_path
from config.services import services
from config.typed import typed_text

pages = Blueprint("accounts_pages", __name__, template_folder="templates")

# What a person may still do before the one-time password has been replaced.
BEFORE_CHANGE = {
    "accounts_pages.show_account",
    "accounts_pages.change_password",
    "accounts_pages.sign_in",
    "accounts_pages.sign_out",
    "pages.speak",
    "pages.asset",
}


@pages.before_app_request
def change_password_first() -> ResponseReturnValue | None:
    """Whoever came with a one-time password chooses a lasting one before anything else."""
    if request.path.startswith("/v1/") or COOKIE not in request.cookies or request.endpoint in BEFORE_CHANGE:
        return None
    person = person_or_none()
    if person is None or not person.must_change:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("accounts_pages.show_account", next=wanted), 303)


@pages.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """The sign-in form; to the wanted page at once for whoever is signed in."""
    wanted = safe_path(request.args.get("next"))
    if person_or_none() is not None:
        return redirect(wanted, 303)
    return sign_in_page(wanted=wanted, left="left" in request.args)


def sign_in_page(
    status: int = 200, *, wanted: str | None = None, error: str | None = None, email: str = "", left: bool = False
) -> Response:
    """The sign-in form, in place of a page that needs it too: `wanted` None returns to the page asked for."""
    expired = request.method == "POST" and request.endpoint != "accounts_pages.sign_in"
    page = render_template("accounts/sign_in.html", wanted=wanted, error=error, email=email, left=left, expired=expired)
    return Response(page, status, mimetype="text/html")


@pages.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Open a session and go on to the wanted page."""
    wanted = safe_path(request.form.get("next"))
    if person_or_none() is not None:
        return redirect(wanted, 303)
    require_own_form()
    email = typed_text(request.form, "email", longest=320)
    try:
        made = open_session(email, request.form.get("password", ""))
    except Problem as problem:
        if problem.status not in (401, 429):
            raise
        page = sign_in_page(problem.status, wanted=wanted, error=problem.sentence(page_language()), email=email)
        page.headers.extend(problem.headers)
        return page
    answer = redirect(wanted, 303)
    keep_session(answer, made)
    return answer


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    signed_in()
    require_own_form()
    with transaction() as session:
        sessions.end(session, request.cookies[COOKIE])
    answer = redirect(url_for("accounts_pages.show_sign_in", left=1), 303)
    drop_session(answer)
    return answer


@pages.get("/account")
def show_account() -> ResponseReturnValue:
    """Who I am here, my language, my password."""
    return _account_page(signed_in())


def _account_page(person: Person, status: int = 200, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    wanted = safe_path(request.values.get("next"))
    done = request.args.get("done")
    with reading() as session:
        administers = "user.list" in verbs_of(session, person.actor_id, SITE)
    return render_template(
        "accounts/account.html", person=person, errors=errors or {}, wanted=wanted, done=done, administers=administers
    ), status


@pages.post("/account/password")
def change_password() -> ResponseReturnValue:
    """A new password; every other session of this person ends."""
    person = signed_in()
    require_own_form()
    try:
        made = _change_password(person, request.form.get("current", ""), request.form.get("password", ""))
    except Problem as problem:
        if problem.status not in (400, 401, 429):
            raise
        field = "password" if problem.status == 400 else "current"
        return _account_page(person, problem.status, {field: problem.sentence(page_language())})
    wanted = safe_path(request.form.get("next"))
    answer = redirect(wanted if person.must_change else url_for("accounts_pages.show_account", done="password"), 303)
    keep_session(answer, made)
    return answer


def _change_password(person: Person, current: str, wanted: str) -> NewSession:
    secret = services().secret
    with reading() as session:
        _, stored = web_users.stored_password(session, secret, person.email)
    # Slow checks hold no transaction. Whoever has a one-time password typed it a minute ago, and may not keep it.
    if person.must_change:
        if passwords.matches(wanted, stored):
            raise password_unchanged()
    elif not passwords.matches(current, stored):
        with transaction() as session:
            web_users.note_failure(session, secret, person.email)
        raise wrong_password()
    with transaction() as session:
        web_users.set_password(session, person.email, wanted)
        return sessions.start(session, person.actor_id)


@pages.get("/styleguide")
def show_styleguide() -> ResponseReturnValue:
    """Every component with an example, for those who run this installation."""
    person = signed_in()
    with reading() as session:
        demand(session, person, "config.read")
    return styleguide()
