"""What a form, its draft and each published version hold: XForm, workbook, fields, files. Addresses are ODK Central's."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from accounts.errors import not_found
from accounts.models import Actor
from accounts.schemas import actor_json
from accounts.signed_in import api_caller, demand
from config.api_answers import is_true
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from forms.api_draft import attachment_json
from forms.attached import attached_file, attached_to
from forms.downloads import send_attachment, send_stored, send_xform
from forms.fields import fields_shown
from forms.queries import get_version
from forms.schemas import AttachmentSchema, DatasetDiffSchema, FieldSchema, FieldsQuery, FormSchema, VersionSchema
from forms.shown import DRAFT, PUBLISHED_OR_DRAFT, demand_form, versions_shown
from forms.stored_files import stored_file
from forms.uploads import EXCEL

api = Blueprint("forms_versions_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms")
View = Callable[..., ResponseReturnValue]
# (what of a form, its address below `/forms`); an address with a version tells which.
BASES = (
    (PUBLISHED_OR_DRAFT, "/<segment:xml_form_id>"),
    (DRAFT, "/<segment:xml_form_id>/draft"),
    ("", "/<segment:xml_form_id>/versions/<segment:version>"),
)


def form_route(path: str, blueprint: Blueprint, *, published: bool = True) -> Callable[[View], View]:
    """Serve a view for the form (unless somebody else does), its draft and every published version; it is called with
    `which` of them (see forms.shown.form_shown)."""

    def register(view: View) -> View:
        for which, base in BASES if published else BASES[1:]:
            blueprint.add_url_rule(
                base + path, f"{view.__name__}_{which or 'version'}", _telling(view, which), methods=["GET"]
            )
        return view

    return register


def _telling(view: View, which: str) -> View:
    def tell(**where: Any) -> ResponseReturnValue:
        version = where.pop("version", None)
        return view(which=which if version is None else f"versions/{version}", **where)

    tell.__doc__ = view.__doc__
    tell.description = view.description  # type: ignore[attr-defined]
    return tell


@form_route(".xml", api, published=False)
@describe(answer="application/xml")
def show_xform(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The XForm, byte for byte as phones get it."""
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        xml = get_version(session, project_id, form.version_id).xml
    return send_xform(xml, form.md5)


def _show_workbook(project_id: int, xml_form_id: str, which: str, ending: str) -> ResponseReturnValue:
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        if form.workbook_sha256 is None or EXCEL.get(form.workbook_type or "") != ending:
            raise not_found()
        file = stored_file(session, project_id, form.workbook_sha256)
    name = form.xml_form_id + ending
    return send_stored(file.sha256, file.md5, file.size, name, form.workbook_type or "")


@form_route(".xlsx", api)
@describe(answer="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
def show_xlsx(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The workbook it was made from."""
    return _show_workbook(project_id, xml_form_id, which, ".xlsx")


@form_route(".xls", api)
@describe(answer="application/vnd.ms-excel")
def show_xls(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The old-style workbook it was made from."""
    return _show_workbook(project_id, xml_form_id, which, ".xls")


@form_route("/fields", api)
@describe(answer=FieldSchema(many=True), query=FieldsQuery())
def list_fields(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """Every node of the form, depth first, as exports and OData name them."""
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        fields = fields_shown(session, project_id, form.schema_id, odata=is_true(request.args.get("odata")))
    return jsonify(FieldSchema(many=True).dump(fields))


@api.get("/<segment:xml_form_id>/dataset-diff", defaults={"which": PUBLISHED_OR_DRAFT})
@api.get("/<segment:xml_form_id>/draft/dataset-diff", defaults={"which": DRAFT})
@describe(answer=DatasetDiffSchema(many=True))
def show_dataset_diff(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The entity lists that publishing this would make or change: none yet, whatever the form declares."""
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        if which != DRAFT and form.published_at is None:
            raise not_found()
        demand(session, person, "dataset.list", project_id)
    return jsonify([])


@form_route("/attachments", api)
@describe(answer=AttachmentSchema(many=True))
def list_files(project_id: int, xml_form_id: str, which: str) -> ResponseReturnValue:
    """The files the form names, and which of them are here."""
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        files = attached_to(session, project_id, form.version_id)
    return jsonify([attachment_json(file) for file in files])


@form_route("/attachments/<segment:name>", api, published=False)
@describe(answer="*/*")
def show_file(project_id: int, xml_form_id: str, which: str, name: str) -> ResponseReturnValue:
    """One of the files."""
    person = api_caller()
    with reading() as session:
        form, _ = demand_form(session, person, project_id, xml_form_id, which)
        file = attached_file(session, project_id, form.version_id, name)
    return send_attachment(file)


@api.get("/<segment:xml_form_id>/versions")
@describe(answer=FormSchema(many=True), extended=VersionSchema(many=True))
def list_versions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Every published version, newest first."""
    person = api_caller()
    extended = wishes().extended
    with reading() as session:
        form, verbs = demand_form(session, person, project_id, xml_form_id)
        versions = versions_shown(session, form)
        if not extended:
            return jsonify(FormSchema(many=True).dump(versions))
        ids = {version.published_by for version in versions}
        actors = {actor.id: actor for actor in session.scalars(select(Actor).where(Actor.id.in_(ids)))}
    schema = VersionSchema(exclude=() if "form.update" in verbs else ("publishNotes",))
    shown = [
        {**schema.dump(version), "publishedBy": actor_json(actors.get(version.published_by or 0))}
        for version in versions
    ]
    return jsonify(shown)
