"""What every page shares: its language, its words for numbers and time, its style, its safety, its calm when it fails.

`init_pages(app)` puts all of it on a Flask app. Templates then know `_`, `ngettext`, the macros in `templates/macros`,
and the functions and filters listed at the end of this file.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import Babel, get_locale
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context
from werkzeug.wrappers import Response as AnyResponse

from config import charts, formats
from config.assets import Asset, read_assets
from config.clock import now
from config.errors import BY_STATUS, not_understood, page_not_found, unexpected
from config.language import COOKIE, COOKIE_SECONDS, SourceDomain, choose_language
from config.problem import LANGUAGES, Problem
from config.security import host_of, safe_path, security_headers

SMALLEST_COMPRESSED = 1_000

pages = Blueprint("pages", __name__, template_folder="templates")


@dataclass(frozen=True)
class Account:
    """Whoever is signed in, as the header shows it: a name, the page of the account, the address to sign out (POST)."""

    name: str
    href: str
    sign_out: str


@dataclass(frozen=True)
class PageSettings:
    """What the app tells the pages; `zone` None is the machine's own."""

    language: str
    zone: tzinfo | None
    csrf_token: Callable[[], str]
    account: Callable[[], Account | None]
    assets: dict[str, Asset]


def init_pages(
    app: Flask,
    *,
    language: str = "fr",
    zone: tzinfo | None = None,
    csrf_token: Callable[[], str] = lambda: "",
    account: Callable[[], Account | None] = lambda: None,
) -> None:
    """Register on `app` the language, the style, the headers and the words that every page uses.

    `csrf_token` gives the token of the session of this request (empty: no session, no field in forms); `account` gives
    who is signed in, and may ask the database: pages of status 500 and above never call it.
    """
    app.extensions["relais_pages"] = PageSettings(language, zone, csrf_token, account, read_assets())
    babel = Babel(app, default_locale=language, locale_selector=page_language)
    babel.domain_instance = SourceDomain()
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(FUNCTIONS)
    environment.filters.update(FILTERS)
    app.register_blueprint(pages)
    app.after_request(finish)


def page_language() -> str:
    """`fr` or `en`: the reader's choice, the browser's, the installation's, in this order."""
    return choose_language(request.cookies.get(COOKIE), request.headers.get("Accept-Language"), _settings().language)


def remember_language(response: AnyResponse, language: str) -> None:
    """Keep `language` as this browser's choice; sign-in calls it with what the account prefers."""
    response.set_cookie(COOKIE, language, COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax")


@pages.post("/language")
def speak() -> AnyResponse:
    """The FR/EN switch: remember the choice and return to the page it was made on."""
    response = redirect(safe_path(request.form.get("next")), 303)
    if request.form.get("language") in LANGUAGES:
        remember_language(response, request.form["language"])
    return response


@pages.get("/assets/<digest>/<path:name>")
def asset(digest: str, name: str) -> AnyResponse:
    """One file of config/static."""
    found = _settings().assets.get(name)
    return problem_page(page_not_found()) if found is None else found.answer(request, digest)


def styleguide() -> str:
    """Every macro with an example; the app decides who may see it."""
    ages = {"minutes": 12, "hours": 5 * 60, "yesterday": 26 * 60, "days": 4 * 24 * 60}
    moments = {name: now() - timedelta(minutes=age) for name, age in ages.items()}
    return render_template("styleguide.html", moments=moments)


def problem_page(problem: Problem, reference: str = "") -> Response:
    """`problem` as a page: what happened, what to do, and a short reference to quote (`R-409.1 · 7F3A`)."""
    bare = problem.status >= 500
    again = request.full_path.rstrip("?") if request.method == "GET" and bare else ""
    page = render_template("errors/problem.html", problem=problem, reference=reference, bare=bare, again=again)
    response = make_response(page, problem.status)
    response.headers.extend(problem.headers)
    return response


def problem_of(status: int) -> Problem:
    """The problem that says what an HTTP status means here; for errors Flask raises before any view of ours runs."""
    if status in BY_STATUS:
        return BY_STATUS[status]()
    return not_understood(status) if status < 500 else unexpected()


def finish(response: Response) -> Response:
    """Headers on every answer; pages also say their language, are never shared, and travel compressed."""
    for name, value in security_headers(request.is_secure).items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers.setdefault("Content-Language", page_language())
        response.vary.update(["Accept-Encoding", "Accept-Language", "Cookie"])
        _compress(response)
    return response


def _compress(response: Response) -> None:
    # Cookies are SameSite=Lax and CSRF tokens salted, so the length of a page tells another site nothing about either.
    if response.is_streamed or response.direct_passthrough or "Content-Encoding" in response.headers:
        return
    if request.accept_encodings.quality("gzip") > 0 and len(response.get_data()) >= SMALLEST_COMPRESSED:
        response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"


def _settings() -> PageSettings:
    settings: PageSettings = current_app.extensions["relais_pages"]
    return settings


def _language() -> str:
    locale = get_locale()
    return _settings().language if locale is None else str(locale.language)


def _asset_url(name: str) -> str:
    return url_for("pages.asset", digest=_settings().assets[name].digest, name=name)


def _return_path() -> str:
    """Where the language switch comes back to: this page, or for an answer to a form the page the form was on."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    before = request.referrer or ""
    return safe_path(urlsplit(before).path) if host_of(before) == request.host else "/"


def _spoken(function: Callable[..., str], in_zone: bool = False) -> Callable[..., str]:
    """`function` as a filter in the language (and time zone) of the request."""

    # Asking for the context stops Jinja from rendering a constant once for all, in whichever language came first.
    @pass_context
    def spoken(_context: Context, *values: Any) -> str:
        return function(*values, _language(), _settings().zone) if in_zone else function(*values, _language())

    return spoken


def _relative(moment: datetime, language: str, zone: tzinfo | None) -> str:
    return formats.relative(moment, now(), language, zone)


FUNCTIONS: dict[str, Any] = {
    "language": _language,
    "other_language": lambda: next(name for name in LANGUAGES if name != _language()),
    "return_path": _return_path,
    "asset": _asset_url,
    "account": lambda: _settings().account(),
    "csrf_token": lambda: _settings().csrf_token(),
    "line_points": charts.line_points,
    "bar_length": charts.bar_length,
}

FILTERS: dict[str, Any] = {
    "number": _spoken(formats.number),
    "percent_of": _spoken(formats.percent),
    "size": _spoken(formats.size),
    "duration": _spoken(formats.duration),
    "enumeration": _spoken(formats.enumeration),
    "day": _spoken(formats.day, in_zone=True),
    "exact": _spoken(formats.exact, in_zone=True),
    "relative": _spoken(_relative, in_zone=True),
    "unbroken": formats.unbroken,
    "iso": lambda moment: moment.isoformat(timespec="seconds"),
}
