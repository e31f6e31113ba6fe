"""What is seen of interviews is seen across the forms of a project: phones and people have one number in all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find phones and people without their form, and have the worker match everything again, which numbers them anew."""
    for name in ("device", "who"):
        op.drop_index(f"ix_seen_interview_{name}", "seen_interview")
        op.create_index(f"ix_seen_interview_{name}", "seen_interview", ["project_id", name, "start"])
    op.execute(sa.text("UPDATE dup_form SET rescan_after = 0"))
