"""Addresses that are told what changes."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, String

from config.columns import BigInt, Moment
from config.database import Model

LONGEST_URL = 2000


class Webhook(Model):
    """An address of a program, and how far it has come in the project's log: `seq` is the last event it knows. While a message
    is not taken, `sending_to` is the last event in it, so that every attempt carries the same.

    It is told what `actor_id`, who made or last changed it, may see. `xml_form_ids` None: all forms.
    """

    __tablename__ = "webhook"
    __table_args__ = (Index("ix_webhook_due", "active", "retry_after"),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36))
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    xml_form_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    actions: Mapped[list[str]] = mapped_column(JSON)
    active: Mapped[bool] = mapped_column(default=True)
    secret_no: Mapped[int] = mapped_column(default=1)
    actor_id: Mapped[int] = mapped_column(BigInt)
    seq: Mapped[int] = mapped_column(BigInt)
    sending_to: Mapped[int | None] = mapped_column(BigInt)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_after: Mapped[datetime | None] = mapped_column(Moment)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(16))
    last_sent_at: Mapped[datetime | None] = mapped_column(Moment)
    told: Mapped[int] = mapped_column(BigInt, default=0)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
