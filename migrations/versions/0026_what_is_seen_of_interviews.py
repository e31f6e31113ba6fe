"""How interviews were made: facts to find neighbours by, evidence, and what people explained."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _of_submission(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["project_id", column], ["submission.project_id", "submission.id"], ondelete="CASCADE"
    )


def upgrade() -> None:
    """Add the tables, and have the worker match everything again, which fills them."""
    op.create_table(
        "seen_form",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("usual", sa.JSON(), nullable=False),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "form_id"),
    )
    op.create_table(
        "seen_interview",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("who", BigInt, nullable=True),
        sa.Column("device", BigInt, nullable=True),
        sa.Column("start", BigInt, nullable=True),
        sa.Column("end", BigInt, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("cell", BigInt, nullable=True),
        sa.Column("grids", sa.JSON(), nullable=False),
        _of_submission("submission_id"),
        sa.PrimaryKeyConstraint("project_id", "submission_id"),
    )
    for name in ("device", "who"):
        op.create_index(f"ix_seen_interview_{name}", "seen_interview", ["project_id", "form_id", name, "start"])
    op.create_index("ix_seen_interview_cell", "seen_interview", ["project_id", "form_id", "cell"])
    op.create_table(
        "seen_evidence",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("other_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("found_at", Moment(), nullable=False),
        _of_submission("submission_id"),
        _of_submission("other_id"),
        sa.PrimaryKeyConstraint("project_id", "submission_id", "rule", "other_id"),
    )
    op.create_index("ix_seen_evidence_other", "seen_evidence", ["project_id", "other_id"])
    op.create_index("ix_seen_evidence_form", "seen_evidence", ["project_id", "form_id", "found_at"])
    op.create_table(
        "seen_explained",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("other_id", BigInt, nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        _of_submission("submission_id"),
        _of_submission("other_id"),
        sa.PrimaryKeyConstraint("project_id", "submission_id", "rule", "other_id"),
    )
    op.create_index("ix_seen_explained_other", "seen_explained", ["project_id", "other_id"])
    op.execute(sa.text("UPDATE dup_form SET rescan_after = 0"))
