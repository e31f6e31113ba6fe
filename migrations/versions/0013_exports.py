"""Exports somebody asked for, presets, and lines rendered beforehand."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SEQUENCES = ("export", "rendition")
UNFINISHED = sa.text("status IN ('queued', 'running')")


def upgrade() -> None:
    """Make the tables and the numbers of their rows."""
    op.create_table(
        "export",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("total", BigInt, nullable=False),
        sa.Column("done", BigInt, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("passport", sa.JSON(), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=True),
        sa.Column("size", BigInt, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_export_status")),
        sa.ForeignKeyConstraint(
            ["project_id", "form_id"], ["form.project_id", "form.id"], name=op.f("fk_export_project_id_form_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_export")),
    )
    op.create_index("ix_export_form", "export", ["project_id", "form_id", "actor_id", "id"])
    op.create_index(
        "ix_export_unfinished", "export", ["project_id", "id"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_table(
        "export_preset",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "form_id"], ["form.project_id", "form.id"], name=op.f("fk_export_preset_project_id_form_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_export_preset")),
    )
    op.create_index(
        "uq_export_preset_name", "export_preset", ["project_id", "form_id", "actor_id", "name"], unique=True
    )
    _make_renditions()
    if op.get_bind().dialect.name == "sqlite":
        counter = sa.table("id_sequence", sa.column("name"), sa.column("last"))
        op.bulk_insert(counter, [{"name": name, "last": 0} for name in SEQUENCES])
    else:
        for name in SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{name}_id")))


def _make_renditions() -> None:
    op.create_table(
        "rendition",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("checked_seq", BigInt, nullable=False),
        sa.Column("used_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_rendition")),
    )
    op.create_index("uq_rendition_key", "rendition", ["project_id", "form_id", "key"], unique=True)
    op.create_table(
        "rendered_segment",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("rendition_id", BigInt, nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "rendition_id"],
            ["rendition.project_id", "rendition.id"],
            name=op.f("fk_rendered_segment_project_id_rendition_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_rendered_segment")),
    )
    op.create_index("ix_rendered_segment_rendition", "rendered_segment", ["project_id", "rendition_id"])
    op.create_table(
        "rendered_block",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("segment_id", BigInt, nullable=False),
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("crc", BigInt, nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "segment_id"],
            ["rendered_segment.project_id", "rendered_segment.id"],
            name=op.f("fk_rendered_block_project_id_segment_id"),
        ),
        sa.PrimaryKeyConstraint("project_id", "segment_id", "sheet", name=op.f("pk_rendered_block")),
    )
