"""Who may see which submissions, how many there are, and whether anything has changed."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, then count what is here."""
    op.create_table(
        "scope_rule",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("form_id", BigInt, nullable=True),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("allowed", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("kind IN ('submission', 'mask')", name=op.f("ck_scope_rule_kind")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_scope_rule_actor_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_scope_rule_project_id")),
        sa.PrimaryKeyConstraint("project_id", "actor_id", "number", name=op.f("pk_scope_rule")),
    )
    op.create_table(
        "scope_property",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("looked_up_to", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_scope_property_project_id")),
        sa.PrimaryKeyConstraint("project_id", "property", name=op.f("pk_scope_property")),
    )
    op.create_table(
        "scope_key",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("submission_id", BigInt, nullable=False),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "submission_id"],
            ["submission.project_id", "submission.id"],
            name=op.f("fk_scope_key_project_id_submission_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "submission_id", "property", "value", name=op.f("pk_scope_key")),
    )
    op.create_index(
        "ix_scope_key_value",
        "scope_key",
        ["project_id", "form_id", "property", "value", "submission_id"],
        unique=False,
    )
    op.create_table(
        "submission_tally",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("draft_version_id", BigInt, nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("review_state", sa.String(length=16), nullable=False),
        sa.Column("count", BigInt, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id",
            "form_id",
            "draft_version_id",
            "training",
            "review_state",
            name=op.f("pk_submission_tally"),
        ),
    )
    op.create_table(
        "form_stamp",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("stamp", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "form_id", name=op.f("pk_form_stamp")),
    )
    op.execute(
        "INSERT INTO submission_tally (project_id, form_id, draft_version_id, training, review_state, count) "
        "SELECT project_id, form_id, draft_version_id, training, coalesce(review_state, ''), count(*) FROM submission "
        "WHERE deleted_at IS NULL GROUP BY project_id, form_id, draft_version_id, training, coalesce(review_state, '')"
    )
