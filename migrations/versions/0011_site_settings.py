"""What the site is set to, and properties of app users and public links."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "site_setting",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.String(length=255), nullable=True),
        sa.Column("set_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_site_setting")),
    )
    op.create_table(
        "actor_property",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_actor_property_project_id")),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_actor_property")),
    )
    op.create_table(
        "actor_property_value",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_actor_property_value_actor_id")),
        sa.ForeignKeyConstraint(
            ["project_id", "name"],
            ["actor_property.project_id", "actor_property.name"],
            name=op.f("fk_actor_property_value_project_id_name"),
        ),
        sa.PrimaryKeyConstraint("project_id", "actor_id", "name", name=op.f("pk_actor_property_value")),
    )
