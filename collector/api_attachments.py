"""The files of submissions over REST, with ODK Central's addresses: listed, read (also in ranges), added, taken away."""

from pathlib import PurePosixPath

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from accounts.errors import insufficient_rights, not_found
from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing
from collector.api_submissions import leave
from collector.arrival import LONGEST_FILE_NAME, StoredFile
from collector.attachments import (
    SHOWN,
    TYPES,
    UNKNOWN_TYPE,
    Attachment,
    attachment,
    attachments_of,
    clear_attachment,
    is_hidden,
    put_attachment,
)
from collector.errors import body_too_large, no_space, unusable_file_name
from collector.file_answers import POLICY
from collector.form_access import FORM, FormAccess, both, form_access
from collector.models import Submission
from collector.rest_errors import answers_hidden
from collector.schemas import AttachmentSchema, NotesHeader
from collector.submission_rows import VersionPlace, version_place
from collector.upload_part import GatheredPart, Part, delete
from config.api_answers import content_disposition
from config.database import reading
from config.description import describe
from config.reader_wishes import tagged
from config.services import services

api = Blueprint("attachments_api", __name__, url_prefix=FORM)

PIECE = 64 * 1024
TYPE_LIMIT = 255
ONE = "/submissions/<segment:instance_id>/attachments"
VERSION = "/submissions/<segment:root_id>/versions/<segment:instance_id>/attachments"
NAME = "/<segment:name>"


@both(api, ONE)
@describe(answer=AttachmentSchema(many=True), problems=[404.1])
def list_attachments(project_id: int, xml_form_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """The files that the current version of a submission names, and whether they are here."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        place = _current(session, access, instance_id)
        return _listed(session, project_id, place)


def _current(session: Session, access: FormAccess, instance_id: str) -> VersionPlace:
    place = version_place(session, access.selection, instance_id)
    if place is None:
        leave(session, access, instance_id)
        raise not_found()
    return place


def _listed(session: Session, project_id: int, place: VersionPlace) -> ResponseReturnValue:
    return [{"name": name, "exists": here} for name, here in attachments_of(session, project_id, place)]


@both(api, ONE + NAME)
@describe(answer="*/*", problems=[403.1, 404.1])
def show_attachment(project_id: int, xml_form_id: str, instance_id: str, name: str, draft: bool) -> ResponseReturnValue:
    """One file of the current version."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        place = _current(session, access, instance_id)
        found = _readable(session, access, place, name)
    return _file(found)


def _readable(session: Session, access: FormAccess, place: VersionPlace, name: str) -> Attachment:
    found = attachment(session, access.project_id, place, name)
    if is_hidden(session, access.project_id, place, name, access.hidden):
        raise answers_hidden()
    return found


def _file(found: Attachment) -> Response:
    """The bytes, as a whole or in ranges. What the phone said of their type is repeated, never believed."""
    file = services().storage.open(found.sha256)
    answer = send_file(file, mimetype=found.content_type, etag=False, conditional=False, max_age=None)
    answer.content_length = found.size
    if not found.content_type.startswith("text/"):
        # Without the charset that would be added to XML: only the sender knows it.
        answer.headers["Content-Type"] = found.content_type
    answer.headers["Cache-Control"] = "private, no-cache"
    kind = "inline" if found.content_type in SHOWN else "attachment"
    answer.headers["Content-Disposition"] = content_disposition(found.name, kind)
    answer.headers["Content-Security-Policy"] = POLICY
    tagged(answer, found.md5)
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=found.size)
    except HTTPException:
        file.close()
        raise
    return answer


@both(api, ONE + NAME, "POST")
@describe(
    answer=SuccessSchema(), body="application/octet-stream", headers=NotesHeader(), problems=[400.6, 404.1, 413.2]
)
def upload_attachment(
    project_id: int, xml_form_id: str, instance_id: str, name: str, draft: bool
) -> ResponseReturnValue:
    """Add the bytes of a file that the current version names. Senders without more rights: what is missing of their own."""
    person = api_caller()
    with reading() as session:
        # Before the body is stored; asked again when its row is written.
        place = _open_to(
            session,
            form_access(session, person, "submission.create", project_id, xml_form_id, draft),
            instance_id,
            name,
        )
    part = _sent_file(name)
    try:
        services().storage.put(part.sha256, part.path or part.content or b"")
    finally:
        delete([part.path])
    file = StoredFile(name, part.content_type, part.sha256, part.md5.hex(), part.size)
    with changing() as session:
        access = form_access(session, person, "submission.create", project_id, xml_form_id, draft)
        place = _open_to(session, access, instance_id, name)
        put_attachment(session, project_id, access.form.id, place, file, by=person.actor_id)
    return {"success": True}


