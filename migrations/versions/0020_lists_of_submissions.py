"""Lists and exports find which submissions they hold in the index alone."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NEWEST = "ix_submission_newest"
COLUMNS = ["project_id", "form_id", "draft_version_id", "created_at", "id"]


def upgrade() -> None:
    """A few bytes more for each submission; 200,000 of them take a fifth of a second."""
    op.drop_index(NEWEST, table_name="submission")
    op.create_index(NEWEST, "submission", [*COLUMNS, "deleted_at", "training", "review_state"])
