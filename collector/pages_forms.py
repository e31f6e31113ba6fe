"""One form: its submissions."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.app_users import list_app_users
from accounts.signed_in import signed_in
from collector import queries
from collector.models import REVIEW_STATES, Receipt
from collector.project_frame import FormFrame, ProjectFrame, open_form, open_frame
from collector.queries import Wanted
from collector.review import find_submission
from config.database import reading
from config.problem import Problem
from config.typed import typed_number, typed_text

pages = Blueprint("collector_form_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>")

STATES = ("unread", "received", *REVIEW_STATES, queries.DUPLICATE)


@pages.get("")
def show_submissions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The submissions of a form, newest first, filtered and in pages."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.list")
        form = open_form(session, frame, xml_form_id)
        wanted = wanted_of_request(frame, form)
        listed = queries.list_submissions(session, wanted, **_position()).covered(frame.mask)
        shown = {
            "counts": queries.count_submissions(session, wanted),
            "phones": []
            if frame.mask.hides_staff
            else [(actor.id, actor.display_name) for _, actor in list_app_users(session, project_id)],
            "decided": decided_submission(session, frame, form),
        }
    return render_template("collector/submissions.html", frame=frame, form=form, wanted=wanted, listed=listed, **shown)


def _position() -> dict[str, int | None]:
    return {name: typed_number(request.args, name) for name in ("before", "after")}


def wanted_of_request(frame: ProjectFrame, form: FormFrame) -> Wanted:
    """The filters in the address; what is not understood is left out."""
    state = request.args.get("state", "")
    return Wanted(
        project_id=frame.id,
        form_id=form.id,
        scope=frame.scope,
        state=state if state in STATES else "",
        # What is hidden cannot be searched for either.
        phone=None if frame.mask.hides_staff else typed_number(request.args, "phone"),
        text="" if frame.mask.hidden else typed_text(request.args, "text", longest=100),
        training="training" in request.args,
    )


@dataclass(frozen=True)
class Decided:
    """What the notice on top says after a decision: about which submission, what it was, what it is now."""

    instance_id: str
    instance_name: str | None
    state: str | None
    was: str


def decided_submission(session: Session, frame: ProjectFrame, form: FormFrame) -> Decided | None:
    """The submission that somebody has decided about a moment ago, named in the address of the page they came to."""
    instance_id, was = typed_text(request.args, "decided"), request.args.get("was")
    if not instance_id or was not in (*REVIEW_STATES, "received"):
        return None
    try:
        submission = find_submission(session, frame.selection(form.id), instance_id)
    except Problem:
        # The page itself is good; only its notice has no subject any more.
        return None
    query = select(Receipt.instance_name).where(
        Receipt.project_id == frame.id, Receipt.id == submission.current_receipt_id
    )
    name = None if frame.mask.hidden else session.scalar(query)
    return Decided(submission.instance_id, name, submission.review_state, was)
