"""OData of a form's submissions, with ODK Central's addresses: `…/forms/{id}.svc` and, for its draft, `…/draft.svc`."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from xml.sax.saxutils import escape

import orjson
from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.scopes import hidden_from, scope_of
from accounts.signed_in import api_caller, demand, raw_target
from collector import stamps, stored_submissions
from collector.api_exports import streamed
from collector.export_request import takes_duplicates
from collector.masking import Mask
from collector.odata import feed
from collector.odata.names import find_table
from collector.odata.options import Options, read_options, refuse_unsupported, shape_of, write_token
from collector.odata.rows import TableWriter
from collector.odata.service import edmx, service_document
from collector.odata.single import Address, read_address, single_page
from collector.reading import Selection
from config.address import base_url
from config.database import database
from config.database import reading as read
from config.description import describe
from config.problem import Problem
from config.reader_wishes import is_unchanged, tagged
from config.segments import SLASH
from forms.queries import definition_of, get_form
from forms.xform import FormDefinition

api = Blueprint("odata_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms")


class ODataQuery(Schema):
    """The query options of a table."""

    top = fields.Integer(data_key="$top")
    skip = fields.Integer(data_key="$skip")
    count = fields.Boolean(data_key="$count")
    filter = fields.String(data_key="$filter")
    orderby = fields.String(data_key="$orderby")
    expand = fields.String(data_key="$expand")
    select = fields.String(data_key="$select")
    wkt = fields.Boolean(data_key="$wkt")
    skiptoken = fields.String(data_key="$skiptoken")
    format = fields.String(data_key="$format")
    duplicates = fields.String(metadata={"description": "`without`: confirmed duplicates of another are left out"})


class ServiceDocumentSchema(Schema):
    """The list of a form's tables."""

    context = fields.String(data_key="@odata.context")
    value = fields.List(fields.Dict())


class TableSchema(Schema):
    """Rows of a table; their fields are those of the form (see `$metadata`)."""

    value = fields.List(fields.Dict())
    context = fields.String(data_key="@odata.context")
    next_link = fields.String(data_key="@odata.nextLink")
    count = fields.Integer(data_key="@odata.count")


