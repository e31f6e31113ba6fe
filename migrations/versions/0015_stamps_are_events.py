"""Whether a form's submissions have changed is told by its last event; a number of its own is not needed."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the table of numbers."""
    op.drop_table("form_stamp")
