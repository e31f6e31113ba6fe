"""Whether a project was taken back from the archive, or never in it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: of projects made before, nothing was said but that some are archived."""
    op.add_column("project", sa.Column("archived_said", sa.Boolean(), nullable=True))
