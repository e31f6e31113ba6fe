"""Submissions left out in favour of another, counted apart; which suspected pairs a person is asked about."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NEWEST = (
    "project_id",
    "form_id",
    "draft_version_id",
    "created_at",
    "id",
    "deleted_at",
    "training",
    "review_state",
)
_TALLY = "project_id, form_id, draft_version_id, training, review_state"


def upgrade() -> None:
    """Add the columns. Nobody is left out yet: forms are matched again, and with that what was decided takes effect."""
    op.add_column("submission", sa.Column("duplicate_of", BigInt, nullable=True))
    left_out = sa.text("duplicate_of IS NOT NULL")
    op.create_index(
        "ix_submission_duplicate",
        "submission",
        ["project_id", "duplicate_of"],
        sqlite_where=left_out,
        postgresql_where=left_out,
    )
    # Lists and exports find which submissions they hold in this index alone.
    op.drop_index("ix_submission_newest", table_name="submission")
    op.create_index("ix_submission_newest", "submission", [*_NEWEST, "duplicate_of"])
    _count_duplicates_apart()
    op.create_index("ix_dup_decision_other", "dup_decision", ["project_id", "xml_form_id", "other"])
    op.add_column("dup_pair", sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.true()))
    asked = sa.text("asked")
    op.create_index(
        "ix_dup_pair_asked", "dup_pair", ["project_id", "form_id"], sqlite_where=asked, postgresql_where=asked
    )
    op.execute("UPDATE dup_form SET rescan_after = 0")


def _count_duplicates_apart() -> None:
    """A few rows, kept aside while the table is made anew: `duplicate` belongs to its key."""
    op.execute(f"CREATE TABLE tally_kept AS SELECT {_TALLY}, count FROM submission_tally")  # noqa: S608 - our words
    op.drop_table("submission_tally")
    op.create_table(
        "submission_tally",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("draft_version_id", BigInt, nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("review_state", sa.String(length=16), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("count", BigInt, nullable=False),
        sa.PrimaryKeyConstraint(*_TALLY.split(", "), "duplicate", name=op.f("pk_submission_tally")),
    )
    op.execute(
        f"INSERT INTO submission_tally ({_TALLY}, duplicate, count) SELECT {_TALLY}, false, count FROM tally_kept"  # noqa: S608 - our words
    )
    op.drop_table("tally_kept")
