"""The OpenRosa endpoints: form list, manifest, forms, form attachments, submissions. What phones need: docs/collect-contract.md."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from accounts.errors import authentication_failed, insufficient_rights, not_found
from accounts.roles import verbs_of
from collector.openrosa_xml import CONTENT_TYPE, ListEntry, MediaEntry, draft_address, form_list, manifest, path_segment
from collector.phone_access import (
    DEFAULT_PROJECT,
    SUBMIT,
    Access,
    access,
    challenge,
    draft_access,
    own_draft_access,
)
from collector.receiving import Posted, program_of, receive_posted, regrets, thanks
from config.address import base_url
from config.api_errors import ABSENT, invalid_header
from config.database import reading
from config.description import describe
from config.problem import Problem
from config.services import services
from forms import queries
from forms.attached import attached_file
from forms.downloads import send_attachment, send_xform
from forms.shown import DRAFT as DRAFT_VERSION
from forms.shown import ShownForm, form_shown, reading_verb

openrosa = Blueprint("openrosa", __name__)

# Where the same conversation is held. In a key URL the token decides the project (C62, C88).
PREFIXES = ("", "/v1/projects/<int:project_id>", "/v1/key/<segment:token>/projects/<int:project_id>")
# Where people who may send to a draft do so without its test address.
OWN_DRAFT = "/v1/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"
DRAFT = "/v1/test/<segment:draft_token>/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"

_OF_FORMS = re.compile(r"/forms/([^/]+|[^/]+/draft)(\.xml|/attachments/[^/]+)/?$")
# Nothing else of the API, whatever a form, a file or a submission happens to be called.
_OF_PHONES = re.compile(
    "/v1/(?:(?:key|test)/[^/]*/)?(?:projects/[^/]*/)?(?:forms/[^/]*/(?:draft/)?)?(?:formList|submission|manifest)/*"
)
View = Callable[..., Response]
NO_RIGHT = 403.1
# Endpoints that are ODK Central's REST resources at the same time.
FOR_PROGRAMS_TOO = ("show_form_", "show_form_attachment_")


def phone_route(
    path: str, *, methods: tuple[str, ...] = ("GET",), more: tuple[str, ...] = ()
) -> Callable[[View], View]:
    """Serve a view at every place where phones look for it; never with a redirect for a slash (C72, C90)."""

    def register(view: View) -> View:
        for number, prefix in enumerate((*PREFIXES, DRAFT, *more)):
            rule = path if prefix != DRAFT else path.replace("/forms/<segment:xml_form_id>", "")
            openrosa.add_url_rule(
                prefix + rule, f"{view.__name__}_{number}", view, methods=list(methods), strict_slashes=False
            )
        return view

    return register


def require_protocol() -> None:
    """Problem 400.6 where ODK Central has these addresses and the request does not speak OpenRosa 1.0, as every phone does (C2)."""
    version = request.headers.get("X-OpenRosa-Version")
    if request.path.startswith("/v1/") and version != "1.0":
        raise invalid_header("X-OpenRosa-Version", ABSENT if version is None else version)


def _access(verb: str, where: dict[str, Any]) -> Access:
    if "draft_token" in where:
        with reading() as session:
            who = draft_access(session, where["project_id"], where["xml_form_id"], where["draft_token"])
    elif verb == SUBMIT and "xml_form_id" in where:
        who = own_draft_access(where["project_id"], where["xml_form_id"])
    else:
        who = access(verb, where.get("project_id"), where.get("token"))
    g.phone_language = who.language
    return who


def _base(where: dict[str, Any], project_id: int) -> str:
    """The address this conversation is held at, as the phone knows it."""
    if "draft_token" in where:
        return draft_address(base_url(), project_id, where["xml_form_id"], where["draft_token"])
    if "token" in where:
        return f"{base_url()}/v1/key/{where['token']}/projects/{where['project_id']}"
    return f"{base_url()}/v1/projects/{project_id}"


@phone_route("/formList")
def show_form_list(**where: Any) -> Response:
    """Every open form's current version (C1-C20); on a test address, the draft alone."""
    require_protocol()
    who = _access("open_form.read", where)
    base = _base(where, who.project_id)
    with reading() as session:
        if who.draft is not None:
            version = queries.get_version(session, who.project_id, who.draft.version_id)
            has_files = bool(queries.served_files(session, who.project_id, version.id))
            entries = [
                ListEntry(
                    who.draft.xml_form_id,
                    version.name or who.draft.xml_form_id,
                    version.version,
                    version.md5,
                    f"{base}.xml",
                    f"{base}/manifest" if has_files else None,
                )
            ]
        else:
            forms = queries.listed_forms(session, who.project_id) if who.sees_forms else []
            wanted = request.args.get("formID")
            listed = [form for form in forms if who.may_use(form.form_id) and wanted in (None, form.xml_form_id)]
            entries = [_list_entry(form, f"{base}/forms/{path_segment(form.xml_form_id)}") for form in listed]
    return _document(form_list(entries))


