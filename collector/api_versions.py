"""The versions of a submission over REST, with ODK Central's addresses, and what each has changed."""

from itertools import pairwise

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.signed_in import api_caller
from collector.api_submissions import xml_answer
from collector.arrival import unpacked
from collector.diffs import changes_between
from collector.form_access import FORM, FormAccess, both, form_access
from collector.models import Receipt
from collector.schemas import ExtendedVersionSchema, VersionSchema, version_json
from collector.submission_rows import actors_of, one_row, version_place, versions_of
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from forms.queries import definition_of

api = Blueprint("versions_api", __name__, url_prefix=FORM)

VERSIONS = "/submissions/<segment:root_id>/versions"


@both(api, VERSIONS)
@describe(answer=VersionSchema(many=True), extended=ExtendedVersionSchema(many=True), problems=[404.1])
def list_versions(project_id: int, xml_form_id: str, root_id: str, draft: bool) -> ResponseReturnValue:
    """Every version of a submission, the newest first."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        row = one_row(session, access.selection, root_id)
        if row is None:
            raise not_found()
        versions = versions_of(session, access.selection, row.id)
        actors = (
            actors_of(session, [each.submitter_id for each in versions], access.selection.mask)
            if wishes().extended
            else None
        )
    names = not access.hidden
    return _json([version_json(each, actors, names=names, form_version=wishes().extended) for each in versions])


@both(api, VERSIONS + "/<segment:instance_id>")
@describe(answer=VersionSchema(), extended=ExtendedVersionSchema(), problems=[404.1])
def show_version(project_id: int, xml_form_id: str, root_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """One version's metadata."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        place = version_place(session, access.selection, root_id, instance_id)
        if place is None:
            raise not_found()
        versions = versions_of(session, access.selection, place.submission_id)
        version = next(each for each in versions if each.instance_id == instance_id)
        actors = actors_of(session, [version.submitter_id], access.selection.mask) if wishes().extended else None
    return _json(version_json(version, actors, names=not access.hidden, form_version=wishes().extended))


@both(api, VERSIONS + "/<segment:instance_id>.xml")
@describe(answer="application/xml", problems=[404.1])
def show_version_xml(
    project_id: int, xml_form_id: str, root_id: str, instance_id: str, draft: bool
) -> ResponseReturnValue:
    """One version, byte for byte as received."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        access.require_raw()
        place = version_place(session, access.selection, root_id, instance_id)
        if place is None:
            raise not_found()
        return xml_answer(session, project_id, place.receipt_id)


@both(api, "/submissions/<segment:root_id>/diffs")
@describe(answer="application/json", problems=[404.1])
def show_diffs(project_id: int, xml_form_id: str, root_id: str, draft: bool) -> ResponseReturnValue:
    """What each version changed in the one before: {instanceId: [{old, new, path}]}."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        access.require_raw()
        row = one_row(session, access.selection, root_id)
        if row is None:
            raise not_found()
        versions = _documents(session, access, row.id)
        version_id = access.selection.draft_version_id or access.form.current_version_id
        if version_id is None:
            return _json({})
        definition = definition_of(session, project_id, version_id)
    pairs = pairwise(versions)
    return _json({newer: changes_between(old, new, definition) for (newer, new), (_, old) in pairs})


def _documents(session: Session, access: FormAccess, submission_id: int) -> list[tuple[str, bytes]]:
    """(instanceID, XML) of every version, the newest first."""
    query = (
        select(Receipt.instance_id, Receipt.xml)
        .where(
            Receipt.project_id == access.project_id,
            Receipt.submission_id == submission_id,
            Receipt.version_no.is_not(None),
        )
        .order_by(Receipt.version_no.desc())
    )
    return [(instance_id, unpacked(xml)) for instance_id, xml in session.execute(query)]


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
