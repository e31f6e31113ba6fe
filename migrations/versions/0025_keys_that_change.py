"""A salt for a project's matching key, so that it can be changed."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table. Without a row a project's salt is empty, as it was."""
    op.create_table(
        "match_secret",
        sa.Column("project_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary(), nullable=True),
        sa.Column("reached", BigInt, server_default=sa.text("0"), nullable=False),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_match_secret_project_id_project")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_match_secret")),
    )
