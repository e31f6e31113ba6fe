"""Submissions over REST: listed, read, made, edited, with ODK Central's addresses and fields."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import orjson
from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.idempotency import HEADER
from accounts.models import AppUser
from accounts.scopes import EVERYTHING
from accounts.sessions import Person
from accounts.signed_in import api_caller, creating
from collector.arrival import DraftSpace, Sender, unpacked
from collector.classify import Rules
from collector.errors import no_space, submission_xml_too_large
from collector.file_answers import POLICY
from collector.form_access import FORM, FormAccess, both, form_access
from collector.list_choices import narrowed
from collector.masking import NO_MASK, Mask
from collector.models import Receipt
from collector.moved import moved_to
from collector.phone_access import draft_access
from collector.reading import Reading, Selection
from collector.receiving import program_of
from collector.schemas import (
    ExtendedSubmissionSchema,
    ListQuery,
    NotesHeader,
    SendQuery,
    SubmissionSchema,
    submission_json,
)
from collector.stamps import stamp
from collector.submission_rows import SubmissionRow, actors_of, one_row, pages_of, root_of, version_place
from collector.submitting import Submit, arrival_of, require_deprecation, require_form, submit
from config.api_answers import is_true
from config.database import database, reading
from config.description import describe
from config.reader_wishes import action_notes, is_unchanged, not_modified, tagged, wishes
from config.services import services

api = Blueprint("submissions_api", __name__, url_prefix=FORM)
# For test addresses, which need no credentials.
test_api = Blueprint("test_submissions_api", __name__)

TEXT_LIMIT = 255
# What ODK Central does not tell of a submission that has just been made.
NOT_YET = ("reviewState", "deletedAt")


@both(api, "/submissions")
@describe(
    answer=SubmissionSchema(many=True),
    extended=ExtendedSubmissionSchema(many=True),
    query=ListQuery(),
    problems=[400.8],
)
def list_submissions(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """All submissions of a form, newest first; a part of them, or those in the trash."""
    person = api_caller()
    wanted = wishes()
    with reading() as session:
        access = form_access(session, person, "submission.list", project_id, xml_form_id, draft)
        selection, choices = narrowed(access.selection, request.args)
        selection = replace(selection, in_trash=is_true(request.args.get("deleted")))
        facts = (selection.in_trash, wanted.extended, wanted.limit, wanted.offset, sorted(access.hidden), *choices)
        etag = stamp(session, selection, "list", selection.scope.key, *facts)
    if is_unchanged(etag):
        return not_modified(etag, weak=True)
    read = database().reading
    pages = pages_of(read, selection, offset=wanted.offset or 0, limit=wanted.limit)
    pieces = _written(read, pages, wanted.extended, access.selection.mask)
    return tagged(Response(pieces, content_type="application/json; charset=utf-8"), etag, weak=True)


def _written(read: Reading, pages: Iterator[list[SubmissionRow]], extended: bool, mask: Mask) -> Iterator[bytes]:
    """The JSON of a list, as it is read: what waits for a slow reader waits in a file of the server."""
    separator = b"["
    for page in pages:
        actors = None
        if extended:
            with read() as session:
                ids = [each for row in page for each in (row.submitter_id, row.current.submitter_id)]
                actors = actors_of(session, ids, mask)
        if page:
            yield separator + orjson.dumps([submission_json(row, actors, names=not mask.hidden) for row in page])[1:-1]
            separator = b","
    yield b"]" if separator == b"," else b"[]"


@both(api, "/submissions/<segment:instance_id>")
@describe(answer=SubmissionSchema(), extended=ExtendedSubmissionSchema(), problems=[404.1])
def show_submission(project_id: int, xml_form_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """One submission's metadata; the id of a later version leads to that version."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        row = one_row(session, access.selection, instance_id)
        if row is None:
            leave(session, access, instance_id)
        return one_answer(session, row, access.selection.mask, extended=wishes().extended)


def leave(session: Session, access: FormAccess, instance_id: str) -> None:
    """Go where a later version of a submission is told of; Problem 404.1 when it is one of none."""
    root_id = root_of(session, access.selection, instance_id)
    if root_id is None:
        raise not_found()
    abort(redirect(moved_to(instance_id, root_id), 301))


def one_answer(
    session: Session,
    row: SubmissionRow | None,
    mask: Mask = NO_MASK,
    *,
    extended: bool = False,
    without: Collection[str] = (),
) -> Response:
    """A submission's metadata; `without` what ODK Central leaves out where it has just been changed."""
    if row is None:
        raise not_found()
    actors = actors_of(session, (row.submitter_id, row.current.submitter_id), mask) if extended else None
    shown = submission_json(row, actors, names=not mask.hidden)
    left = {name: value for name, value in shown.items() if name not in without}
    return Response(orjson.dumps(left), mimetype="application/json")


