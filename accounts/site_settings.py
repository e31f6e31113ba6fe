"""What the site is set to through the API, under ODK Central's names: how the sign-in page looks, whether to report use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.events import SITE, Happening, record
from accounts.models_choices import SiteSetting
from config.api_errors import unexpected_value
from config.clock import now


@dataclass(frozen=True)
class Kind:
    """One name: whether anybody may read it, and how its JSON is read (None: it is a picture)."""

    public: bool
    read: Callable[[Any], dict[str, Any]] | None = None


def _texts(given: Any, *names: str) -> dict[str, Any]:
    """Those of these keys that hold a text."""
    source: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return {name: source[name] for name in names if isinstance(source.get(name), str) and source[name]}


def _analytics(given: Any) -> dict[str, Any]:
    enabled = isinstance(given, dict) and given.get("enabled") is True
    return {"enabled": enabled, **(_texts(given, "email", "organization") if enabled else {})}


def _appearance(given: Any) -> dict[str, Any]:
    return _texts(given, "title", "description")


KINDS: dict[str, Kind] = {
    "analytics": Kind(public=False, read=_analytics),
    "login-appearance": Kind(public=True, read=_appearance),
    "logo": Kind(public=True),
    "hero-image": Kind(public=True),
}


def settable(key: str) -> Kind:
    """What is under that name; Problem 400.8 for another."""
    if key not in KINDS:
        raise unexpected_value("key", key, "the config is unknown or cannot be set.", "réglage inconnu.")
    return KINDS[key]


def set_value(session: Session, key: str, given: Any, *, by: int) -> SiteSetting:
    """Keep what of `given` belongs there."""
    kind = settable(key)
    assert kind.read is not None
    return _keep(session, SiteSetting(key=key, value=kind.read(given), set_at=now()), by)


def set_picture(session: Session, key: str, content: bytes, content_type: str, *, by: int) -> SiteSetting:
    """Keep a picture."""
    return _keep(session, SiteSetting(key=key, content=content, content_type=content_type[:255], set_at=now()), by)


def _keep(session: Session, row: SiteSetting, by: int) -> SiteSetting:
    session.execute(delete(SiteSetting).where(SiteSetting.key == row.key))
    session.add(row)
    session.flush()
    words = None if row.value is None else {"value": row.value}
    record(session, Happening(SITE, "config.set", by, details={"key": row.key}, words=words))
    return row


def unset(session: Session, key: str, *, by: int) -> None:
    """Forget it; again is harmless, and recorded as Central does."""
    settable(key)
    session.execute(delete(SiteSetting).where(SiteSetting.key == key))
    record(session, Happening(SITE, "config.set", by, details={"key": key, "value": None, "blobId": None}))


def get_setting(session: Session, key: str, *, public: bool = False) -> SiteSetting:
    """What is set, or Problem 404.1; 403.1 when `public` and it is not for everybody."""
    if public and not (key in KINDS and KINDS[key].public):
        raise insufficient_rights()
    row = session.get(SiteSetting, key)
    if row is None:
        raise not_found()
    return row


def public_settings(session: Session) -> list[SiteSetting]:
    """Everything anybody may read."""
    names = [key for key, kind in KINDS.items() if kind.public]
    return list(session.scalars(select(SiteSetting).where(SiteSetting.key.in_(names)).order_by(SiteSetting.key)))
