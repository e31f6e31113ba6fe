"""Whom an event is about, and its words apart from the log, so that they can be erased."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table; older events are about their form or project."""
    op.add_column("event", sa.Column("actee_id", sa.String(length=36), nullable=True))
    op.create_table(
        "event_words",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("redacted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "seq", name=op.f("pk_event_words")),
    )
