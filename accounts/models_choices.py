"""What people chose, and what was given them to choose with; the rest of people is in accounts.models."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
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
