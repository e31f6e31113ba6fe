"""Near copies: the answers to choose from of every submission as small numbers, and what is too alike on a form."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns, and have the worker match everything again, which fills them."""
    op.create_table(
        "near_form",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("standard", sa.JSON(), nullable=True),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("stamp", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "form_id"),
    )
    op.create_table(
        "near_choice",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("h", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "form_id"], ["near_form.project_id", "near_form.form_id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "form_id", "column_no", "code"),
    )
    op.add_column("dup_feature", sa.Column("vector", sa.LargeBinary(), nullable=True))
    op.add_column("dup_feature", sa.Column("near_evidence", sa.LargeBinary(), nullable=True))
    op.add_column("dup_pair", sa.Column("near", sa.JSON(), nullable=True))
    op.add_column("dup_pair", sa.Column("near_evidence", sa.String(32), nullable=True))
    op.execute(sa.text("UPDATE dup_form SET rescan_after = 0"))
