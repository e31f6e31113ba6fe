"""The person behind this request, on pages (cookie) and on the API (bearer, Basic, cookie, a token in the address)."""

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.http import http_date
from werkzeug.wrappers import Response

from accounts import roles
from accounts.app_users import Phone
from accounts.callers import API_COOKIE, COOKIE, SECURE_API_COOKIE, Request, identify
from accounts.digest import BasicAnswer, parse_authorization
from accounts.errors import authentication_failed, insufficient_rights, not_found
from accounts.events import noting
from accounts.guessing import sources
from accounts.idempotency import View, claim_key, repeatable
from accounts.key_addresses import KEY
from accounts.sessions import NewSession, Person, person_by_token
from accounts.web_users import note_failure
from config.api_answers import json_body
from config.database import reading, transaction
from config.errors import form_has_expired
from config.pages import Account
from config.problem import Problem
from config.reader_wishes import action_notes, wishes
from config.security import comes_from_elsewhere, csrf_matches, csrf_token
from config.services import services
from config.text import percent_decoded

API = "/v1/"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# What JavaScript leaves as it is in a cookie.
UNQUOTED = "!'()*-._~"


def raw_target() -> str:
    """Path and query as on the wire, as far as the server hands them on."""
    query = request.query_string.decode("latin-1")
    target: str = request.environ.get("REQUEST_URI") or request.path + (f"?{query}" if query else "")
    return target


def is_protected() -> bool:
    """Whether Basic passwords and the API's cookies may be read: https, a setting, or (as in ODK Central) a client that
    says itself that a proxy brought this over https: it has shown them already, and only its own are at stake."""
    claimed = request.headers.get("X-Forwarded-Proto") == "https"
    return request.is_secure or claimed or services().settings.insecure_basic


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
    """Whoever calls the API, or Problem 401.2; an app user's Digest has no rights here but on phone paths.

    Problem 400.11 when `limit` or `offset` is no number, whether or not the view has pages.
    """
    key = request.environ.get(KEY)
    caller = caller_of_request(request.cookies, key)
    if caller is None or isinstance(caller, Phone):
        raise authentication_failed()
    if key is None and not request.environ.get("HTTP_AUTHORIZATION"):
        _require_own_request(caller)
    wishes()
    return caller


def _require_own_request(person: Person) -> None:
    """Cookies come by themselves, so another site may be behind a request: ODK Central's proof for POST, and the browser's
    word for every other change. Problem 401.2 without them."""
    if request.method == "POST" and request.headers.get("X-Requested-With") != "XMLHttpRequest":
        body = json_body() or request.form
        given = percent_decoded(str(body.get("__csrf") or ""))
        if not given or not hmac.compare_digest(given.encode(), person.csrf.encode()):
            raise authentication_failed()
        json_body().pop("__csrf", None)
    if _is_from_elsewhere():
        raise authentication_failed()


def _is_from_elsewhere() -> bool:
    return comes_from_elsewhere(
        request.method, request.host, request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    )


def caller_of_request(cookies: Mapping[str, str], key: str | None = None) -> Phone | Person | None:
    """Who is calling, None without credentials; Problem 401 or 403.1 with wrong ones, which count against account and source."""
    call = Request(
        request.method,
        raw_target(),
        request.environ.get("HTTP_AUTHORIZATION"),
        cookies,
        is_protected(),
        key,
        sources.is_noisy(request.remote_addr or ""),
    )
    try:
        with reading() as session:
            caller = identify(session, services().secret, call)
    except Problem as problem:
        _note_failure(call, problem)
        raise
    if caller is None and any(name in cookies for name in (COOKIE, API_COOKIE, SECURE_API_COOKIE)):
        sources.refuse(request.remote_addr or "")
    return caller


