"""Exports of submissions, with ODK Central's addresses."""

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue

from accounts.scopes import scope_of
from accounts.signed_in import api_caller, demand
from collector import export
from collector.archive import safe_file_name
from collector.reading import Selection
from config.database import transaction
from config.services import services

api = Blueprint("collector_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms/<segment:xml_form_id>")


@api.get("/submissions.csv.zip")
def export_csv_zip(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Every table of the form, its files, its audit logs."""
    return _export(project_id, xml_form_id, "csv.zip", "application/zip")


@api.get("/submissions.csv")
def export_csv(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The root table alone."""
    return _export(project_id, xml_form_id, "csv", "text/csv; charset=utf-8")


def _export(project_id: int, xml_form_id: str, kind: str, mimetype: str) -> Response:
    person = api_caller()
    with transaction() as session:
        demand(session, person, "submission.read", project_id)
        scope = scope_of(session, person.actor_id, project_id)
        selection, version_id = export.selection_of(session, project_id, xml_form_id, scope)
        export.record_export(session, selection, person.actor_id)
    return send_export(selection, version_id, xml_form_id, kind, mimetype)


def send_export(selection: Selection, version_id: int, xml_form_id: str, kind: str, mimetype: str) -> Response:
    """The finished file; it leaves through the server's own file sender, so that a slow reader holds no thread."""
    out = export.spool(services())
    if kind == "csv":
        export.root_csv(services(), selection, version_id, out)
    else:
        attachments = request.args.get("attachments") != "false"
        export.csv_zip(services(), selection, version_id, out, attachments=attachments)
    size = out.tell()
    out.seek(0)
    name = f"{safe_file_name(xml_form_id) or 'form'}.{kind}"
    answer = send_file(out, mimetype=mimetype, as_attachment=True, download_name=name, etag=False, max_age=None)
    answer.content_length = size
    return answer
