"""How many suspected pairs the people of a project can look at."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; without a row a project is shown as many as suit its size."""
    op.create_table(
        "review_capacity",
        sa.Column("project_id", BigInt, nullable=False, autoincrement=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"]),
        sa.PrimaryKeyConstraint("project_id"),
    )