def _note_failure(call: Request, problem: Problem) -> None:
    source = request.remote_addr or ""
    answer = parse_authorization(call.authorization or "")
    if call.key is not None or (call.authorization or "")[:7].lower() == "bearer ":
        sources.refuse(source)
    elif isinstance(answer, BasicAnswer) and "@" in answer.username and problem.code == 401.2:
        sources.note(source)
        with transaction() as session:
            note_failure(session, services().secret, answer.username)
    elif answer is not None and problem.code == 401.2 and not problem.details:
        # A phone's password, unless it was right and only its nonce old. Nobody guesses 16 letters: to make an account
        # wait would only let whoever knows its name shut the phone out.
        sources.refuse(source)


def demand(
    session: Session, person: Person, verb: str, project_id: int = roles.SITE, form_id: int = roles.WHOLE
) -> frozenset[str]:
    """All the person may do here (accounts.roles); Problem 404.1 without such a project, 403.1 without this right.

    With a form's number, roles given for that form alone count too. On pages strangers to a project also hear 403.1 when
    there is none: whether it exists is no business of theirs.
    """
    if project_id == roles.SITE and (request.view_args or {}).get("project_id") == roles.SITE:
        # An address that names project 0 must not be taken for the site as a whole.
        raise not_found()
    if not request.path.startswith(API) and verb not in roles.verbs_of(session, person.actor_id, project_id, form_id):
        raise insufficient_rights()
    return roles.demand(session, person.actor_id, verb, project_id, form_id)


@contextmanager
def changing() -> Iterator[Session]:
    """A transaction for a view of the API; its events carry the request's X-Action-Notes (Problem 400.6 when broken), and
    the request's Idempotency-Key is claimed with it (see `creating`)."""
    note = action_notes()
    with transaction() as session, noting(session, note):
        claim_key(session)
        yield session


def _caller_id() -> int:
    return api_caller().actor_id


# For views that make something: with an Idempotency-Key, the same request again is answered as the first was.
creating = repeatable(_caller_id)


def creating_with_token(token: Callable[[dict[str, Any]], str | None]) -> Callable[[View], View]:
    """As `creating`, for answers with a token, which `token` finds again from the rest."""
    return repeatable(_caller_id, token=token)


def require_own_form() -> None:
    """For every page that writes: the form was ours, and made for this session; Problem 403.2 otherwise."""
    person = person_or_none()
    key = person.csrf if person else ""
    if _is_from_elsewhere() or not csrf_matches(services().secret, key, request.form.get("csrf_token")):
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
    """Give the browser its session of pages; Secure exactly when it came over https."""
    response.set_cookie(
        COOKIE, made.token, expires=made.expires_at, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )


def keep_api_session(response: Response, made: NewSession) -> None:
    """The two cookies ODK Central sets: the session, which no script can read, and the proof scripts send with a POST."""
    secure, until = request.is_secure, made.expires_at
    name = SECURE_API_COOKIE if secure else API_COOKIE
    _set_cookie(response, name, made.token, until, "HttpOnly; Secure" if secure else "HttpOnly")
    _set_cookie(response, "__csrf", made.csrf, until, "Secure" if secure else "")


def drop_session(response: Response) -> None:
    """Take the session of pages away from the browser."""
    response.delete_cookie(COOKIE, path="/")


def drop_api_session(response: Response) -> None:
    """Take back what `keep_api_session` gave."""
    name = SECURE_API_COOKIE if request.is_secure else API_COOKIE
    _set_cookie(response, name, "null", BEGINNING, "HttpOnly; Secure")
    _set_cookie(response, "__csrf", "null", BEGINNING, "Secure")


def _set_cookie(response: Response, name: str, value: str, until: datetime, traits: str) -> None:
    """In the words and the order of ODK Central, which programs without a cookie jar take apart by hand."""
    parts = (
        f"{name}={quote(value, safe=UNQUOTED)}",
        "Path=/",
        f"Expires={http_date(until)}",
        traits,
        "SameSite=Strict",
    )
    response.headers.add("Set-Cookie", "; ".join(part for part in parts if part))
