"""An index of what was sent to drafts, so that it can be taken away with them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TRIED = sa.text("draft_version_id <> 0")


def upgrade() -> None:
    """Add the index; what is collected in earnest is not in it."""
    op.create_index(
        "ix_receipt_draft",
        "receipt",
        ["project_id", "draft_version_id", "id"],
        unique=False,
        sqlite_where=TRIED,
        postgresql_where=TRIED,
    )
