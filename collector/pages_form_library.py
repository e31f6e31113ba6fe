"""The forms of a project as their manager keeps them: adding one, and those in the trash."""

from datetime import datetime, timedelta
from math import ceil

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from accounts.signed_in import demand, require_own_form, signed_in
from collector.project_frame import open_frame
from config.clock import now
from config.database import reading, transaction
from config.problem import Problem
from config.services import services
from forms.compiler import DEFAULT_LIMITS
from forms.drafts import create_form
from forms.errors import file_not_chosen
from forms.queries import get_form
from forms.shown import forms_shown
from forms.trash import KEPT, deleted_form, restore_form
from forms.uploads import Upload, read_file

pages = Blueprint("collector_library_pages", __name__, url_prefix="/projects/<int:project_id>")

# What is said beside the field it is about; everything else is a page of its own.
SAID_BESIDE = (400, 409, 503)


def uploaded_form() -> Upload:
    """The workbook or XForm of the form that was sent, compiled and stored; Problem with a sentence otherwise."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise file_not_chosen()
    # One byte more than is taken is enough to be refused.
    content = file.stream.read(DEFAULT_LIMITS.workbook_bytes + 1)
    return read_file(services().storage, content, file.filename)


@pages.get("/new-form")
def show_new_form(project_id: int) -> ResponseReturnValue:
    """Where a workbook is brought."""
    return _new_form_page(project_id)


def _new_form_page(project_id: int, problem: Problem | None = None) -> ResponseReturnValue:
    person = signed_in()
    known = problem.details.get("values", [None, None])[1] if problem is not None and problem.code == 409.3 else None
    with reading() as session:
        frame = open_frame(session, person, project_id, "form.create")
        living = get_form(session, project_id, known).xml_form_id if known else None
    page = render_template("collector/new_form.html", frame=frame, problem=problem, living=living)
    return page, problem.status if problem else 200


@pages.post("/new-form")
def create(project_id: int) -> ResponseReturnValue:
    """Compile the workbook; a good one becomes a form with a draft, a bad one is explained."""
    person = signed_in()
    require_own_form()
    with reading() as session:
        # Before the slow part.
        demand(session, person, "form.create", project_id)
    try:
        upload = uploaded_form()
        with transaction() as session:
            demand(session, person, "form.create", project_id)
            create_form(session, project_id, upload, by=person.actor_id, ignore_warnings=True)
    except Problem as problem:
        if problem.status not in SAID_BESIDE:
            raise
        return _new_form_page(project_id, problem)
    name = upload.definition.xml_form_id
    return redirect(
        url_for("collector_draft_pages.show_draft", project_id=project_id, xml_form_id=name, done="created"), 303
    )


@pages.get("/deleted-forms")
def show_deleted_forms(project_id: int) -> ResponseReturnValue:
    """The trash: each form with the day it goes for good."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "form.restore")
        forms = [
            (form, days_left(form.deleted_at))
            for form in forms_shown(session, project_id, frame.verbs, deleted=True)
            if form.deleted_at is not None
        ]
    return render_template(
        "collector/deleted_forms.html", frame=frame, forms=forms, kept=KEPT.days, done=request.args.get("done")
    )


def days_left(deleted_at: datetime) -> int:
    """How many days a deleted form can still be restored for."""
    return max(0, ceil((deleted_at + KEPT - now()) / timedelta(days=1)))


@pages.post("/deleted-forms/<int:form_number>/restore")
def restore(project_id: int, form_number: int) -> ResponseReturnValue:
    """Put a form back, with all that came for it."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "form.restore", project_id)
        form = deleted_form(session, project_id, form_number)
        restore_form(session, form, by=person.actor_id)
        name, published = form.xml_form_id, form.current_version_id is not None
    page = "collector_version_pages.show_versions" if published else "collector_draft_pages.show_draft"
    return redirect(url_for(page, project_id=project_id, xml_form_id=name, done="restored"), 303)
