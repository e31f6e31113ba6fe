"""Why evidence about interviews is as it is: said once, never changed, so that servers can unite what was said on each."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what was said, and by which saying evidence stands explained. What was explained before stays so, and does not travel."""
    op.create_table(
        "seen_saying",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("one_form", sa.String(255), nullable=False),
        sa.Column("one", sa.String(255), nullable=False),
        sa.Column("other_form", sa.String(255), nullable=False),
        sa.Column("other", sa.String(255), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "uid"),
    )
    op.create_index("ix_seen_saying_one", "seen_saying", ["project_id", "one"])
    waiting = sa.text("NOT placed")
    op.create_index(
        "ix_seen_saying_waiting", "seen_saying", ["project_id"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.add_column("seen_explained", sa.Column("uid", sa.String(36), nullable=False, server_default=""))
