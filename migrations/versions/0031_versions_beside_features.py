"""The version of the form that a matched submission was filled with stands beside its features: candidates are read without their receipts."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for what was matched before: then the receipt is asked."""
    op.add_column("dup_feature", sa.Column("version_id", BigInt, nullable=True))
