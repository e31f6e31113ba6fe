"""What can be taken away of a form."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from accounts.scopes import mask_of, scope_of
from accounts.signed_in import signed_in
from collector import queries
from collector.api_exports import answer_of
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import of_central
from collector.export_run import Run, begin
from collector.masking import Mask
from collector.project_frame import open_form, open_frame
from collector.queries import Wanted
from config.database import reading, transaction
from config.services import services

pages = Blueprint(
    "collector_export_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/data"
)


@pages.get("")
def show_data(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What can be taken away."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.read.masked")
        form = open_form(session, frame, xml_form_id)
        total = queries.count_submissions(session, Wanted(project_id, form.id, frame.scope)).total
        repeats = [table.name for table in form.definition(session).tables[1:]]
    return render_template("collector/data.html", frame=frame, form=form, total=total, repeats=repeats)


@pages.get("/<any('csv.zip', csv):kind>")
def download(project_id: int, xml_form_id: str, kind: str) -> ResponseReturnValue:
    """The data of the form as a file, exactly as the API gives it; remembered as an export."""
    person = signed_in()
    asked = of_central(kind, request.args)
    with reading() as session:
        open_frame(session, person, project_id, "submission.read.masked")
        form = form_facts(session, project_id, xml_form_id)
        mask = Mask(mask_of(session, person, project_id, form.form_id))
        selection = selection_of(form, scope_of(session, person.actor_id, project_id), mask)
        plan = plan_export(session, services(), form, selection, asked)
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, person.actor_id))
    return answer_of(run, plan)
