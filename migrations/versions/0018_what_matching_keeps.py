"""Suspected duplicates: how forms are matched, keys, hashes, pairs and decisions."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _of_submission(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["project_id", column], ["submission.project_id", "submission.id"], ondelete="CASCADE"
    )


def upgrade() -> None:
    """Add the tables; the worker fills them from the event log."""
    op.create_table(
        "dup_form",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("version_id", BigInt, nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("families", sa.JSON(), nullable=False),
        sa.Column("model", sa.JSON(), nullable=True),
        sa.Column("model_no", sa.Integer(), nullable=False),
        sa.Column("learnt_from", sa.Integer(), nullable=False),
        sa.Column("learnt_at", Moment(), nullable=True),
        sa.Column("stopped", sa.String(16), nullable=True),
        sa.Column("stopped_path", sa.String(), nullable=True),
        sa.Column("rescan_after", BigInt, nullable=True),
        sa.ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "form_id"),
    )
    op.create_table(
        "match_key",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("h", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        _of_submission("submission_id"),
        sa.PrimaryKeyConstraint("project_id", "h", "submission_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_key_submission", "match_key", ["project_id", "submission_id"])
    op.create_table(
        "dup_feature",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("receipt_id", BigInt, nullable=False),
        sa.Column("exact_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answers_hash", sa.LargeBinary(), nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        _of_submission("submission_id"),
        sa.PrimaryKeyConstraint("project_id", "submission_id"),
    )
    op.create_index("ix_dup_feature_answers", "dup_feature", ["project_id", "form_id", "answers_hash"])
    op.create_table(
        "dup_pair",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("one_id", BigInt, nullable=False),
        sa.Column("other_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("bits", sa.Double(), nullable=True),
        sa.Column("copy", sa.String(8), nullable=True),
        sa.Column("evidence", sa.String(32), nullable=False),
        sa.Column("model_no", sa.Integer(), nullable=False),
        sa.Column("found_at", Moment(), nullable=False),
        sa.CheckConstraint("one_id < other_id", name="order"),
        sa.CheckConstraint("copy IN ('exact', 'answers')", name="copy"),
        _of_submission("one_id"),
        _of_submission("other_id"),
        sa.PrimaryKeyConstraint("project_id", "one_id", "other_id"),
    )
    op.create_index("ix_dup_pair_other", "dup_pair", ["project_id", "other_id"])
    op.create_index("ix_dup_pair_bits", "dup_pair", ["project_id", "form_id", "bits"])
    op.create_table(
        "dup_decision",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("xml_form_id", sa.String(255), nullable=False),
        sa.Column("one", sa.String(255), nullable=False),
        sa.Column("other", sa.String(255), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "uid"),
    )
    op.create_index("ix_dup_decision_pair", "dup_decision", ["project_id", "xml_form_id", "one", "other"])