@both(api, "/submissions/<segment:instance_id>.xml")
@describe(answer="application/xml", problems=[404.1])
def show_xml(project_id: int, xml_form_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """The current version, byte for byte as received."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        access.require_raw()
        place = version_place(session, access.selection, instance_id)
        if place is None:
            leave(session, access, instance_id)
            raise not_found()
        return xml_answer(session, project_id, place.receipt_id)


def xml_answer(session: Session, project_id: int, receipt_id: int) -> Response:
    """A receipt's XML; never as a page of ours, whatever it is."""
    receipt = session.get_one(Receipt, (project_id, receipt_id))
    answer = Response(unpacked(receipt.xml), content_type="application/xml; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    tagged(answer, receipt.xml_sha256.hex(), weak=True).make_conditional(request)
    return answer


@both(api, "/submissions", "POST")
@creating
@describe(
    answer=SubmissionSchema(),
    body="application/xml",
    query=SendQuery(),
    headers=NotesHeader(),
    problems=[400.1, 400.2, 400.8, 400.13, 404.1, 404.6, 409.2, 409.3, 409.18, 413.1],
)
def create_submission(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """A new submission from its XML; its files are added one by one afterwards."""
    person = api_caller()
    xml = _sent_xml()
    with reading() as session:
        sender = _sender(session, person)
        # What it says of itself is read before anybody looks for its form, as in ODK Central.
        arrival = arrival_of(project_id, xml, sender, key=request.headers.get(HEADER))
        access = form_access(session, person, "submission.create", project_id, xml_form_id, draft)
    if access.draft is not None:
        arrival = replace(arrival, draft=access.draft)
    submit(services(), Submit(arrival, access.form.xml_form_id, _rules(), services().secret, note=action_notes()))
    return _stored(access.selection, arrival.instance_id, without=NOT_YET)


@both(api, "/submissions/<segment:instance_id>", "PUT")
@describe(
    answer=SubmissionSchema(),
    body="application/xml",
    query=SendQuery(),
    headers=NotesHeader(),
    problems=[400.1, 400.2, 400.8, 400.13, 400.19, 404.1, 404.6, 409.2, 409.3, 409.9, 413.1],
)
def edit_submission(project_id: int, xml_form_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """The next version of a submission, from XML whose deprecatedID names the current one."""
    person = api_caller()
    xml = _sent_xml()
    with reading() as session:
        arrival = arrival_of(project_id, xml, _sender(session, person))
        require_form(arrival, xml_form_id)
        require_deprecation(arrival)
        access = form_access(session, person, "submission.create", project_id, xml_form_id, draft)
        row = one_row(session, access.selection, instance_id)
    if row is None:
        raise not_found()
    if access.draft is not None:
        arrival = replace(arrival, draft=access.draft)
    work = Submit(arrival, access.form.xml_form_id, _rules(), services().secret, row.id, action_notes())
    submit(services(), work)
    return _stored(access.selection, row.instance_id)


def _sent_xml() -> bytes:
    settings = services().settings
    if services().storage.free() < settings.reserve_bytes + (request.content_length or 0):
        raise no_space()
    if (request.content_length or 0) > settings.max_xml_bytes:
        raise submission_xml_too_large(settings.max_xml_bytes)
    return request.get_data()


def _sender(session: Session, person: Person | None) -> Sender:
    program = program_of(request.user_agent.string, request.headers.get("ODK-Client"))
    phone = session.get(AppUser, person.actor_id) if person else None
    return Sender(
        person.actor_id if person else None,
        _short(request.args.get("deviceID")),
        _short(program),
        phone is not None and phone.training,
    )


def _short(text: str | None) -> str | None:
    return (text or "").replace("\0", "")[:TEXT_LIMIT] or None


def _rules() -> Rules:
    settings = services().settings
    return Rules(settings.late, settings.conflict_limit, settings.conflict_quota)


def _stored(selection: Selection, instance_id: str, without: Collection[str] = ()) -> Response:
    """What has been stored a moment ago, whether or not it lies in the sender's scope."""
    with reading() as session:
        row = one_row(session, replace(selection, scope=EVERYTHING), instance_id)
        return one_answer(session, row, without=without)


@test_api.post("/v1/test/<segment:draft_token>/projects/<int:project_id>/forms/<segment:xml_form_id>/draft/submissions")
@describe(answer=SubmissionSchema(), body="application/xml", query=SendQuery(), problems=[404.1, 409.3], public=True)
def create_test_submission(project_id: int, xml_form_id: str, draft_token: str) -> ResponseReturnValue:
    """A submission of a draft, for whoever has its test address."""
    xml = _sent_xml()
    with reading() as session:
        arrival = arrival_of(project_id, xml, _sender(session, None))
        access = draft_access(session, project_id, xml_form_id, draft_token)
    draft: DraftSpace = access.draft  # type: ignore[assignment]  # this address always has one
    submit(services(), Submit(replace(arrival, draft=draft), draft.xml_form_id, _rules(), services().secret))
    selection = Selection(project_id, draft.form_id, EVERYTHING, draft.version_id)
    return _stored(selection, arrival.instance_id, without=NOT_YET)
