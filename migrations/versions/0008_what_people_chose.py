"""Links for choosing a password; preferences of people."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "password_reset",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_password_reset_actor_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_reset")),
    )
    op.create_index("ix_password_reset_actor_id", "password_reset", ["actor_id"])
    op.create_table(
        "user_preference",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_user_preference_actor_id")),
        sa.PrimaryKeyConstraint("actor_id", "project_id", "name", name=op.f("pk_user_preference")),
    )