def _list_entry(form: queries.ListedForm, url: str) -> ListEntry:
    # A program may have made a form without a title; one entry without a name would void the whole list (C10).
    return ListEntry(
        form.xml_form_id,
        form.name or form.xml_form_id,
        form.version,
        form.md5,
        f"{url}.xml",
        f"{url}/manifest" if form.has_files else None,
    )


def _form(verb: str, where: dict[str, Any]) -> tuple[Access, ShownForm]:
    """Who asks, and the form asked for: published, or on this address's draft; a form's own people also see its draft."""
    try:
        who = _access(verb, where)
    except Problem as problem:
        if problem.code == NO_RIGHT and "token" not in where:
            # What is not there is said before who may see it, as everywhere in this API.
            with reading() as session:
                form_shown(session, where.get("project_id", DEFAULT_PROJECT), where["xml_form_id"])
        raise
    if not who.sees_forms:
        raise not_found()
    with reading() as session:
        if who.draft is not None:
            return who, form_shown(session, who.project_id, who.draft.xml_form_id, DRAFT_VERSION)
        form = form_shown(session, who.project_id, where["xml_form_id"])
        if reading_verb(form) not in verbs_of(session, who.actor_id or 0, who.project_id, form.id):
            raise insufficient_rights()
    return who, form


@phone_route("/forms/<segment:xml_form_id>/manifest")
def show_manifest(**where: Any) -> Response:
    """The files a form needs (C21-C31)."""
    require_protocol()
    who, form = _form("open_form.read", where)
    base = _base(where, who.project_id)
    url = base if who.draft else f"{base}/forms/{path_segment(form.xml_form_id)}"
    return manifest_of(form, url)


def manifest_of(form: ShownForm, url: str) -> Response:
    """The files of a version, found below `url`."""
    with reading() as session:
        files = queries.served_files(session, form.project_id, form.version_id)
    return _document(
        manifest(MediaEntry(file.name, file.md5, f"{url}/attachments/{path_segment(file.name)}") for file in files)
    )


@phone_route("/forms/<segment:xml_form_id>.xml")
@describe(answer="application/xml")
def show_form(**where: Any) -> Response:
    """The XForm: the exact bytes whose MD5 the list announced (C15, C32)."""
    _, form = _form("open_form.read", where)
    with reading() as session:
        xml = queries.get_version(session, form.project_id, form.version_id).xml
    return _finished(send_xform(xml, form.md5))


@phone_route("/forms/<segment:xml_form_id>/attachments/<segment:name>")
@describe(answer="*/*")
def show_form_attachment(name: str, **where: Any) -> Response:
    """One form attachment (C25, C26)."""
    _, form = _form("open_form.read", where)
    with reading() as session:
        file = attached_file(session, form.project_id, form.version_id, name)
    return _finished(send_attachment(file))


