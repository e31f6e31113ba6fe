"""What phones have of a form: its versions with their files, whether it is open; and putting it into the trash."""

from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.models import Actor
from accounts.signed_in import demand, require_own_form, signed_in
from collector.pages_form_draft import form_to_update
from collector.project_frame import open_form_frame
from config.database import reading, transaction
from forms.attached import attached_to_all
from forms.queries import get_form
from forms.shown import NO_VERSION, form_shown, versions_shown
from forms.states import set_form_state
from forms.trash import delete_form

pages = Blueprint(
    "collector_version_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>"
)


@pages.get("/versions")
def show_versions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The published versions, and whether the form is open."""
    person = signed_in()
    with reading() as session:
        frame, form = open_form_frame(session, person, project_id, xml_form_id, "form.read")
        if not form.published:
            raise not_found()
        versions = versions_shown(session, form_shown(session, project_id, xml_form_id))
        files = attached_to_all(session, project_id, [version.version_id for version in versions])
        names = _names(session, {version.published_by for version in versions})
    return render_template(
        "collector/versions.html",
        frame=frame,
        form=form,
        versions=versions,
        files=files,
        names=names,
        unnamed=NO_VERSION,
        done=request.args.get("done"),
    )


def _names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    rows = session.execute(select(Actor.id, Actor.display_name).where(Actor.id.in_([each for each in ids if each])))
    return {row[0]: row[1] for row in rows}


@pages.post("/state")
def change_state(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Open the form, let it run out, or close it."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        form = form_to_update(session, person, project_id, xml_form_id)
        set_form_state(session, project_id, form.xml_form_id, request.form.get("state", ""), by=person.actor_id)
    return redirect(url_for(".show_versions", project_id=project_id, xml_form_id=xml_form_id, done="state"), 303)


@pages.post("/delete")
def delete(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Put the form into the trash, from where it can be restored for thirty days."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "form.delete", project_id, get_form(session, project_id, xml_form_id).id)
        delete_form(session, get_form(session, project_id, xml_form_id), by=person.actor_id)
    page = "collector_library_pages.show_deleted_forms"
    return redirect(url_for(page, project_id=project_id, done=xml_form_id), 303)
