"""Properties of app users and public links: a project names them, each actor may have one value for each."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import Actor, Project
from accounts.models_choices import ActorProperty, ActorPropertyValue
from config.api_errors import unexpected_value, uniqueness_violation, value_too_long

LONGEST = 255
# As names of entity properties, and not the name an actor has anyway.
_RESERVED = frozenset({"name", "label", "displayname"})
_PLAIN = re.compile("[0-9._-]")


def is_usable_name(name: object) -> bool:
    """Whether a property may be called so: letters, digits, points, dashes; no digit first, no two underscores first."""
    if not isinstance(name, str) or not name or name.startswith("__") or name.lower() in _RESERVED:
        return False
    return _is_letter(name[0]) and all(_is_letter(each) or _PLAIN.fullmatch(each) for each in name)


def _is_letter(character: str) -> bool:
    return character == "_" or unicodedata.category(character).startswith("L")


def create_property(session: Session, project: Project, name: Any, *, by: int) -> None:
    """A new name; Problem 400.8 when it cannot be one, 409.3 when there is one already."""
    if not is_usable_name(name):
        raise unexpected_value(
            "name", name, "This is not a valid property name.", "ce n’est pas un nom de propriété utilisable."
        )
    if len(name) > LONGEST:
        raise value_too_long(LONGEST)
    if session.get(ActorProperty, (project.id, name)) is not None:
        raise uniqueness_violation(("projectId", "name"), (project.id, name), "actor_properties")
    session.add(ActorProperty(project_id=project.id, name=name))
    session.flush()
    happening = Happening(
        project.id, "actor_property.create", by, actee_id=project.uid, details={}, words={"name": name}
    )
    record(session, happening)


def property_names(session: Session, project_id: int) -> list[str]:
    """The names of a project, in order."""
    query = select(ActorProperty.name).where(ActorProperty.project_id == project_id).order_by(ActorProperty.name)
    return list(session.scalars(query))


def property_values(session: Session, project_id: int) -> dict[str, list[str]]:
    """The names of a project, each with the values in use."""
    found: dict[str, list[str]] = {name: [] for name in property_names(session, project_id)}
    query = (
        select(ActorPropertyValue.name, ActorPropertyValue.value)
        .where(ActorPropertyValue.project_id == project_id)
        .distinct()
        .order_by(ActorPropertyValue.value)
    )
    for name, value in session.execute(query):
        found[name].append(value)
    return found


def properties_of_actors(session: Session, project_id: int) -> dict[int, dict[str, str]]:
    """What the actors of a project have, by actor; those without a value are left out."""
    found: dict[int, dict[str, str]] = {}
    query = (
        select(ActorPropertyValue)
        .where(ActorPropertyValue.project_id == project_id)
        .order_by(ActorPropertyValue.actor_id, ActorPropertyValue.name)
    )
    for row in session.scalars(query):
        found.setdefault(row.actor_id, {})[row.name] = row.value
    return found


def set_properties(session: Session, project_id: int, actor: Actor, given: Any, *, by: int) -> None:
    """Set or (null, blank) take away values; Problem 400.8 for a name the project does not know or a value that is no text."""
    values = _checked(given, frozenset(property_names(session, project_id)))
    for name, value in values.items():
        key = (project_id, actor.id, name)
        if value is None:
            session.execute(
                delete(ActorPropertyValue).where(
                    ActorPropertyValue.project_id == project_id,
                    ActorPropertyValue.actor_id == actor.id,
                    ActorPropertyValue.name == name,
                )
            )
        elif (row := session.get(ActorPropertyValue, key)) is not None:
            row.value = value
        else:
            session.add(ActorPropertyValue(project_id=project_id, actor_id=actor.id, name=name, value=value))
    session.flush()
    if values:
        action = f"{actor.type}.property.set"
        words = {"properties": dict(values)}
        record(session, Happening(project_id, action, by, actee_id=actor.uid, details={}, words=words))


def _checked(given: Any, known: frozenset[str]) -> Mapping[str, str | None]:
    if not isinstance(given, dict):
        raise unexpected_value("properties", given, "Must be an object.")
    values: dict[str, str | None] = {}
    for name, value in given.items():
        if name not in known:
            raise unexpected_value("properties", name, "Unknown property name.")
        if value is not None and not isinstance(value, str):
            raise unexpected_value(name, value, "Property values must be strings or null.")
        values[name] = (value or "").strip() or None
    return values
