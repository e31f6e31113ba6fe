"""What people wrote with a verdict stands apart from it, and dies with either submission."""

import logging

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")

DECISION = sa.table(
    "dup_decision",
    sa.column("project_id", BigInt),
    sa.column("uid", sa.String),
    sa.column("xml_form_id", sa.String),
    sa.column("one", sa.String),
    sa.column("other", sa.String),
    sa.column("body", sa.JSON),
)
FORM = sa.table("form", sa.column("project_id", BigInt), sa.column("id", BigInt), sa.column("xml_form_id", sa.String))
SUBMISSION = sa.table(
    "submission",
    sa.column("project_id", BigInt),
    sa.column("id", BigInt),
    sa.column("form_id", BigInt),
    sa.column("draft_version_id", BigInt),
    sa.column("instance_id", sa.String),
)


def upgrade() -> None:
    """Make the table, then take the words out of the verdicts; those about submissions that are gone go."""
    op.create_table(
        "dup_word",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("one_id", BigInt, nullable=False),
        sa.Column("other_id", BigInt, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id", "uid"], ["dup_decision.project_id", "dup_decision.uid"]),
        *(
            sa.ForeignKeyConstraint(
                ["project_id", side], ["submission.project_id", "submission.id"], ondelete="CASCADE"
            )
            for side in ("one_id", "other_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "uid"),
    )
    op.create_index("ix_dup_word_one", "dup_word", ["project_id", "one_id"])
    op.create_index("ix_dup_word_other", "dup_word", ["project_id", "other_id"])
    connection, moved = op.get_bind(), 0
    for row in connection.execute(sa.select(DECISION)).all():
        words = row.body.get("reason")
        if not words:
            continue
        sides = [_number(connection, row, name) for name in (row.one, row.other)]
        if all(sides):
            facts = {"project_id": row.project_id, "uid": row.uid, "one_id": sides[0], "other_id": sides[1]}
            op.bulk_insert(_words(), [{**facts, "body": words}])
            moved += 1
        of_row = (DECISION.c.project_id == row.project_id, DECISION.c.uid == row.uid)
        connection.execute(sa.update(DECISION).where(*of_row).values(body={**row.body, "reason": ""}))
    log.info("reasons of verdicts that stand apart now: %s", moved)


def _words() -> sa.TableClause:
    names = ("project_id", "uid", "one_id", "other_id", "body")
    return sa.table("dup_word", *(sa.column(name) for name in names))


def _number(connection: sa.Connection, decision: sa.Row[tuple[object, ...]], name: str) -> int | None:
    query = (
        sa.select(SUBMISSION.c.id)
        .join(FORM, (FORM.c.project_id == SUBMISSION.c.project_id) & (FORM.c.id == SUBMISSION.c.form_id))
        .where(
            FORM.c.project_id == decision.project_id,
            FORM.c.xml_form_id == decision.xml_form_id,
            SUBMISSION.c.draft_version_id == 0,
            SUBMISSION.c.instance_id == name,
        )
    )
    found: int | None = connection.execute(query).scalar()
    return found
