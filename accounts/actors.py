"""What web users, app users and public links have in common: a name, an id, an end."""

from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import SITE, Happening, record
from accounts.models import Actor, Assignment
from accounts.sessions import end_all
from config.api_errors import missing_parameter, value_too_long, wrong_type
from config.clock import now

# ODK Central's.
LONGEST_NAME = 64


def checked_name(value: Any) -> str:
    """A display name as the API takes it; Problem 400.2, 400.11 or 400.13."""
    if value is None:
        raise missing_parameter("displayName")
    if not isinstance(value, str):
        raise wrong_type("string", field="displayName")
    if len(value) > LONGEST_NAME:
        raise value_too_long(LONGEST_NAME)
    return value


def create_actor(session: Session, kind: str, name: str) -> Actor:
    """A new actor; its own row (web user, app user, link) is the caller's business."""
    actor = Actor(uid=str(uuid4()), type=kind, display_name=name, created_at=now())
    session.add(actor)
    session.flush()
    return actor


def get_actor(session: Session, actor_id: int) -> Actor:
    """The living actor, or Problem 404.1."""
    actor = session.get(Actor, actor_id)
    if actor is None or actor.deleted_at is not None:
        raise not_found()
    return actor


def delete_actor(session: Session, actor: Actor, *, by: int | None, project_id: int = SITE) -> None:
    """Take it away with its rights and sessions; what it did stays under its name."""
    actor.deleted_at = now()
    session.execute(delete(Assignment).where(Assignment.actor_id == actor.id))
    end_all(session, actor.id)
    record(session, Happening(project_id, f"{actor.type}.delete", by, actee_id=actor.uid))


def names_of(session: Session, actor_ids: set[int]) -> dict[int, Actor]:
    """Actors by number, the gone ones too."""
    return {actor.id: actor for actor in session.scalars(select(Actor).where(Actor.id.in_(actor_ids)))}
