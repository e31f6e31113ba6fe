"""Public links: whoever has the address may fill in one form."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "public_link",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("once", sa.Boolean(), nullable=True),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_public_link_actor_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_public_link_project_id")),
        sa.ForeignKeyConstraint(["created_by"], ["actor.id"], name=op.f("fk_public_link_created_by")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_public_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_public_link_token_hash")),
    )
    op.create_index("ix_public_link_project_id_form_id", "public_link", ["project_id", "form_id"])
