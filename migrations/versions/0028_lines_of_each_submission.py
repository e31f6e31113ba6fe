"""Lines rendered beforehand know where each submission begins, and how they are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Throw away what was rendered, which is made again, and change its tables."""
    for table in ("rendered_block", "rendered_segment", "rendition"):
        op.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - names from above
    with op.batch_alter_table("rendition") as rendition:
        rendition.drop_column("checked_seq")
        rendition.add_column(sa.Column("request", sa.JSON(), nullable=True))
    with op.batch_alter_table("rendered_block") as block:
        block.add_column(sa.Column("cuts", sa.LargeBinary(), nullable=False))