def _open_to(session: Session, access: FormAccess, instance_id: str, name: str) -> VersionPlace:
    """Where the file belongs; Problem 404.1, or 403.1 for a sender who may only complete what it sent itself."""
    place = version_place(session, access.selection, instance_id)
    if place is None or name not in place.expected:
        raise not_found()
    if "submission.update" not in access.verbs:
        submission = session.get_one(Submission, (access.project_id, place.submission_id))
        missing = (name, False) in attachments_of(session, access.project_id, place)
        if submission.submitter_id != access.person.actor_id or submission.versions > 1 or not missing:
            raise insufficient_rights()
    return place


def _sent_file(name: str) -> Part:
    settings = services().settings
    if len(name) > LONGEST_FILE_NAME:
        raise unusable_file_name()
    if services().storage.free() < settings.reserve_bytes + (request.content_length or 0):
        raise no_space()
    gathered = GatheredPart(settings.max_file_bytes, settings.temporary)
    try:
        while piece := request.stream.read(PIECE):
            if not gathered.add(piece):
                raise body_too_large(settings.max_file_bytes)
    except BaseException:
        gathered.discard()
        raise
    content_type = request.headers.get("Content-Type") or TYPES.get(PurePosixPath(name).suffix.lower(), UNKNOWN_TYPE)
    return gathered.part(name, content_type.replace("\0", "")[:TYPE_LIMIT])


@both(api, ONE + NAME, "DELETE")
@describe(answer=SuccessSchema(), headers=NotesHeader(), problems=[400.6, 404.1])
def clear(project_id: int, xml_form_id: str, instance_id: str, name: str, draft: bool) -> ResponseReturnValue:
    """Take a file away from the current version; the version still names it."""
    person = api_caller()
    with changing() as session:
        access = form_access(session, person, "submission.update", project_id, xml_form_id, draft)
        place = version_place(session, access.selection, instance_id)
        if place is None:
            raise not_found()
        clear_attachment(session, project_id, access.form.id, place, name, by=person.actor_id)
    return {"success": True}


def _version(session: Session, access: FormAccess, root_id: str, instance_id: str) -> VersionPlace:
    place = version_place(session, access.selection, root_id, instance_id)
    if place is None:
        raise not_found()
    return place


@both(api, VERSION)
@describe(answer=AttachmentSchema(many=True), problems=[404.1])
def list_version_attachments(
    project_id: int, xml_form_id: str, root_id: str, instance_id: str, draft: bool
) -> ResponseReturnValue:
    """The files that one version of a submission names."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        return _listed(session, project_id, _version(session, access, root_id, instance_id))


@both(api, VERSION + NAME)
@describe(answer="*/*", problems=[403.1, 404.1])
def show_version_attachment(
    project_id: int, xml_form_id: str, root_id: str, instance_id: str, name: str, draft: bool
) -> ResponseReturnValue:
    """One file of one version."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        found = _readable(session, access, _version(session, access, root_id, instance_id), name)
    return _file(found)


@both(api, VERSION + NAME, "DELETE")
@describe(answer=SuccessSchema(), headers=NotesHeader(), problems=[400.6, 404.1])
def clear_version_attachment(
    project_id: int, xml_form_id: str, root_id: str, instance_id: str, name: str, draft: bool
) -> ResponseReturnValue:
    """Take a file away from one version."""
    person = api_caller()
    with changing() as session:
        access = form_access(session, person, "submission.update", project_id, xml_form_id, draft)
        place = _version(session, access, root_id, instance_id)
        clear_attachment(session, project_id, access.form.id, place, name, by=person.actor_id)
    return {"success": True}
