"""Whether anybody has said anything about a suspected pair, beside it: what is shown need not ask all decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it, and look it up once for the pairs that are here."""
    op.add_column("dup_pair", sa.Column("said", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        sa.text(
            "UPDATE dup_pair SET said = TRUE WHERE EXISTS (SELECT 1 FROM dup_decision d "
            "JOIN form f ON f.project_id = d.project_id AND f.xml_form_id = d.xml_form_id "
            "JOIN submission a ON a.project_id = dup_pair.project_id AND a.id = dup_pair.one_id "
            "JOIN submission b ON b.project_id = dup_pair.project_id AND b.id = dup_pair.other_id "
            "WHERE d.project_id = dup_pair.project_id AND f.id = dup_pair.form_id "
            "AND ((d.one = a.instance_id AND d.other = b.instance_id) OR (d.one = b.instance_id AND d.other = a.instance_id)))"
        )
    )
