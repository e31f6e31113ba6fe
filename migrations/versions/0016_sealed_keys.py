"""Managed encryption: a key of the project, its private half sealed with a passphrase."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no project is encrypted yet."""
    op.add_column("encryption_key", sa.Column("managed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("encryption_key", sa.Column("hint", sa.String(), nullable=True))
    op.add_column("encryption_key", sa.Column("sealed", sa.JSON(), nullable=True))
    op.add_column("project", sa.Column("key_id", BigInt, nullable=True))
