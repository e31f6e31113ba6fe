"""The server's audit log, with ODK Central's address, words and fields."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.actees import actee_of_form
from accounts.actors import names_of
from accounts.audit_log import SLICE, Entry, Wanted, entries, moment_given
from accounts.models import Actor, Project
from accounts.schemas import ActorSchema, ProjectSchema, WireMoment
from accounts.signed_in import api_caller, demand
from collector.activity import OF_FILES, named
from collector.export import spool
from collector.models import Receipt
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from config.services import services
from forms.schemas import DeletedFormSchema, FormSchema
from forms.shown import forms_by_number

api = Blueprint("collector_api_audits", __name__, url_prefix="/v1")

# A longer list goes through a file, so that no reader however slow, and no log however long, takes the server's memory.
MOST_AT_ONCE = 1000


class AuditSchema(Schema):
    """Who did what, to whom or what, when; `notes` is what they said about it."""

    actorId = fields.Integer(attribute="actor_id", allow_none=True)  # noqa: N815 - wire name
    action = fields.String()
    acteeId = fields.String(attribute="actee_id", allow_none=True)  # noqa: N815 - wire name
    details = fields.Dict(allow_none=True)
    loggedAt = WireMoment(attribute="logged_at")  # noqa: N815 - wire name
    notes = fields.String(allow_none=True)


class ExtendedAuditSchema(AuditSchema):
    """With the actor in full, and the actor, project or form it is about."""

    actor = fields.Nested(ActorSchema, allow_none=True)
    actee = fields.Dict(allow_none=True)


class AuditQuery(Schema):
    """`action`: one, or a group (user, project, form, field_key, public_link, submission, dataset, entity, config, nonverbose)."""

    action = fields.String()
    start = fields.String()
    end = fields.String()
    limit = fields.Integer()
    offset = fields.Integer()


@api.get("/audits")
@describe(
    answer=AuditSchema(many=True),
    extended=ExtendedAuditSchema(many=True),
    query=AuditQuery(),
    problems=(400.11,),
)
def list_audits() -> ResponseReturnValue:
    """Everything that happened on this server, the newest first."""
    person = api_caller()
    wished = wishes()
    with reading() as session:
        demand(session, person, "audit.read")
        found = entries(session, _wanted(), offset=wished.offset or 0, limit=wished.limit)
        shown = _shown(session, found, extended=wished.extended)
        first = list(islice(shown, MOST_AT_ONCE + 1))
        return jsonify(first) if len(first) <= MOST_AT_ONCE else _long(chain(first, shown))


def _wanted() -> Wanted:
    given = request.args
    start = moment_given(given["start"]) if given.get("start") else None
    end = moment_given(given["end"]) if given.get("end") else None
    return Wanted(given.get("action"), start, end)


def _long(shown: Iterable[dict[str, Any]]) -> Response:
    out = spool(services())
    separator = b"["
    for each in shown:
        out.write(separator + orjson.dumps(each))
        separator = b","
    out.write(b"[]" if separator == b"[" else b"]")
    size = out.tell()
    out.seek(0)
    answer = send_file(out, mimetype="application/json", etag=False, max_age=None)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.content_length = size
    return answer


def _shown(session: Session, found: Iterator[Entry], *, extended: bool) -> Iterator[dict[str, Any]]:
    schema = AuditSchema()
    while page := list(islice(found, SLICE)):
        rows: list[dict[str, Any]] = [schema.dump(entry) for entry in page]
        _name_submissions(session, page, rows)
        if extended:
            _add_names(session, page, rows)
        yield from rows


def _name_submissions(session: Session, page: list[Entry], rows: list[dict[str, Any]]) -> None:
    """Which submission, and which version of it, as ODK Central's details say; purged ones have no name any more."""
    wanted: dict[int, set[int]] = {}
    for entry in page:
        if entry.submission_id is not None:
            wanted.setdefault(entry.project_id, set()).add(_named_by(entry, entry.submission_id))
    names: dict[tuple[int, int], str] = {}
    for project_id, ids in wanted.items():
        query = select(Receipt.id, Receipt.instance_id).where(Receipt.project_id == project_id, Receipt.id.in_(ids))
        names |= {(project_id, receipt_id): name for receipt_id, name in session.execute(query)}
    for entry, row in zip(page, rows, strict=True):
        if entry.submission_id is not None and entry.action.startswith("submission."):
            name = names.get((entry.project_id, _named_by(entry, entry.submission_id)))
            row["details"] = named(entry.action, entry.submission_id, name, entry.receipt_id) | (entry.details or {})
        elif entry.action == "form.submission.export":
            # Central says nothing more of it; what was in it is told by our own export.finish.
            row["details"] = None


def _named_by(entry: Entry, submission_id: int) -> int:
    """The receipt that bears the name: a submission's first has its number."""
    return submission_id if entry.action == OF_FILES else entry.receipt_id or submission_id


def _add_names(session: Session, page: list[Entry], rows: list[dict[str, Any]]) -> None:
    actors = names_of(session, {entry.actor_id for entry in page if entry.actor_id is not None})
    actees = _actees(session, page)
    for entry, row in zip(page, rows, strict=True):
        actor = actors.get(entry.actor_id or 0)
        row["actor"] = None if actor is None else ActorSchema().dump(actor)
        row["actee"] = actees.get(entry.actee_id or "")


def _actees(session: Session, page: list[Entry]) -> dict[str, Any]:
    """What the entries are about, by actee id: actors, projects, forms; gone ones too."""
    ids = {entry.actee_id for entry in page if entry.actee_id is not None}
    found: dict[str, Any] = {}
    for actor in session.scalars(select(Actor).where(Actor.uid.in_(ids))):
        found[actor.uid] = ActorSchema().dump(actor)
    for project in session.scalars(select(Project).where(Project.uid.in_(ids))):
        found[project.uid] = ProjectSchema().dump(project)
    of_project: dict[int, set[int]] = {}
    for entry in page:
        if entry.form_id:
            of_project.setdefault(entry.project_id, set()).add(entry.form_id)
    query = select(Project.id, Project.uid).where(Project.id.in_(of_project))
    uids = {row[0]: row[1] for row in session.execute(query)}
    for project_id, form_ids in of_project.items():
        for form_id, form in forms_by_number(session, project_id, form_ids).items():
            schema = DeletedFormSchema() if form.deleted_at else FormSchema()
            found[actee_of_form(uids[project_id], form_id)] = schema.dump(form)
    return found
