"""What a person chose for tools (Central's front end keeps its table columns here): any JSON, under a name, site or project."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.events import SITE, Happening, record
from accounts.models_choices import UserPreference
from accounts.sessions import Person

LONGEST_NAME = 255


def preferences_of(session: Session, actor_id: int) -> dict[str, Any]:
    """Everything a person chose, as ODK Central nests it."""
    found: dict[str, Any] = {"site": {}, "projects": {}}
    for row in session.scalars(select(UserPreference).where(UserPreference.actor_id == actor_id)):
        place = found["projects"].setdefault(str(row.project_id), {}) if row.project_id else found["site"]
        place[row.name] = row.value["value"]
    return found


def choose(session: Session, person: Person, name: str, value: Any, project_id: int = SITE) -> None:
    """Keep a choice; the last one counts."""
    row = session.get(UserPreference, (person.actor_id, project_id, name))
    if row is None:
        session.add(UserPreference(actor_id=person.actor_id, project_id=project_id, name=name, value={"value": value}))
    else:
        row.value = {"value": value}
    _record(session, person, "update", project_id, {"propertyName": name, "propertyValue": value})


def forget(session: Session, person: Person, name: str, project_id: int = SITE) -> bool:
    """Take a choice back; False when there was none."""
    gone = session.execute(
        delete(UserPreference)
        .where(
            UserPreference.actor_id == person.actor_id,
            UserPreference.project_id == project_id,
            UserPreference.name == name,
        )
        .returning(UserPreference.name)
    ).first()
    _record(session, person, "delete", project_id, {"propertyName": name})
    return gone is not None


def _record(session: Session, person: Person, what: str, project_id: int, words: dict[str, Any]) -> None:
    details: dict[str, Any] = {"projectId": project_id, "scope": "project"} if project_id else {"scope": "site"}
    happening = Happening(
        SITE, f"user.preference.{what}", person.actor_id, actee_id=person.uid, details=details, words=words
    )
    record(session, happening)
