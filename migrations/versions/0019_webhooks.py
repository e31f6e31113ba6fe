"""Addresses that are told what changes."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody is told anything yet."""
    op.create_table(
        "webhook",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("xml_form_ids", sa.JSON(), nullable=True),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("secret_no", sa.Integer(), nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("sending_to", BigInt, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_after", Moment(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(16), nullable=True),
        sa.Column("last_sent_at", Moment(), nullable=True),
        sa.Column("told", BigInt, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "id"),
    )
    op.create_index("ix_webhook_due", "webhook", ["active", "retry_after"])
    if op.get_bind().dialect.name == "sqlite":
        counter = sa.table("id_sequence", sa.column("name", sa.String), sa.column("last", sa.BigInteger))
        op.bulk_insert(counter, [{"name": "webhook", "last": 0}])
    else:
        op.execute(sa.schema.CreateSequence(sa.Sequence("webhook_id")))
