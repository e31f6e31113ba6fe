"""The person behind this request, on pages (cookie) and on the API (bearer, Basic, cookie for reading)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts import roles
from accounts.app_users import Phone
from accounts.callers import COOKIE, Request, identify
from accounts.digest import BasicAnswer, parse_authorization
from accounts.errors import authentication_failed, insufficient_rights
from accounts.events import noting
from accounts.sessions import NewSession, Person, person_by_token
from accounts.web_users import note_failure
from config.database import reading, transaction
from config.errors import form_has_expired
from config.pages import Account
from config.problem import Problem
from config.reader_wishes import action_notes, wishes
from config.security import comes_from_elsewhere, csrf_matches, csrf_token
from config.services import services

API = "/v1/"


def raw_target() -> str:
    """Path and query as on the wire, as far as the server hands them on."""
    query = request.query_string.decode("latin-1")
    target: str = request.environ.get("REQUEST_URI") or request.path + (f"?{query}" if query else "")
    return target


def basic_allowed() -> bool:
    """Whether a Basic password may be read here: https, this machine, or a setting."""
    return request.is_secure or request.remote_addr in ("127.0.0.1", "::1") or services().settings.insecure_basic


def person_or_none() -> Person | None:
    """Who is signed in on a page, asked for once per request."""
    if "person" not in g:
        token = request.cookies.get(COOKIE)
        g.person = None
        if token:
            with reading() as session:
                g.person = person_by_token(session, token)
    person: Person | None = g.person
    return person


def signed_in() -> Person:
    """Who is signed in on a page; Problem 401.2 when nobody is (the application shows the sign-in page)."""
    person = person_or_none()
    if person is None:
        raise authentication_failed()
    return person


def api_caller() -> Person:
    """The person calling the API, or Problem 401.2; an app user's Digest has no rights here but on phone paths.

    Problem 400.11 when `limit` or `offset` is no number, whether or not the view has pages.
    """
    cookies = request.cookies if request.method in ("GET", "HEAD") else {}
    caller = caller_of_request(cookies)
    if caller is None or isinstance(caller, Phone):
        raise authentication_failed()
    wishes()
    return caller


def caller_of_request(cookies: Mapping[str, str]) -> Phone | Person | None:
    """Who is calling, None without credentials; Problem 401.2 with wrong ones, which count against an e-mail's account."""
    call = Request(request.method, raw_target(), request.environ.get("HTTP_AUTHORIZATION"), cookies, basic_allowed())
    try:
        with reading() as session:
            return identify(session, services().secret, call)
    except Problem as problem:
        answer = parse_authorization(call.authorization or "")
        # Only what was looked at: on plain http a password is not even read.
        if problem.code == 401.2 and call.basic_allowed and isinstance(answer, BasicAnswer) and "@" in answer.username:
            with transaction() as session:
                note_failure(session, services().secret, answer.username)
        raise


def demand(
    session: Session, person: Person, verb: str, project_id: int = roles.SITE, form_id: int = roles.WHOLE
) -> frozenset[str]:
    """All the person may do here (accounts.roles); Problem 404.1 without such a project, 403.1 without this right.

    With a form's number, roles given for that form alone count too. On pages strangers to a project also hear 403.1 when
    there is none: whether it exists is no business of theirs.
    """
    if not request.path.startswith(API) and verb not in roles.verbs_of(session, person.actor_id, project_id, form_id):
        raise insufficient_rights()
    return roles.demand(session, person.actor_id, verb, project_id, form_id)


@contextmanager
def changing() -> Iterator[Session]:
    """A transaction for a view of the API; its events carry the request's X-Action-Notes (Problem 400.6 when broken)."""
    note = action_notes()
    with transaction() as session, noting(session, note):
        yield session


def require_own_form() -> None:
    """For every page that writes: the form was ours, and made for this session; Problem 403.2 otherwise."""
    elsewhere = comes_from_elsewhere(
        request.method, request.host, request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    )
    person = person_or_none()
    key = person.csrf if person else ""
    if elsewhere or not csrf_matches(services().secret, key, request.form.get("csrf_token")):
        raise form_has_expired()


def page_csrf_token() -> str:
    """The token forms of this page carry."""
    person = person_or_none()
    return csrf_token(services().secret, person.csrf if person else "")


def current_account() -> Account | None:
    """Whoever is signed in, for the header of a page."""
    person = person_or_none()
    return Account(person.name, "/account", "/sign-out") if person else None


def keep_session(response: Response, made: NewSession) -> None:
    """Give the browser its session; Secure exactly when it came over https."""
    response.set_cookie(
        COOKIE, made.token, expires=made.expires_at, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )


def drop_session(response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(COOKIE, path="/")
