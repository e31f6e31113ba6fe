"""One form: its submissions, its data to take away, its versions and its state."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.app_users import list_app_users
from accounts.signed_in import demand, require_own_form, signed_in
from collector import queries
from collector.models import REVIEW_STATES, Receipt
from collector.project_frame import FormFrame, ProjectFrame, open_form, open_frame
from collector.queries import Wanted
from collector.review import find_submission
from config.database import reading, transaction
from config.problem import Problem
from config.typed import typed_number, typed_text
from forms.models import FormVersion
from forms.queries import served_files
from forms.states import set_form_state

pages = Blueprint("collector_form_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>")

STATES = ("unread", "received", *REVIEW_STATES)


@pages.get("")
def show_submissions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The submissions of a form, newest first, filtered and in pages."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.list")
        form = open_form(session, frame, xml_form_id)
        wanted = wanted_of_request(frame, form)
        listed = queries.list_submissions(session, wanted, **_position())
        shown = {
            "counts": queries.count_submissions(session, wanted),
            "phones": [(actor.id, actor.display_name) for _, actor in list_app_users(session, project_id)],
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
        phone=typed_number(request.args, "phone"),
        text=typed_text(request.args, "text", longest=100),
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
    return Decided(submission.instance_id, session.scalar(query), submission.review_state, was)


@pages.get("/versions")
def show_versions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The published versions, and whether the form is open."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "form.read")
        form = open_form(session, frame, xml_form_id)
        columns = (
            FormVersion.id,
            FormVersion.version,
            FormVersion.name,
            FormVersion.published_at,
            FormVersion.warnings,
        )
        versions = session.execute(
            select(*columns)
            .where(
                FormVersion.project_id == project_id,
                FormVersion.form_id == form.id,
                FormVersion.published_at.is_not(None),
            )
            .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
        ).all()
        files = served_files(session, project_id, form.current_version_id)
    done = request.args.get("done")
    return render_template("collector/versions.html", frame=frame, form=form, versions=versions, files=files, done=done)


@pages.post("/state")
def change_state(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Open the form, let it run out, or close it."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "form.update", project_id)
        set_form_state(session, project_id, xml_form_id, request.form.get("state", ""), by=person.actor_id)
    target = url_for(".show_versions", project_id=project_id, xml_form_id=xml_form_id, done="state")
    return redirect(target, 303)
