"""Who has a role in a project, for those who give them."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from accounts import assignments, web_users
from accounts.assignments import get_role, place_of
from accounts.role_words import GIVEN_BY_HAND, role_name
from accounts.signed_in import demand, require_own_form, signed_in
from collector.project_frame import open_frame
from config.database import reading, transaction
from config.typed import typed_number, typed_text

pages = Blueprint("collector_people_pages", __name__, url_prefix="/projects/<int:project_id>/people")


@pages.get("")
def show_people(project_id: int) -> ResponseReturnValue:
    """Everyone with a role in the project."""
    return _page(project_id)


def _page(project_id: int, error: bool = False, status: int = 200) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "assignment.list")
        rows = assignments.list_assignments(session, place_of(session, project_id))
        people = [(assignment, actor) for assignment, actor in rows if actor.type == "user"]
        systems = {assignment.role_id: get_role(session, str(assignment.role_id)).system for assignment, _ in people}
    page = render_template(
        "collector/people.html",
        frame=frame,
        people=people,
        systems=systems,
        roles=GIVEN_BY_HAND[1:],
        role_name=role_name,
        error=error,
        typed=request.form,
    )
    return page, status


@pages.post("")
def give_role(project_id: int) -> ResponseReturnValue:
    """Give somebody who has an account a role in the project."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "assignment.create", project_id)
        account = web_users.account_by_email(session, typed_text(request.form, "email", longest=320))
        if account is not None:
            role, place = get_role(session, typed_text(request.form, "role")), place_of(session, project_id)
            assignments.require_assignable(session, person.actor_id, role, place)
            assignments.grant(session, account.actor, role, place, by=person.actor_id)
    return redirect(url_for(".show_people", project_id=project_id), 303) if account else _page(project_id, True, 404)


@pages.post("/taken")
def take_role(project_id: int) -> ResponseReturnValue:
    """Take a role in the project back."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "assignment.delete", project_id)
        account = web_users.get_account(session, typed_number(request.form, "actor") or 0)
        role = get_role(session, typed_text(request.form, "role"))
        assignments.revoke(session, account.actor, role, place_of(session, project_id), by=person.actor_id)
    return redirect(url_for(".show_people", project_id=project_id), 303)
