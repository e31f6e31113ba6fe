"""What people chose, and what was given them to choose with; the rest of people is in accounts.models."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model


class PasswordReset(Model):
    """A link that lets a person choose a password, once, until `expires_at`."""

    __tablename__ = "password_reset"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class UserPreference(Model):
    """What a person chose for tools; project_id 0 = for all of the site. `value` is {"value": any JSON}, null included."""

    __tablename__ = "user_preference"
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)


class SiteSetting(Model):
    """What the site is set to through the API: any JSON, or a picture with its type."""

    __tablename__ = "site_setting"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str | None] = mapped_column(String(255))
    set_at: Mapped[datetime] = mapped_column(Moment)


class ActorProperty(Model):
    """A name under which app users and public links of a project can have a value (a region, a team)."""

    __tablename__ = "actor_property"
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)


class ActorPropertyValue(Model):
    """The value an app user or a public link has for a property."""

    __tablename__ = "actor_property_value"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "name"], ["actor_property.project_id", "actor_property.name"]),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    value: Mapped[str]


class Idempotency(Model):
    """A request that may be sent again under its key, and what it was answered (NULL: done, but the answer was never kept)."""

    __tablename__ = "idempotency"
    actor_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    content_type: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)


class Letter(Model):
    """An e-mail to be sent; gone once it is. Links are made at the moment of sending, so none is ever kept here."""

    __tablename__ = "letter"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it once
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(String(320))
    actor_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("actor.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
