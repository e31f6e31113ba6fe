"""Roles, and who was given which on the site and in a project, with ODK Central's addresses and fields.

`list_at`, `list_actors_at`, `give_at` and `take_at` answer for any place: forms have these addresses too (in forms).
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import assignments, roles
from accounts.actors import get_actor
from accounts.assignments import THE_SITE, Place, get_role, place_of
from accounts.errors import not_found
from accounts.models import Role
from accounts.schemas import ActorSchema, AssignmentSchema, ExtendedAssignmentSchema, RoleSchema, SuccessSchema
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, demand
from config.api_errors import uniqueness_violation
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from config.segments import as_number

api = Blueprint("accounts_api_roles", __name__, url_prefix="/v1")

# Where, in the transaction at work; Problem 404.1 when there is no such place.
Where = Callable[[Session], Place]


@api.get("/roles")
@describe(answer=RoleSchema(many=True))
def list_roles() -> ResponseReturnValue:
    """ODK Central's roles; extended, ours too."""
    api_caller()
    query = select(Role).order_by(Role.id)
    if not wishes().extended:
        query = query.where(Role.id < roles.OURS)
    with reading() as session:
        return jsonify(RoleSchema(many=True).dump(session.scalars(query)))


@api.get("/roles/<segment:role>")
@describe(answer=RoleSchema())
def show_role(role: str) -> ResponseReturnValue:
    """One role, by its number or system name."""
    api_caller()
    with reading() as session:
        return jsonify(RoleSchema().dump(get_role(session, role)))


@api.get("/assignments")
@describe(answer=AssignmentSchema(many=True), extended=ExtendedAssignmentSchema(many=True))
def list_site_assignments() -> ResponseReturnValue:
    """Who has which role on the site."""
    return list_at(lambda _: THE_SITE)


@api.get("/assignments/<segment:role>")
@describe(answer=ActorSchema(many=True))
def list_site_actors(role: str) -> ResponseReturnValue:
    """Who has this role on the site."""
    return list_actors_at(lambda _: THE_SITE, role)


@api.post("/assignments/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema(), problems=(409.3,))
def give_site_role(role: str, actor: str) -> ResponseReturnValue:
    """Give a role on the site."""
    return give_at(lambda _: THE_SITE, role, actor)


@api.delete("/assignments/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema())
def take_site_role(role: str, actor: str) -> ResponseReturnValue:
    """Take a role on the site back."""
    return take_at(lambda _: THE_SITE, role, actor)


@api.get("/projects/<int:project_id>/assignments")
@describe(answer=AssignmentSchema(many=True), extended=ExtendedAssignmentSchema(many=True))
def list_project_assignments(project_id: int) -> ResponseReturnValue:
    """Who has which role in the project."""
    return list_at(lambda session: place_of(session, project_id))


@api.get("/projects/<int:project_id>/assignments/<segment:role>")
@describe(answer=ActorSchema(many=True))
def list_project_actors(project_id: int, role: str) -> ResponseReturnValue:
    """Who has this role in the project."""
    return list_actors_at(lambda session: place_of(session, project_id), role)


@api.post("/projects/<int:project_id>/assignments/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema(), problems=(409.3,))
def give_project_role(project_id: int, role: str, actor: str) -> ResponseReturnValue:
    """Give a role in the project."""
    return give_at(lambda session: place_of(session, project_id), role, actor)


@api.delete("/projects/<int:project_id>/assignments/<segment:role>/<segment:actor>")
@describe(answer=SuccessSchema())
def take_project_role(project_id: int, role: str, actor: str) -> ResponseReturnValue:
    """Take a role in the project back."""
    return take_at(lambda session: place_of(session, project_id), role, actor)


# For any place


def _demand(session: Session, person: Person, verb: str, place: Place) -> None:
    demand(session, person, verb, place.project_id, place.form_id)


def shown_assignments(rows: list[Any], *, extended: bool) -> list[dict[str, Any]]:
    """Assignments on the wire; extended, with their actors."""
    if not extended:
        return AssignmentSchema(many=True).dump([assignment for assignment, _ in rows])
    return [ExtendedAssignmentSchema().dump(_with_actor(assignment, actor)) for assignment, actor in rows]


def _with_actor(assignment: Any, actor: Any) -> dict[str, Any]:
    return {"actor": actor, "role_id": assignment.role_id, "actor_id": assignment.actor_id}


def list_at(where: Where) -> ResponseReturnValue:
    """Who has which role there."""
    person = api_caller()
    with reading() as session:
        place = where(session)
        _demand(session, person, "assignment.list", place)
        rows = assignments.list_assignments(session, place)
        return jsonify(shown_assignments(rows, extended=wishes().extended))


def list_actors_at(where: Where, role: str) -> ResponseReturnValue:
    """Who has this role there."""
    person = api_caller()
    with reading() as session:
        place, wanted = where(session), get_role(session, role)
        _demand(session, person, "assignment.list", place)
        rows = assignments.list_assignments(session, place, wanted.id)
        return jsonify(ActorSchema(many=True).dump([actor for _, actor in rows]))


def give_at(where: Where, role: str, actor: str) -> ResponseReturnValue:
    """Give a role there; Problem 409.3 when it was given already."""
    person = api_caller()
    with changing() as session:
        place, wanted, whom = where(session), get_role(session, role), get_actor(session, as_number(actor))
        _demand(session, person, "assignment.create", place)
        assignments.require_assignable(session, person.actor_id, wanted, place)
        if not assignments.grant(session, whom, wanted, place, by=person.actor_id):
            values = (whom.id, wanted.id, place.actee_id)
            raise uniqueness_violation(("actorId", "roleId", "acteeId"), values, "assignments")
    return jsonify(success=True)


def take_at(where: Where, role: str, actor: str) -> ResponseReturnValue:
    """Take a role there back; Problem 404.1 when it was not given."""
    person = api_caller()
    with changing() as session:
        place, wanted, whom = where(session), get_role(session, role), get_actor(session, as_number(actor))
        _demand(session, person, "assignment.delete", place)
        if not assignments.revoke(session, whom, wanted, place, by=person.actor_id):
            raise not_found()
    return jsonify(success=True)
