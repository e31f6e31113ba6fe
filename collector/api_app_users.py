"""App users of a project, with ODK Central's addresses and fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts import app_users
from accounts.actor_properties import properties_of_actors, set_properties
from accounts.actors import delete_actor, names_of
from accounts.errors import not_found
from accounts.models import Actor, AppUser
from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing, creating_with_token, demand
from accounts.token_schemas import (
    AppUserChangesSchema,
    AppUserSchema,
    ExtendedAppUserSchema,
    MadeAppUserSchema,
    NewAppUserSchema,
)
from collector.models import Submission
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.reader_wishes import wishes
from config.services import services

api = Blueprint("collector_api_app_users", __name__, url_prefix="/v1/projects/<int:project_id>/app-users")


def _token_again(shown: dict[str, Any]) -> str | None:
    with reading() as session:
        user, actor = app_users.get_app_user(session, shown["projectId"], shown["id"])
        return app_users.token_of(services().secret, user, actor)


@api.get("")
@describe(answer=AppUserSchema(many=True), extended=ExtendedAppUserSchema(many=True))
def list_all(project_id: int) -> ResponseReturnValue:
    """The app users of a project: those with a token first, the newest first."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "field_key.list", project_id)
        return jsonify(_shown(session, project_id, extended=wishes().extended))


@api.post("")
@creating_with_token(_token_again)
@describe(answer=MadeAppUserSchema(), body=NewAppUserSchema(), problems=(400.2, 400.8, 400.11, 400.13))
def create(project_id: int) -> ResponseReturnValue:
    """A new app user, which sees no form until it is given some (assignments with the role app-user)."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "field_key.create", project_id)
        given = NewAppUserSchema().load(json_body())
        made = app_users.create_app_user(
            session,
            services().secret,
            project_id,
            given["displayName"],
            created_by=person.actor_id,
            training=given.get("training", False),
            all_forms=False,
        )
        user, actor = app_users.get_app_user(session, project_id, made.actor_id)
        if given.get("properties") is not None:
            set_properties(session, project_id, actor, given["properties"], by=person.actor_id)
        shown = _app_user(user, actor, made.token)
    return jsonify(MadeAppUserSchema().dump(shown))


@api.get("/<int:actor_id>")
@describe(answer=AppUserSchema(), extended=ExtendedAppUserSchema())
def show(project_id: int, actor_id: int) -> ResponseReturnValue:
    """One app user."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "field_key.list", project_id)
        return jsonify(_one(session, project_id, actor_id, extended=wishes().extended))


@api.patch("/<int:actor_id>")
@describe(answer=ExtendedAppUserSchema(), body=AppUserChangesSchema(), problems=(400.8, 400.11))
def change(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Set or take away properties; retire, revoke or take back into use."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "field_key.update", project_id)
        _, actor = app_users.get_app_user(session, project_id, actor_id)
        given = AppUserChangesSchema().load(json_body())
        if given.get("properties") is not None:
            set_properties(session, project_id, actor, given["properties"], by=person.actor_id)
        if "state" in given:
            app_users.set_state(session, project_id, actor_id, given["state"], by=person.actor_id)
        shown = _one(session, project_id, actor_id, extended=True)
    return jsonify(shown)


@api.delete("/<int:actor_id>")
@describe(answer=SuccessSchema())
def delete(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Take it away: its token opens nothing any more, what it sent stays under its name."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "field_key.delete", project_id)
        _, actor = app_users.get_app_user(session, project_id, actor_id)
        delete_actor(session, actor, by=person.actor_id, project_id=project_id)
    return jsonify(success=True)


def _one(session: Session, project_id: int, actor_id: int, *, extended: bool) -> Any:
    found = _shown(session, project_id, extended=extended, actor_id=actor_id)
    if not found:
        raise not_found()
    return found[0]


def _shown(session: Session, project_id: int, *, extended: bool, actor_id: int | None = None) -> list[Any]:
    """App users on the wire; a fixed number of questions however many there are."""
    secret = services().secret
    listed = [
        (user, actor, None if user.state == "revoked" else app_users.token_of(secret, user, actor))
        for user, actor in app_users.list_app_users(session, project_id)
        if actor_id in (None, actor.id)
    ]
    # Newest first already; the order of the rest stays.
    listed.sort(key=lambda each: each[2] is None)
    rows = [_app_user(user, actor, token) for user, actor, token in listed]
    if not extended:
        return list(AppUserSchema(many=True).dump(rows))
    used = _last_used(session, project_id)
    properties = properties_of_actors(session, project_id)
    makers = names_of(session, {user.created_by for user, _, _ in listed if user.created_by})
    for row, (user, actor, _) in zip(rows, listed, strict=True):
        row.update(
            created_by=makers.get(user.created_by or 0),
            last_used=used.get(actor.id),
            properties=properties.get(actor.id),
            state=user.state,
            training=user.training,
        )
    return list(ExtendedAppUserSchema(many=True).dump(rows))


def _app_user(user: AppUser, actor: Actor, token: str | None) -> dict[str, Any]:
    names = ("id", "type", "display_name", "created_at", "updated_at", "deleted_at")
    return {name: getattr(actor, name) for name in names} | {"project_id": user.project_id, "token": token}


def _last_used(session: Session, project_id: int) -> Mapping[int | None, datetime]:
    """When each last sent a new submission: the end of each one's stretch of an index."""
    last = select(func.max(Submission.created_at)).where(
        Submission.project_id == AppUser.project_id, Submission.submitter_id == AppUser.actor_id
    )
    query = select(AppUser.actor_id, last.scalar_subquery()).where(AppUser.project_id == project_id)
    return {row[0]: row[1] for row in session.execute(query)}
