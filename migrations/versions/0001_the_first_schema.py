"""The first schema."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# PostgreSQL's counterparts of the rows of id_sequence.
SEQUENCES = ("blob", "form", "form_version", "form_schema", "receipt", "comment")


def upgrade() -> None:
    """Make every table, and PostgreSQL's sequences."""
    op.create_table(
        "actor",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "type IN ('user', 'field_key', 'public_link', 'single_use', 'peer', 'shadow')", name=op.f("ck_actor_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor")),
        sa.UniqueConstraint("uid", name=op.f("uq_actor_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "blob",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "consumer",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_after", Moment(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", "project_id", name=op.f("pk_consumer")),
    )
    op.create_table(
        "event",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("form_id", BigInt, nullable=True),
        sa.Column("submission_id", BigInt, nullable=True),
        sa.Column("receipt_id", BigInt, nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "seq", name=op.f("pk_event")),
    )
    op.create_index("ix_event_created", "event", ["project_id", "created_at"], unique=False)
    op.create_index("ix_event_submission", "event", ["project_id", "submission_id", "seq"], unique=False)
    op.create_table(
        "event_note",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("redacted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "seq", name=op.f("pk_event_note")),
    )
    op.create_table(
        "form",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("xml_form_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("current_version_id", BigInt, nullable=True),
        sa.Column("draft_version_id", BigInt, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", name=op.f("ck_form_state")),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_form")),
    )
    op.create_index("ix_form_xml_form_id", "form", ["project_id", "xml_form_id"], unique=False)
    op.create_index(
        "uq_form_xml_form_id",
        "form",
        ["project_id", "xml_form_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "form_schema",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_form_schema")),
    )
    op.create_index("uq_form_schema_sha256", "form_schema", ["project_id", "sha256"], unique=True)
    op.create_table(
        "id_sequence",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("last", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_id_sequence")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("fence", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "project",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("late", sa.String(length=8), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("uid", name=op.f("uq_project_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_counter",
        sa.Column("project_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_counter")),
    )
    op.create_table(
        "receipt",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("xml_form_id", sa.String(length=255), nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("form_version_id", BigInt, nullable=True),
        sa.Column("form_version", sa.String(length=255), nullable=False),
        sa.Column("draft_version_id", BigInt, nullable=False),
        sa.Column("instance_id", sa.String(length=255), nullable=False),
        sa.Column("deprecated_id", sa.String(length=255), nullable=True),
        sa.Column("xml_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("submission_id", BigInt, nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("expected", sa.JSON(), nullable=False),
        sa.Column("encrypted", sa.JSON(), nullable=True),
        sa.Column("instance_name", sa.String(), nullable=True),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("device_id", sa.String(length=255), nullable=True),
        sa.Column("user_agent", sa.String(length=255), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("collected_at", Moment(), nullable=True),
        sa.CheckConstraint("(status = 'version') = (version_no IS NOT NULL)", name=op.f("ck_receipt_version")),
        sa.CheckConstraint(
            "status IN ('version', 'same_content', 'conflict', 'held', 'quarantined', 'discarded')",
            name=op.f("ck_receipt_status"),
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_receipt")),
    )
    op.create_index(
        "ix_receipt_waiting",
        "receipt",
        ["project_id", "status", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('conflict', 'held', 'quarantined')"),
        postgresql_where=sa.text("status IN ('conflict', 'held', 'quarantined')"),
    )
    op.create_index(
        "ix_receipt_deprecated",
        "receipt",
        ["project_id", "deprecated_id"],
        unique=False,
        sqlite_where=sa.text("deprecated_id IS NOT NULL"),
        postgresql_where=sa.text("deprecated_id IS NOT NULL"),
    )
    op.create_index(
        "uq_receipt_claim",
        "receipt",
        ["project_id", "instance_id", "form_id", "draft_version_id"],
        unique=True,
        sqlite_where=sa.text("version_no IS NOT NULL"),
        postgresql_where=sa.text("version_no IS NOT NULL"),
    )
    op.create_index(
        "uq_receipt_known",
        "receipt",
        ["project_id", "instance_id", "xml_sha256", "xml_form_id", "draft_version_id"],
        unique=True,
    )
    op.create_index(
        "uq_receipt_version",
        "receipt",
        ["project_id", "submission_id", "version_no"],
        unique=True,
        sqlite_where=sa.text("version_no IS NOT NULL"),
        postgresql_where=sa.text("version_no IS NOT NULL"),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("verbs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("system", name=op.f("uq_role_system")),
    )
    op.create_table(
        "server",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("realm", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failure")),
    )
    op.create_table(
        "tombstone",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("by_actor", BigInt, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "kind", "key_hmac", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "answers",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("receipt_id", BigInt, nullable=False),
        sa.Column("table_no", sa.Integer(), nullable=False),
        sa.Column("rows", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "receipt_id"],
            ["receipt.project_id", "receipt.id"],
            name=op.f("fk_answers_project_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "receipt_id", "table_no", name=op.f("pk_answers")),
    )
    op.create_table(
        "app_user",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("deliveries_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'retired', 'revoked')", name=op.f("ck_app_user_state")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_app_user_actor_id")),
        sa.ForeignKeyConstraint(["created_by"], ["actor.id"], name=op.f("fk_app_user_created_by")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_app_user_project_id")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("deliveries_hash", name=op.f("uq_app_user_deliveries_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_app_user_token_hash")),
    )
    op.create_index(op.f("ix_app_user_project_id"), "app_user", ["project_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_assignment_actor_id")),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_assignment_role_id")),
        sa.PrimaryKeyConstraint("actor_id", "role_id", "project_id", name=op.f("pk_assignment")),
    )
    op.create_table(
        "collect_login",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("ha1_md5", sa.String(length=64), nullable=False),
        sa.Column("ha1_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_collect_login_actor_id")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_collect_login")),
        sa.UniqueConstraint("username", name=op.f("uq_collect_login_username")),
    )
    op.create_table(
        "form_field",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("schema_id", BigInt, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("table_no", sa.Integer(), nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=True),
        sa.Column("binary", sa.Boolean(), nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("sensitivity", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "schema_id"],
            ["form_schema.project_id", "form_schema.id"],
            name=op.f("fk_form_field_project_id_schema_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "schema_id", "position", name=op.f("pk_form_field")),
    )
    op.create_table(
        "form_version",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("xlsx_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("xlsx_name", sa.String(), nullable=True),
        sa.Column("schema_id", BigInt, nullable=False),
        sa.Column("public_key", sa.String(), nullable=True),
        sa.Column("draft_token", sa.String(length=64), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "form_id"], ["form.project_id", "form.id"], name=op.f("fk_form_version_project_id_form_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "schema_id"],
            ["form_schema.project_id", "form_schema.id"],
            name=op.f("fk_form_version_project_id_schema_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_form_version")),
        sa.UniqueConstraint("draft_token", name=op.f("uq_form_version_draft_token")),
    )
    op.create_index(
        "uq_form_version_version",
        "form_version",
        ["project_id", "form_id", "version"],
        unique=True,
        sqlite_where=sa.text("published_at IS NOT NULL"),
        postgresql_where=sa.text("published_at IS NOT NULL"),
    )
    op.create_table(
        "receipt_file",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("receipt_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(length=255), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.Boolean(), nullable=False),
        sa.Column("carried_from", BigInt, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "receipt_id"],
            ["receipt.project_id", "receipt.id"],
            name=op.f("fk_receipt_file_project_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "sha256"], ["blob.project_id", "blob.sha256"], name=op.f("fk_receipt_file_project_id_sha256")
        ),
        sa.PrimaryKeyConstraint("project_id", "receipt_id", "name", "sha256", name=op.f("pk_receipt_file")),
    )
    op.create_index("ix_receipt_file_sha256", "receipt_file", ["project_id", "sha256"], unique=False)
    op.create_index(
        "uq_receipt_file_current",
        "receipt_file",
        ["project_id", "receipt_id", "name"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_session_actor_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_actor_id"), "session", ["actor_id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("draft_version_id", BigInt, nullable=False),
        sa.Column("instance_id", sa.String(length=255), nullable=False),
        sa.Column("current_receipt_id", BigInt, nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("review_state", sa.String(length=16), nullable=True),
        sa.Column("submitter_id", BigInt, nullable=True),
        sa.Column("device_id", sa.String(length=255), nullable=True),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "review_state IN ('edited', 'hasIssues', 'approved', 'rejected')", name=op.f("ck_submission_review_state")
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "form_id"], ["form.project_id", "form.id"], name=op.f("fk_submission_project_id_form_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_submission")),
    )
    op.create_index(
        "ix_submission_newest",
        "submission",
        ["project_id", "form_id", "draft_version_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_submission_submitter", "submission", ["project_id", "submitter_id", "created_at"], unique=False)
    op.create_table(
        "web_user",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("last_login_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_web_user_actor_id")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_web_user")),
    )
    op.create_index(
        "uq_web_user_email",
        "web_user",
        ["email"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "comment",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("redacted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "submission_id"],
            ["submission.project_id", "submission.id"],
            name=op.f("fk_comment_project_id_submission_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_comment")),
    )
    op.create_index("ix_comment_submission", "comment", ["project_id", "submission_id", "id"], unique=False)
    op.create_table(
        "form_attachment",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_version_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("blob_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.String(length=255), nullable=True),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id", "blob_sha256"],
            ["blob.project_id", "blob.sha256"],
            name=op.f("fk_form_attachment_project_id_blob_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "form_version_id"],
            ["form_version.project_id", "form_version.id"],
            name=op.f("fk_form_attachment_project_id_form_version_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "form_version_id", "name", name=op.f("pk_form_attachment")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for name in SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{name}_id")))
