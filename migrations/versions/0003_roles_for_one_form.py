"""Roles for one form, under ODK Central's numbers; app users have theirs for the whole project."""

import sqlalchemy as sa
from alembic import op

from config.columns import BigInt, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Tools of the ecosystem write these numbers into addresses.
NUMBERS = {"admin": 1, "app-user": 2, "manager": 5, "viewer": 6}


def upgrade() -> None:
    """Number the roles anew, and make the assignments again with a form in their key."""
    op.add_column("role", sa.Column("created_at", Moment(), nullable=True))
    op.add_column("role", sa.Column("updated_at", Moment(), nullable=True))
    op.execute(
        "CREATE TABLE assignment_kept AS SELECT a.actor_id, r.system, a.project_id "
        "FROM assignment a JOIN role r ON r.id = a.role_id"
    )
    op.drop_table("assignment")
    # Two steps: a number may still be another role's.
    op.execute("UPDATE role SET id = id + 1000, created_at = (SELECT created_at FROM server WHERE id = 1)")
    for system, number in NUMBERS.items():
        op.execute(
            sa.text("UPDATE role SET id = :number WHERE system = :system").bindparams(number=number, system=system)
        )
    op.create_table(
        "assignment",
        sa.Column("actor_id", BigInt, nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_assignment_actor_id")),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_assignment_role_id")),
        sa.PrimaryKeyConstraint("actor_id", "role_id", "project_id", "form_id", name=op.f("pk_assignment")),
    )
    op.execute(
        "INSERT INTO assignment (actor_id, role_id, project_id, form_id) "
        "SELECT k.actor_id, r.id, k.project_id, 0 FROM assignment_kept k JOIN role r ON r.system = k.system"
    )
    op.drop_table("assignment_kept")
    # Until now every app user had every form of its project.
    op.execute(
        "INSERT INTO assignment (actor_id, role_id, project_id, form_id) "
        "SELECT u.actor_id, r.id, u.project_id, 0 FROM app_user u JOIN role r ON r.system = 'app-user'"
    )