@api.get("/<segment:xml_form_id>.svc", defaults={"draft": False})
@api.get("/<segment:xml_form_id>/draft.svc", defaults={"draft": True})
@describe(answer=ServiceDocumentSchema(), problems=(406.1, 501.1))
def show_service(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """The tables of a form: its submissions and one for each repeat."""
    _refuse_unsupported("json")
    _, definition = _open(project_id, xml_form_id, draft)
    answer = jsonify(service_document(definition, _address()))
    answer.headers["Content-Type"] = "application/json; charset=utf-8; odata.metadata=minimal"
    return _odata(answer)


@api.get("/<segment:xml_form_id>.svc/$metadata", defaults={"draft": False})
@api.get("/<segment:xml_form_id>/draft.svc/$metadata", defaults={"draft": True})
@describe(answer="application/xml", problems=(406.1, 501.1))
def show_metadata(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """The tables and their columns, as EDMX."""
    try:
        _refuse_unsupported("xml")
        _, definition = _open(project_id, xml_form_id, draft)
    except Problem as problem:
        return _xml_problem(problem)
    answer = Response(edmx(definition), content_type="application/xml; charset=utf-8")
    answer.add_etag(weak=True)
    answer.make_conditional(request)
    return _odata(answer)


@api.get("/<segment:xml_form_id>.svc/<path:resource>", defaults={"draft": False})
@api.get("/<segment:xml_form_id>/draft.svc/<path:resource>", defaults={"draft": True})
@describe(
    answer=TableSchema(),
    query=ODataQuery(),
    problems=(400.8, 400.11, 400.18, 400.22, 400.23, 400.24, 400.34, 400.35, 406.1, 501.1, 501.4, 501.5, 501.6, 501.11),
)
def show_table(project_id: int, xml_form_id: str, resource: str, draft: bool) -> ResponseReturnValue:
    """Rows of a table, of one submission, or of a repeat inside it."""
    _refuse_unsupported("json")
    selection, definition = _open(project_id, xml_form_id, draft)
    options = read_options(_query())
    parts = [part.replace(SLASH, "/") for part in resource.split("/")]
    address = read_address(parts)
    if address is not None:
        return _single(selection, definition, address, options)
    return _table(replace(selection, counted=not takes_duplicates(_query())), definition, parts[0], options)


def _table(selection: Selection, definition: FormDefinition, name: str, options: Options) -> Response:
    if options.top == 0 and not options.count and feed.is_root(name):
        return _json(iter([feed.nothing(name, None, _addresses())]))
    asked = feed.ask(definition, name, selection, options)
    with read() as session:
        if options.top == 0 and feed.is_root(name) and asked.condition.holds is None:
            return _json(iter([feed.nothing(name, stored_submissions.count(session, asked.selection), _addresses())]))
        etag = stamps.stamp(
            session,
            selection,
            selection.scope.key,
            selection.mask.tag,
            definition.schema_sha256,
            raw_target(),
            base_url(),
        )
    if is_unchanged(etag):
        return _odata(tagged(Response(status=304), etag, weak=True))
    rows = feed.as_json(feed.page_of(database().reading, asked), name, _addresses())
    return tagged(_json(rows), etag, weak=True)


def _single(selection: Selection, definition: FormDefinition, address: Address, options: Options) -> Response:
    table = find_table(definition, address.table)
    if table is None:
        raise not_found()
    writer = TableWriter(definition, table, shape_of(definition, table, options))
    with read() as session:
        submission = _find(session, selection, address.instance_id)
    page = single_page(submission, writer, address, options)
    return _json(feed.as_json(page, address.table, _addresses()))


def _find(session: Session, selection: Selection, instance_id: str) -> Any:
    position = stored_submissions.position_of(session, selection, selection.named(instance_id))
    found = stored_submissions.read(session, selection, [position[1]]) if position else []
    if not found:
        raise not_found()
    return found[0]


def _open(project_id: int, xml_form_id: str, draft: bool) -> tuple[Selection, FormDefinition]:
    person = api_caller()
    g.odata_asked = True
    with read() as session:
        form = get_form(session, project_id, xml_form_id)
        verbs = demand(session, person, "submission.read.masked", project_id, form.id)
        version_id = form.draft_version_id if draft else form.current_version_id
        if version_id is None:
            raise not_found()
        definition = definition_of(session, project_id, version_id)
        scope = scope_of(session, person.actor_id, project_id)
        mask = Mask(hidden_from(scope, verbs))
    return Selection(project_id, form.id, scope, version_id if draft else 0, mask=mask), definition


def _refuse_unsupported(answers_in: str) -> None:
    refuse_unsupported(_query(), request.headers.get("Accept", ""), answers_in=answers_in)
    try:
        version = float(request.headers.get("OData-MaxVersion", "4"))
    except ValueError:
        version = 4.0
    if version < 4:
        raise not_found()


def _query() -> dict[str, str]:
    """The first value of each, also of those that are empty."""
    return {name: values[0] for name, values in request.args.lists()}


def _address() -> str:
    """The absolute address of the service, as the client wrote it."""
    path = raw_target().partition("?")[0]
    return base_url() + path[: path.index(".svc") + 4]


def _addresses() -> feed.Addresses:
    """Read from the request now: the rows may still be on their way when it is over."""
    base, (path, _, query) = base_url(), raw_target().partition("?")
    given = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "$skip"]

    def next_page(token: dict[str, Any]) -> str:
        made = write_token(token)
        pairs = [(name, made if name == "$skiptoken" else value) for name, value in given]
        if "$skiptoken" not in dict(given):
            pairs.append(("$skiptoken", made))
        return f"{base}{path}?" + "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)

    return feed.Addresses(f"{_address()}/$metadata", next_page)


def _encoded(text: str) -> str:
    """As browsers and ODK Central encode a query."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _json(pieces: Iterator[bytes]) -> Response:
    # What is wrong with the request is known by the first, also when only the head is wanted.
    first = next(pieces)
    return _odata(streamed(chain([first], pieces), "application/json; charset=utf-8", compress=True))


def _odata(answer: Response) -> Response:
    answer.headers["OData-Version"] = "4.0"
    return answer


@api.after_request
def _told(answer: Response) -> Response:
    """Problems of what was asked for say the version too, as ODK Central's; not those of how it was asked."""
    return _odata(answer) if "odata_asked" in g else answer


def _xml_problem(problem: Problem) -> Response:
    details = escape(orjson.dumps(problem.details).decode()) if problem.details else ""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<error code="{problem.code:g}">\n'
        f"  <message>{escape(problem.message)}</message>\n  <details>{details}</details>\n</error>"
    )
    answer = Response(body, problem.status, content_type="text/xml; charset=utf-8")
    answer.headers.extend(problem.headers)
    return answer
