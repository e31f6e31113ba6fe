"""A project sent whole: itself, the states of its forms, who has which role for each, in one go (ODK Central's PUT)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import assignments
from accounts.assignments import place_of
from accounts.models import Actor, Assignment, Project, Role
from accounts.projects import update_project
from accounts.roles import PUBLIC_LINK
from accounts.sessions import Person
from accounts.signed_in import demand
from config.api_errors import key_does_not_exist, missing_parameter, unexpected_forms_list, unexpected_value
from config.segments import as_number
from forms.models import Form
from forms.states import change_form

# Given by the system itself, so never taken back for not being named.
FORM_VIEWER = 7
EXEMPT = frozenset({FORM_VIEWER, PUBLIC_LINK})


def put_project(
    session: Session, person: Person, project: Project, itself: Mapping[str, Any], given_forms: Any
) -> None:
    """Make the project what is given: `itself` in full, and the forms when they are given, which must be all of them.

    Problem 501.2 for forms that are missing or not there, 400.2, 400.8 or 400.14 for assignments that cannot be.
    """
    update_project(session, project, itself, by=person.actor_id)
    if not isinstance(given_forms, list):
        return
    for verb in ("form.update", "assignment.create", "assignment.delete"):
        demand(session, person, verb, project.id)
    listed = _listed(session, project, given_forms)
    present = assignments.list_form_assignments(session, project.id)
    wanted = [(form, given, _wanted(session, given)) for form, given in listed]
    for form, given, roles in wanted:
        change_form(session, form, given, by=person.actor_id)
        if roles is not None:
            _take(session, person, form, roles, present)
    for form, _, roles in wanted:
        if roles is not None:
            _give(session, person, form, roles, present)


def _listed(session: Session, project: Project, given_forms: list[Any]) -> list[tuple[Form, dict[str, Any]]]:
    """Every form of the project with what is given of it; Problem 501.2 or 400.8 unless each is there once."""
    query = select(Form).where(Form.project_id == project.id, Form.deleted_at.is_(None))
    known = {form.xml_form_id: form for form in session.scalars(query.with_for_update())}
    if len(given_forms) != len(known):
        raise unexpected_forms_list()
    named = [_form_id(given) for given in given_forms]
    for number, name in enumerate(named):
        if name in named[:number]:
            raise unexpected_value("xmlFormId", name, "duplicate value")
        if name not in known:
            raise unexpected_forms_list()
    return [(known[name], given) for name, given in zip(named, given_forms, strict=True)]


def _form_id(given: Any) -> str:
    name = given.get("xmlFormId") if isinstance(given, dict) else None
    if not isinstance(name, str):
        raise unexpected_forms_list()
    return name


# (actor as given, role) of everybody who shall have a role for a form.
Wanted = list[tuple[Any, int]]
Present = Sequence[tuple[Assignment, Actor]]


def _wanted(session: Session, given: Mapping[str, Any]) -> Wanted | None:
    listed = given.get("assignments")
    return [_checked(session, each) for each in listed] if isinstance(listed, list) else None


def _take(session: Session, person: Person, form: Form, wanted: Wanted, present: Present) -> None:
    place = place_of(session, form.project_id, form.id)
    for assignment, actor in present:
        unnamed = (assignment.actor_id, assignment.role_id) not in wanted
        if assignment.form_id == form.id and assignment.role_id not in EXEMPT and unnamed:
            role = session.get_one(Role, assignment.role_id)
            assignments.revoke(session, actor, role, place, by=person.actor_id)


def _give(session: Session, person: Person, form: Form, wanted: Wanted, present: Present) -> None:
    place = place_of(session, form.project_id, form.id)
    known = {(row.actor_id, row.role_id) for row, _ in present if row.form_id == form.id}
    for given, role_id in wanted:
        if (given, role_id) in known:
            continue
        actor_id = as_number(given) if isinstance(given, str) else given
        new = session.get(Actor, actor_id) if isinstance(actor_id, int) else None
        if new is None or new.deleted_at is not None:
            raise key_does_not_exist("actorId", actor_id, "actors")
        role = session.get_one(Role, role_id)
        assignments.require_assignable(session, person.actor_id, role, place)
        assignments.grant(session, new, role, place, by=person.actor_id)


def _checked(session: Session, given: Any) -> tuple[Any, int]:
    """(actor, role) of an assignment; the role exists."""
    facts = given if isinstance(given, dict) else {}
    for name in ("actorId", "roleId"):
        if facts.get(name) is None:
            raise missing_parameter(f"assignment {name}")
    role_id = facts["roleId"]
    if not isinstance(role_id, int) or isinstance(role_id, bool) or session.get(Role, role_id) is None:
        raise key_does_not_exist("roleId", role_id, "roles")
    return facts["actorId"], role_id
