"""Finding and deciding about many submissions over REST: beside ODK Central's API, which has no such addresses."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from accounts.signed_in import api_caller, changing, creating
from collector import review
from collector.form_access import FORM, form_access
from collector.models import REVIEW_STATES
from collector.odata.columns import filterable
from collector.odata.conditions import condition, metadata_columns
from collector.schemas import NotesHeader, SubmissionSchema, submission_json
from collector.search import Found, search
from collector.stored_submissions import Position
from collector.submission_rows import rows_with
from config.api_answers import json_body
from config.api_errors import value_too_long, wrong_type
from config.database import database, reading
from config.description import describe
from config.reader_wishes import wishes
from config.wire_fields import Body, Texts
from forms.queries import definition_of

api = Blueprint("search_api", __name__, url_prefix=FORM)

LARGEST_PAGE = 250
MOST_AT_ONCE = 500
LONGEST_WORDS = 200
# Microseconds, then the number of a submission.
_CURSOR = re.compile("([0-9]{1,16})-([0-9]{1,18})")
_START = datetime(1970, 1, 1, tzinfo=UTC)


class SearchQuery(Schema):
    """What is looked for."""

    q = fields.String(
        metadata={"description": "words, each of which some answer must hold; case and accents do not matter"}
    )
    filter = fields.String(data_key="$filter", metadata={"description": "as for OData, answers included"})
    limit = fields.Integer(metadata={"description": "at most 250; 50 when not given"})
    after = fields.String(metadata={"description": "`next` of the answer before"})


class MatchSchema(Schema):
    """An answer that holds some of the words."""

    path = fields.String()
    value = fields.String()


class FoundSchema(SubmissionSchema):
    """A submission that was found."""

    matches = fields.List(fields.Nested(MatchSchema))


class ResultsSchema(Schema):
    """What was found, newest first. Unless `next` is null, older submissions have not been looked at yet."""

    submissions = fields.List(fields.Nested(FoundSchema))
    next = fields.String(allow_none=True)
    lookedAt = fields.Integer()  # noqa: N815 - wire name


@api.get("/submissions/search")
@describe(answer=ResultsSchema(), query=SearchQuery(), problems=[400.11, 400.13, 400.18, 400.22, 501.4, 501.5])
def search_submissions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Submissions by their answers; an answer comes within a second, and says where to go on."""
    person = api_caller()
    words = request.args.get("q", "")
    if len(words) > LONGEST_WORDS:
        raise value_too_long(LONGEST_WORDS)
    limit = min(wishes().limit or 50, LARGEST_PAGE)
    with reading() as session:
        access = form_access(session, person, "submission.read.masked", project_id, xml_form_id)
        columns = metadata_columns(prefixed=False)
        if access.form.current_version_id is not None:
            definition = definition_of(session, project_id, access.form.current_version_id)
            columns = filterable(definition, definition.tables[0])
        wanted = condition(request.args.get("$filter"), columns)
        selection = replace(access.selection, where=(wanted.sql,), with_trash=wanted.with_trash)
    results = search(database().reading, selection, words, holds=wanted.holds, after=_after(), limit=limit)
    with reading() as session:
        rows = rows_with(session, selection, [each.submission.row.id for each in results.found])
    told = [
        _told(each, submission_json(rows[each.submission.row.id], names=not access.hidden))
        for each in results.found
        if each.submission.row.id in rows
    ]
    return _json({"submissions": told, "next": _cursor(results.next), "lookedAt": results.looked_at})


def _cursor(place: Position | None) -> str | None:
    return None if place is None else f"{(place[0] - _START) // timedelta(microseconds=1)}-{place[1]}"


def _after() -> Position | None:
    given = request.args.get("after")
    if given is None:
        return None
    match = _CURSOR.fullmatch(given)
    if match is None:
        raise wrong_type("cursor", field="after")
    return _START + timedelta(microseconds=int(match[1])), int(match[2])


def _told(found: Found, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "matches": [{"path": each.path, "value": each.value} for each in found.matches]}


class DecisionBody(Body):
    """What is decided about which submissions."""

    instanceIds = Texts(required=True, most=MOST_AT_ONCE, longest=255)  # noqa: N815 - wire name
    reviewState = fields.Raw(  # noqa: N815 - wire name
        required=False, allow_none=True, load_default=None, metadata={"enum": [*REVIEW_STATES, None]}
    )


class DecidedSchema(Schema):
    """What has become of it."""

    changed = fields.Integer(metadata={"description": "how many have this state now"})
    notFound = fields.List(fields.String())  # noqa: N815 - wire name


@api.post("/submissions/review")
@creating
@describe(
    answer=DecidedSchema(), body=DecisionBody(), headers=NotesHeader(), problems=[400.2, 400.6, 400.8, 400.11, 400.13]
)
def review_submissions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Decide about up to 500 submissions at once; X-Action-Notes goes with each of them."""
    person = api_caller()
    given = DecisionBody().load(json_body())
    with changing() as session:
        access = form_access(session, person, "submission.review", project_id, xml_form_id)
        wanted = list(dict.fromkeys(given["instanceIds"]))
        found = review.set_review_states(session, access.selection, wanted, given["reviewState"], by=person.actor_id)
    return _json({"changed": len(found), "notFound": [each for each in wanted if each not in found]})


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
