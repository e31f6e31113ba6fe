"""Trying a draft: the questions as a phone shows them, the code for a real phone, and what it sent."""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts import qr
from accounts.errors import not_found
from accounts.signed_in import signed_in
from collector import queries, review
from collector.copies import SheetReader
from collector.file_answers import picture_or_drawing, stored_file
from collector.history import Version, versions_of
from collector.models import Submission
from collector.openrosa_xml import draft_address
from collector.printed_codes import drawing
from collector.project_frame import FormFrame, ProjectFrame, open_form_frame
from collector.queries import Wanted
from collector.reading import Selection
from collector.shown_files import files_shown
from config.address import is_loopback, printed_url
from config.database import reading
from config.pages import page_language
from config.services import services
from config.typed import typed_number, typed_text
from forms.attachments import form_files
from forms.preview import preview
from forms.queries import get_version

pages = Blueprint(
    "collector_trial_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"
)

# What Collect shows beside the names of projects: nobody should take a trial for the mission.
ICON, COLOUR = "📝", "#a86200"


def _open_draft(
    session: Session, project_id: int, xml_form_id: str, verb: str = "form.update"
) -> tuple[ProjectFrame, FormFrame]:
    frame, form = open_form_frame(session, signed_in(), project_id, xml_form_id, verb)
    if not form.draft_version_id:
        raise not_found()
    return frame, form


@pages.get("/preview")
def show_preview(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """All questions in one of the form's languages; `?in` names it."""
    wanted = typed_text(request.args, "in", longest=100) or page_language()
    with reading() as session:
        frame, form = _open_draft(session, project_id, xml_form_id)
        draft = get_version(session, project_id, form.draft_version_id)
        files = form_files(session, services().storage, project_id, draft.id)
        shown = preview(draft.xml, wanted, page_language(), files)
    return render_template("collector/draft_preview.html", frame=frame, form=form, shown=shown)


@pages.get("/test")
def show_test(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The code that lets a phone try the draft, and what was sent with it."""
    base = printed_url()
    with reading() as session:
        frame, form = _open_draft(session, project_id, xml_form_id)
        draft = get_version(session, project_id, form.draft_version_id)
        wanted = Wanted(project_id, form.id, frame.scope, draft_version_id=draft.id)
        position = {name: typed_number(request.args, name) for name in ("before", "after")}
        listed = queries.list_submissions(session, wanted, **position) if frame.may("submission.list") else None
    address = draft_address(base, project_id, form.xml_form_id, draft.draft_token or "")
    text = qr.settings_text(address, draft.name or form.xml_form_id, icon=ICON, color=COLOUR, language=page_language())
    labels = {"fr": "Code QR pour essayer le brouillon dans ODK Collect"}
    label = labels.get(page_language(), "QR code for trying the draft in ODK Collect")
    page = render_template(
        "collector/draft_test.html",
        frame=frame,
        form=form,
        draft=draft,
        qr=drawing(text, label),
        address=address,
        listed=listed,
        nowhere=is_loopback(base),
    )
    answer = make_response(page)
    # A key is not left in the cache of a shared laptop.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tested(
    session: Session, project_id: int, xml_form_id: str, instance_id: str
) -> tuple[ProjectFrame, FormFrame, Submission]:
    frame, form = _open_draft(session, project_id, xml_form_id)
    if not frame.may("submission.read"):
        raise not_found()
    selection = Selection(project_id, form.id, frame.scope, form.draft_version_id)
    return frame, form, review.find_submission(session, selection, instance_id)


@pages.get("/test/<segment:instance_id>")
def show_tested(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """What one trial sent."""
    with reading() as session:
        frame, form, submission = _tested(session, project_id, xml_form_id, instance_id)
        current: Version = versions_of(session, submission)[0]
        sheet = SheetReader(session, services().storage, project_id, page_language()).of_versions([current])
        files = files_shown(session, project_id, current.receipt_id, current.expected)
    return render_template(
        "collector/draft_tested.html",
        frame=frame,
        form=form,
        submission=submission,
        current=current,
        sheet=sheet.get(current.receipt_id),
        files={file.name: file for file in files},
    )


@pages.get("/test/<segment:instance_id>/files/<segment:name>")
def show_tested_file(project_id: int, xml_form_id: str, instance_id: str, name: str) -> Response:
    """One file of a trial; `?small` for the picture in a list."""
    with reading() as session:
        _, _, submission = _tested(session, project_id, xml_form_id, instance_id)
        files = files_shown(session, project_id, submission.current_receipt_id, [])
    file = next((file for file in files if file.name == name), None)
    if file is None:
        raise not_found()
    return picture_or_drawing(file) if "small" in request.args else stored_file(file)
