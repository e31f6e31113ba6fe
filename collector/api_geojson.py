"""Where submissions were made, over REST, with ODK Central's addresses."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.signed_in import api_caller
from collector.form_access import FORM, FormAccess, form_access
from collector.geojson import collection, features
from collector.list_choices import narrowed
from collector.odata.conditions import condition, metadata_columns
from collector.rest_errors import too_many_places
from collector.schemas import ChoiceQuery
from collector.stamps import stamp
from collector.stored_submissions import answers_of, walk
from collector.submission_rows import VersionPlace, version_place
from config.database import database, reading
from config.description import describe
from config.reader_wishes import is_unchanged, not_modified, tagged, wishes
from forms.queries import definition_of

api = Blueprint("geojson_api", __name__, url_prefix=FORM)

# The path of a question whose place is wanted.
FIELD = "fieldpath"


class GeoQuery(ChoiceQuery):
    """Which submissions, and which question's place."""

    filter = fields.String(data_key="$filter")
    limit = fields.Integer()
    fieldpath = fields.String()


class FeaturesSchema(Schema):
    """GeoJSON."""

    type = fields.Constant("FeatureCollection")
    features = fields.List(fields.Dict())


@api.get("/submissions.geojson")
@describe(answer=FeaturesSchema(), query=GeoQuery(), problems=[400.8, 400.11, 400.18, 400.41, 501.4, 501.5])
def show_places(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The places of a form's submissions."""
    person = api_caller()
    limit = wishes().limit or None
    paths = _paths()
    expression = request.args.get("$filter")
    with reading() as session:
        access = form_access(session, person, "submission.list", project_id, xml_form_id)
        if len(paths) > 1:
            raise too_many_places(paths)
        wanted = condition(expression, metadata_columns(prefixed=False))
        selection = replace(access.selection, where=(wanted.sql,), with_trash=wanted.with_trash)
        selection, choices = narrowed(selection, request.args)
        facts = (expression, limit, paths, sorted(access.hidden), *choices)
        etag = stamp(session, access.selection, "geojson", selection.scope.key, *facts)
    if is_unchanged(etag):
        return not_modified(etag, weak=True)
    left = (each for each in walk(database().reading, selection) if wanted.holds is None or wanted.holds(each))
    told = (
        feature
        for each in islice(left, limit)
        for feature in features(each.row.instance_id, each.definition, each.tables, paths, access.hidden)
    )
    return tagged(Response(collection(told), content_type="application/json; charset=utf-8"), etag, weak=True)


def _paths() -> list[str]:
    return list(dict.fromkeys(path for path in request.args.getlist(FIELD) if path))


@api.get("/submissions/<segment:instance_id>.geojson")
@describe(answer=FeaturesSchema(), query=GeoQuery(only=(FIELD,)), problems=[404.1])
def show_place(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """The place of the current version of a submission."""
    return _one(project_id, xml_form_id, instance_id, None)


@api.get("/submissions/<segment:root_id>/versions/<segment:instance_id>.geojson")
@describe(answer=FeaturesSchema(), query=GeoQuery(only=(FIELD,)), problems=[404.1])
def show_version_place(project_id: int, xml_form_id: str, root_id: str, instance_id: str) -> ResponseReturnValue:
    """The place of one version."""
    return _one(project_id, xml_form_id, root_id, instance_id)


def _one(project_id: int, xml_form_id: str, root_id: str, version_id: str | None) -> Response:
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        place = version_place(session, access.selection, root_id, version_id)
        if place is None:
            raise not_found()
        body = b"".join(collection(_of_version(session, access, place)))
    return Response(body, mimetype="application/json")


def _of_version(session: Session, access: FormAccess, place: VersionPlace) -> Iterator[dict[str, Any]]:
    definition = definition_of(session, access.project_id, place.form_version_id)
    tables = answers_of(session, access.project_id, [place.receipt_id]).get(place.receipt_id, {})
    return features(place.instance_id, definition, None if place.encrypted else tables, _paths(), access.hidden)
