"""What forms.lint said of a version when it came, so that pages can show it without compiling again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of versions that are there nothing is known."""
    op.add_column("form_version", sa.Column("findings", sa.JSON(), nullable=True))
