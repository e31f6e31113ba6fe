"""Exports somebody asked for, presets people keep, and lines rendered beforehand."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model

STATUSES = ("queued", "running", "done", "failed")
UNFINISHED = text("status IN ('queued', 'running')")


class StoredExport(Model):
    """What was asked, by whom, and what came of it: the passport. A job's file is in the folder of exports while it is kept.

    `seq` is the last event that had happened when it was planned; `total` and `done` count submissions.
    """

    __tablename__ = "export"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"]),
        Index("ix_export_form", "project_id", "form_id", "actor_id", "id"),
        Index("ix_export_unfinished", "project_id", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    actor_id: Mapped[int | None] = mapped_column(BigInt)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(8))
    total: Mapped[int] = mapped_column(BigInt, default=0)
    done: Mapped[int] = mapped_column(BigInt, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    seq: Mapped[int] = mapped_column(BigInt, default=0)
    passport: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    file_name: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInt)
    sha256: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)


class ExportPreset(Model):
    """Choices that a person keeps under a name."""

    __tablename__ = "export_preset"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"]),
        Index("uq_export_preset_name", "project_id", "form_id", "actor_id", "name", unique=True),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    actor_id: Mapped[int] = mapped_column(BigInt)
    name: Mapped[str] = mapped_column(String(80))
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Rendition(Model):
    """A way in which the CSV lines of a form were rendered beforehand: `key` is a hash of columns, options and version of the
    rendering, `request` asks for such lines, `used_at` is when somebody last did. Rebuildable."""

    __tablename__ = "rendition"
    __table_args__ = (Index("uq_rendition_key", "project_id", "form_id", "key", unique=True),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    key: Mapped[str] = mapped_column(String(64))
    request: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    used_at: Mapped[datetime] = mapped_column(Moment)


class RenderedSegment(Model):
    """Submissions that follow each other, newest first: `ids` are their ids, 8 bytes each. Right as of event `seq` while their
    senders are called as in `people`. `rows` counts by sheet; `seen`: for each value of questions with several answers whose it
    is, as bits in the order of `ids`."""

    __tablename__ = "rendered_segment"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "rendition_id"], ["rendition.project_id", "rendition.id"]),
        Index("ix_rendered_segment_rendition", "project_id", "rendition_id"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    rendition_id: Mapped[int] = mapped_column(BigInt)
    ids: Mapped[bytes] = mapped_column(LargeBinary)
    seq: Mapped[int] = mapped_column(BigInt)
    people: Mapped[dict[str, str]] = mapped_column(JSON)
    seen: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    rows: Mapped[list[int]] = mapped_column(JSON)


class RenderedBlock(Model):
    """The lines of a segment in one sheet, deflated; `cuts` tells how many bytes and rows of them each submission has."""

    __tablename__ = "rendered_block"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "segment_id"], ["rendered_segment.project_id", "rendered_segment.id"]),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    segment_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    sheet: Mapped[int] = mapped_column(primary_key=True)
    crc: Mapped[int] = mapped_column(BigInt)
    size: Mapped[int] = mapped_column(BigInt)
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    cuts: Mapped[bytes] = mapped_column(LargeBinary)
