"""How far the answers that rules ask about must be looked up."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the number; for rules that are there already, of the newest submission."""
    with op.batch_alter_table("scope_property") as table:
        table.add_column(sa.Column("needed_to", BigInt, nullable=False, server_default="0"))
    op.execute(
        "UPDATE scope_property SET needed_to = "
        "coalesce((SELECT max(s.id) FROM submission s WHERE s.project_id = scope_property.project_id), 0)"
    )
    with op.batch_alter_table("scope_property") as table:
        table.alter_column("needed_to", server_default=None)
