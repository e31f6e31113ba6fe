"""Exports, with ODK Central's addresses: `submissions.csv.zip` and `submissions.csv` of a form and of its draft."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from typing import Any

import zstandard
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from accounts.scopes import hidden_from, scope_of
from accounts.signed_in import api_caller, demand
from collector import stamps
from collector.archive import safe_file_name
from collector.deflating import Gzip
from collector.export import Plan, form_facts, plan_export, selection_of, target_of
from collector.export_request import of_central
from collector.export_run import Run, begin
from collector.exports import formats
from collector.masking import Mask
from collector.unlocking import NO_KEYS, managed_keys, opened_keys
from config.api_answers import content_disposition, json_body
from config.api_errors import wrong_type
from config.database import reading, transaction
from config.description import describe
from config.reader_wishes import is_unchanged, tagged
from config.services import services

api = Blueprint("exports_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms/<segment:xml_form_id>")

PIECE = 1 << 16
LARGEST_KEY_ID = 2**31 - 1
_KEY_ID = re.compile(r"\d{1,20}", re.ASCII)


class ExportQuery(Schema):
    """The query options of ODK Central's exports, and one of ours."""

    filter = fields.String(data_key="$filter")
    attachments = fields.Boolean()
    groupPaths = fields.Boolean()  # noqa: N815 - wire name
    splitSelectMultiples = fields.Boolean()  # noqa: N815 - wire name
    deletedFields = fields.Boolean()  # noqa: N815 - wire name
    duplicates = fields.String(metadata={"description": "`without`: confirmed duplicates of another are left out"})


PROBLEMS = (400.11, 400.12, 400.18, 400.22, 501.4, 501.5)


@api.route("/submissions.csv.zip", methods=["GET", "POST"], defaults={"draft": False})
@api.route("/draft/submissions.csv.zip", methods=["GET", "POST"], defaults={"draft": True})
@describe(answer="application/zip", query=ExportQuery(), problems=PROBLEMS)
def export_csv_zip(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """Every table of the form, its files, its audit logs. `{keyId}={passphrase}`, in the query of a GET or as form fields or
    JSON in the body of a POST, opens what was encrypted for a managed key."""
    return _central(project_id, xml_form_id, "csv.zip", draft=draft)


@api.route("/submissions.csv", methods=["GET", "POST"], defaults={"draft": False})
@api.route("/draft/submissions.csv", methods=["GET", "POST"], defaults={"draft": True})
@describe(answer="text/csv", query=ExportQuery(), problems=PROBLEMS)
def export_csv(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """The root table alone."""
    return _central(project_id, xml_form_id, "csv", draft=draft)


def _central(project_id: int, xml_form_id: str, kind: str, *, draft: bool) -> Response:
    person = api_caller()
    asked = of_central(kind, {name: values[0] for name, values in request.args.lists()})
    passphrases = _passphrases()
    with ExitStack() as stack:
        session = stack.enter_context(reading())
        form = form_facts(session, project_id, xml_form_id, draft=draft)
        verbs = demand(session, person, "submission.read.masked", project_id, form.form_id)
        keys = NO_KEYS
        if passphrases:
            sealed = managed_keys(session, project_id, passphrases)
            # To open them takes a while, and a wrong passphrase is a whole answer.
            stack.close()
            keys = opened_keys(sealed, passphrases)
            session = stack.enter_context(reading())
        scope = scope_of(session, person.actor_id, project_id)
        mask = Mask(hidden_from(scope, verbs))
        selection = selection_of(form, scope, mask)
        columns = target_of(session, form, asked).schema_sha256
        options = (selection.scope.key, mask.tag, asked.as_json(), columns, *keys.asked)
        etag = stamps.stamp(session, selection, *options)
        if is_unchanged(etag):
            return tagged(Response(status=304), etag, weak=True)
        plan = plan_export(session, services(), form, selection, asked, keys=keys)
    if draft or request.method == "HEAD":
        run = Run(services(), plan, 0, None)
    else:
        with transaction() as session:
            run = Run(services(), plan, *begin(session, plan, person.actor_id))
    answer = tagged(answer_of(run, plan), etag, weak=True)
    if keys.asked:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _passphrases() -> dict[int, str]:
    """Those of this request by the number of their key, as ODK Central takes them: from the address of a GET, from the body
    of a POST. Problem 400.11 for what is no text."""
    given: Mapping[str, Any] = request.args if request.method != "POST" else (json_body() or request.form)
    found = {}
    for name, value in given.items():
        if _KEY_ID.fullmatch(name) and int(name) <= LARGEST_KEY_ID:
            if not isinstance(value, str):
                raise wrong_type("string", field=name)
            found[int(name)] = value
    return found


def answer_of(run: Run, plan: Plan) -> Response:
    kind = formats()[plan.request.format]
    # ODK Central's names: the archive with the files is called .zip, the one without them .csv.zip.
    suffix = ".zip" if kind.archive and plan.request.attachments else kind.suffix
    name = (safe_file_name(plan.form.xml_form_id) or "form") + suffix
    answer = streamed(run.pieces(), kind.mimetype, compress=not kind.archive)
    answer.headers["Content-Disposition"] = content_disposition(name)
    return answer


def streamed(pieces: Iterator[bytes], mimetype: str, *, compress: bool) -> Response:
    """The pieces as they are made, in gzip or zstd if the reader takes it; the first is made before anything is said."""
    if request.method == "HEAD":
        return Response(content_type=mimetype)
    encoding = encoding_for_reader() if compress else ""
    pieces = encoded(pieces, encoding)
    answer = Response(chain([next(pieces, b"")], pieces), content_type=mimetype)
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    return answer


def encoding_for_reader() -> str:
    """gzip, else zstd, else nothing, as the reader says."""
    return next((name for name in ("gzip", "zstd") if request.accept_encodings.quality(name) > 0), "")


def encoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The pieces in that encoding, none too small for a packet."""
    if encoding == "gzip":
        gzip = Gzip()
        yield from _gathered(chain(map(gzip.add, pieces), _at_last(gzip)))
    elif encoding == "zstd":
        packing = zstandard.ZstdCompressor(level=1).compressobj()
        yield from _gathered(chain(map(packing.compress, pieces), _lazily(packing)))
    else:
        yield from _gathered(pieces)


def _at_last(gzip: Gzip) -> Iterator[bytes]:
    yield gzip.end()


def _lazily(packing: Any) -> Iterator[bytes]:
    yield packing.flush()


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held, size, first = [], 0, True
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PIECE or first:
            yield b"".join(held)
            held, size, first = [], 0, False
    if held:
        yield b"".join(held)
