"""What phones sent (receipts, as received), what the server holds for each instance (submissions), what people said of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model

STATUSES = ("version", "same_content", "conflict", "held", "quarantined", "discarded")
REVIEW_STATES = ("edited", "hasIssues", "approved", "rejected")
CLAIMED = text("version_no IS NOT NULL")
IS_EDIT = text("deprecated_id IS NOT NULL")
TRIED = text("draft_version_id <> 0")
LEFT_OUT = text("duplicate_of IS NOT NULL")
WAITING = text("status IN ('conflict', 'held', 'quarantined')")


class Receipt(Model):
    """The bytes of one arrival and what became of them; bytes and identity never change, only `status` moves.

    `draft_version_id` 0 = live; `form_id` 0 = the form is not here yet. `version_no` is set exactly for versions: 1 for the
    first. `xml` is zstd of the bytes as received.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint("(status = 'version') = (version_no IS NOT NULL)", name="version"),
        # A receipt is known by its project, form, live or draft, instanceID and bytes: the same again is the same.
        Index(
            "uq_receipt_known",
            "project_id",
            "instance_id",
            "xml_sha256",
            "xml_form_id",
            "draft_version_id",
            unique=True,
        ),
        # An instanceID is claimed by one version of its form (project-wide look-ups use the first two columns).
        Index(
            "uq_receipt_claim",
            "project_id",
            "instance_id",
            "form_id",
            "draft_version_id",
            unique=True,
            sqlite_where=CLAIMED,
            postgresql_where=CLAIMED,
        ),
        Index(
            "uq_receipt_version",
            "project_id",
            "submission_id",
            "version_no",
            unique=True,
            sqlite_where=CLAIMED,
            postgresql_where=CLAIMED,
        ),
        # SQLite uses a partial index only for a query that says its condition word for word.
        Index("ix_receipt_waiting", "project_id", "status", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_receipt_draft", "project_id", "draft_version_id", "id", sqlite_where=TRIED, postgresql_where=TRIED),
        Index("ix_receipt_deprecated", "project_id", "deprecated_id", sqlite_where=IS_EDIT, postgresql_where=IS_EDIT),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    xml_form_id: Mapped[str] = mapped_column(String(255))
    form_id: Mapped[int] = mapped_column(BigInt, default=0)
    form_version_id: Mapped[int | None] = mapped_column(BigInt)
    form_version: Mapped[str] = mapped_column(String(255))
    draft_version_id: Mapped[int] = mapped_column(BigInt, default=0)
    instance_id: Mapped[str] = mapped_column(String(255))
    deprecated_id: Mapped[str | None] = mapped_column(String(255))
    xml_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    submission_id: Mapped[int | None] = mapped_column(BigInt)
    version_no: Mapped[int | None]
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    expected: Mapped[list[str]] = mapped_column(JSON, default=list)
    encrypted: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    instance_name: Mapped[str | None]
    actor_id: Mapped[int | None] = mapped_column(BigInt)
    device_id: Mapped[str | None] = mapped_column(String(255))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment)
    collected_at: Mapped[datetime | None] = mapped_column(Moment)


class ReceiptFile(Model):
    """A file that came with a receipt (or was carried forward by an edit). Same name, other bytes: newest current, older kept."""

    __tablename__ = "receipt_file"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "receipt_id"], ["receipt.project_id", "receipt.id"]),
        ForeignKeyConstraint(["project_id", "sha256"], ["blob.project_id", "blob.sha256"]),
        Index(
            "uq_receipt_file_current",
            "project_id",
            "receipt_id",
            "name",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
        Index("ix_receipt_file_sha256", "project_id", "sha256"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    name: Mapped[str] = mapped_column(String(1024), primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    content_type: Mapped[str] = mapped_column(String(255))
    current: Mapped[bool]
    expected: Mapped[bool]
    carried_from: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Submission(Model):
    """What the server holds for an instance through its edits. `id` is the id of its first receipt, `instance_id` its name for ever.

    `duplicate_of`: the submission in favour of which it is left out of counts and of exports for people (collector.duplicates).
    """

    __tablename__ = "submission"
    __table_args__ = (
        CheckConstraint(f"review_state IN {REVIEW_STATES}", name="review_state"),
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"]),
        # Its last columns let lists and exports choose without looking at a row.
        Index(
            "ix_submission_newest",
            "project_id",
            "form_id",
            "draft_version_id",
            "created_at",
            "id",
            "deleted_at",
            "training",
            "review_state",
            "duplicate_of",
        ),
        Index("ix_submission_submitter", "project_id", "submitter_id", "created_at"),
        Index(
            "ix_submission_duplicate", "project_id", "duplicate_of", sqlite_where=LEFT_OUT, postgresql_where=LEFT_OUT
        ),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    draft_version_id: Mapped[int] = mapped_column(BigInt, default=0)
    instance_id: Mapped[str] = mapped_column(String(255))
    current_receipt_id: Mapped[int] = mapped_column(BigInt)
    versions: Mapped[int] = mapped_column(default=1)
    review_state: Mapped[str | None] = mapped_column(String(16))
    submitter_id: Mapped[int | None] = mapped_column(BigInt)
    device_id: Mapped[str | None] = mapped_column(String(255))
    training: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    duplicate_of: Mapped[int | None] = mapped_column(BigInt)


class Answers(Model):
    """The answers of a version, one row per table of its form: a JSON array of arrays in the order of that version's fields.

    Rebuildable from the receipt's XML. null = the node was absent, "" = it was blank; repeat rows start with the parent's
    and their own ordinal.
    """

    __tablename__ = "answers"
    __table_args__ = (ForeignKeyConstraint(["project_id", "receipt_id"], ["receipt.project_id", "receipt.id"]),)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    table_no: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[str]


class ScopeKey(Model):
    """What a submission answers to a question that limits who may see it; "" for no answer. See collector.scope_keys."""

    __tablename__ = "scope_key"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "submission_id"], ["submission.project_id", "submission.id"]),
        Index("ix_scope_key_value", "project_id", "form_id", "property", "value", "submission_id"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    property: Mapped[str] = mapped_column(String(255), primary_key=True)
    value: Mapped[str] = mapped_column(String(255), primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)


class Tally(Model):
    """How many submissions of a form are in a review state ("" for received), confirmed duplicates apart; those in the trash are
    not counted."""

    __tablename__ = "submission_tally"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    draft_version_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    training: Mapped[bool] = mapped_column(primary_key=True)
    review_state: Mapped[str] = mapped_column(String(16), primary_key=True)
    duplicate: Mapped[bool] = mapped_column(primary_key=True, default=False)
    count: Mapped[int] = mapped_column(BigInt)


class Comment(Model):
    """What a person wrote about a submission."""

    __tablename__ = "comment"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "submission_id"], ["submission.project_id", "submission.id"]),
        Index("ix_comment_submission", "project_id", "submission_id", "id"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36))
    submission_id: Mapped[int] = mapped_column(BigInt)
    actor_id: Mapped[int | None] = mapped_column(BigInt)
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    redacted_at: Mapped[datetime | None] = mapped_column(Moment)