@phone_route("/submission", more=(OWN_DRAFT,))
def announce(**where: Any) -> Response:
    """204, and how much a phone should send at once (C39-C41); phones ask with HEAD, and GET must say the same."""
    require_protocol()
    _access(SUBMIT, where)
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return _finished(answer)


@phone_route("/submission", methods=("POST",), more=(OWN_DRAFT,))
def receive_submission(**where: Any) -> Response:
    """Receive one instance, or one batch of its files; 201 and 202 mean: committed to disk (C43-C59)."""
    require_protocol()
    try:
        who = _access(SUBMIT, where)
    except Problem as problem:
        if problem.code == NO_RIGHT and "token" not in where:
            # As ODK Central: Collect asks for another account.
            raise authentication_failed() from None
        raise
    posted = Posted(
        body=request.environ["wsgi.input"],
        content_type=request.content_type or "",
        content_length=request.content_length,
        device_id=request.args.get("deviceID"),
        user_agent=program_of(request.user_agent.string, request.headers.get("ODK-Client")),
    )
    outcome = receive_posted(services(), who, posted)
    return _finished(Response(thanks(outcome, who.language), outcome.status, content_type=CONTENT_TYPE))


def _document(body: bytes) -> Response:
    return _revalidated(Response(body, content_type=CONTENT_TYPE), hashlib.sha256(body).hexdigest()[:32])


def _revalidated(answer: Response, etag: str) -> Response:
    """Let the phone ask again and hear 304 while nothing has changed (C20)."""
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return _finished(answer)


def _finished(answer: Response) -> Response:
    answer.headers["X-OpenRosa-Version"] = "1.0"
    answer.headers["X-OpenRosa-Accept-Content-Length"] = str(services().settings.accept_content_length)
    return answer


def is_phone_path(path: str) -> bool:
    """Whether errors at this path are read by a phone (Flask finds no blueprint for an address that does not exist)."""
    if path.startswith("/projects/"):
        # A page, even of a form or file that happens to be called "manifest".
        return False
    if not path.startswith("/v1/"):
        return path.rstrip("/").rsplit("/", 1)[-1] in ("formList", "submission", "manifest")
    of_a_form = path.startswith(("/v1/key/", "/v1/test/")) and _OF_FORMS.search(path) is not None
    return of_a_form or _OF_PHONES.fullmatch(path) is not None


def problem_response(problem: Problem, language: str) -> Response:
    """A problem as a phone reads it (C47, C49): one sentence, and a short number to quote."""
    answer = Response(regrets(problem, language), problem.status, content_type=CONTENT_TYPE)
    answer.headers.extend(problem.headers)
    if problem.status == 401:
        try:
            challenge(answer, stale=bool(problem.details.get("stale")))
        except Problem as outage:
            # The challenge names the installation, which the database knows: better no answer than an empty challenge.
            return problem_response(outage, language)
    return _finished(answer)


@openrosa.errorhandler(Problem)
def show_problem(problem: Problem) -> Response:
    """Every problem of these endpoints, in the project's language; as JSON to programs where they ask as well as phones."""
    answer = problem_response(problem, phone_language())
    endpoint = (request.endpoint or "").rpartition(".")[2]
    # Phones say so with every request (C2).
    if endpoint.rstrip("0123456789") in FOR_PROGRAMS_TOO and "X-OpenRosa-Version" not in request.headers:
        answer.set_data(orjson.dumps(problem.as_json()))
        answer.content_type = "application/json; charset=utf-8"
    return answer


@openrosa.errorhandler(HTTPException)
def show_http_problem(error: HTTPException) -> Response:
    """405 and the like, as a phone reads them."""
    code = error.code or 500
    return problem_response(
        Problem(float(code), en=f"{error.name}.", fr="Cette demande n’est pas possible ici."), phone_language()
    )


def phone_language() -> str:
    """The project's, once it is known who is calling: the phone sends none (C2)."""
    language: str = g.get("phone_language", services().settings.language)
    return language
