"""The last thing that happened to a form is found by an index: readers ask for it to know whether to read again."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_event_form", "event", ["project_id", "form_id", "seq"])
