"""Forms and their immutable versions, form attachments, and the blobs they name."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model

LIVE = text("deleted_at IS NULL")
PUBLISHED = text("published_at IS NOT NULL")


class Blob(Model):
    """Bytes stored under their SHA-256; a row makes a stored file exist."""

    __tablename__ = "blob"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    size: Mapped[int] = mapped_column(BigInt)
    md5: Mapped[str] = mapped_column(String(32))


class FormSchema(Model):
    """A set of fields shared by the versions that have equal ones."""

    __tablename__ = "form_schema"
    __table_args__ = (Index("uq_form_schema_sha256", "project_id", "sha256", unique=True),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class FormField(Model):
    """One node of a form's primary instance; see forms.xform.Field."""

    __tablename__ = "form_field"
    __table_args__ = (ForeignKeyConstraint(["project_id", "schema_id"], ["form_schema.project_id", "form_schema.id"]),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    schema_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    type: Mapped[str] = mapped_column(String(32))
    table_no: Mapped[int]
    column_no: Mapped[int | None]
    binary: Mapped[bool]
    multiple: Mapped[bool]
    sensitivity: Mapped[str | None] = mapped_column(String(16))
    match_role: Mapped[str | None] = mapped_column(String(16))


class EncryptionKey(Model):
    """A public key that forms of the project carry; its number is ODK Central's `keyId`. With `managed`, `sealed` holds the
    private half, which only a passphrase opens (forms.managed_key)."""

    __tablename__ = "encryption_key"
    __table_args__ = (Index("uq_encryption_key_sha256", "project_id", "sha256", unique=True),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    public: Mapped[str]
    managed: Mapped[bool] = mapped_column(default=False)
    hint: Mapped[str | None]
    sealed: Mapped[dict[str, str] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Form(Model):
    """A form: what its versions have in common. States as in ODK Central."""

    __tablename__ = "form"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closing', 'closed')", name="state"),
        # Receiving also asks for deleted ones.
        Index("ix_form_xml_form_id", "project_id", "xml_form_id"),
        Index(
            "uq_form_xml_form_id", "project_id", "xml_form_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE
        ),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    xml_form_id: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(8), default="open")
    current_version_id: Mapped[int | None] = mapped_column(BigInt)
    draft_version_id: Mapped[int | None] = mapped_column(BigInt)
    # Asks for ODK Web Forms in a browser; kept for tools that set it.
    web_forms: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)


class FormVersion(Model):
    """A draft, or a published version: then its bytes never change."""

    __tablename__ = "form_version"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"]),
        ForeignKeyConstraint(["project_id", "schema_id"], ["form_schema.project_id", "form_schema.id"]),
        Index(
            "uq_form_version_version",
            "project_id",
            "form_id",
            "version",
            unique=True,
            sqlite_where=PUBLISHED,
            postgresql_where=PUBLISHED,
        ),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    version: Mapped[str] = mapped_column(String(255), default="")
    name: Mapped[str]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    md5: Mapped[str] = mapped_column(String(32))
    sha1: Mapped[str] = mapped_column(String(40), default="")
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    xlsx_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    xlsx_name: Mapped[str | None]
    schema_id: Mapped[int] = mapped_column(BigInt)
    public_key: Mapped[str | None]
    key_id: Mapped[int | None] = mapped_column(BigInt)
    draft_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    warnings: Mapped[list[str]] = mapped_column(JSON, default=list)
    # What forms.lint said of it when it came; None for versions stored before that was kept.
    findings: Mapped[list[list[Any]] | None] = mapped_column(JSON)
    created_by: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    published_by: Mapped[int | None] = mapped_column(BigInt)
    publish_notes: Mapped[str | None]


class FormAttachment(Model):
    """A file the form names; without a blob until somebody brings it."""

    __tablename__ = "form_attachment"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_version_id"], ["form_version.project_id", "form_version.id"]),
        ForeignKeyConstraint(["project_id", "blob_sha256"], ["blob.project_id", "blob.sha256"]),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_version_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    blob_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str | None] = mapped_column(String(255))
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
