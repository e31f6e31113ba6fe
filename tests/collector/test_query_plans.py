"""No statement of the receiving path may read a whole table: at a million submissions that is the end of receiving."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

import accounts.app_users
import accounts.events
import collector.files
import collector.models
import collector.receipts
import collector.release
import collector.scope_keys
import collector.tally
import config.database
from accounts.scopes import EVERYTHING
from collector.models import Submission
from collector.reading import Selection
from config.statements import Statement
from tests.installation import Installation

# A search by the project alone walks all of it.
WHOLE_PROJECT = re.compile(r"\((\w+\.)?project_id=\?\)$")
# A project has a handful of these.
FEW = re.compile(r"SEARCH scope_property ")
MODULES = (
    accounts.app_users,
    accounts.events,
    collector.files,
    collector.receipts,
    collector.release,
    collector.scope_keys,
    collector.tally,
    config.database,
)
ONLY_POSTGRESQL = re.compile(r"nextval|unnest\(")
STATEMENTS = [
    pytest.param(value, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Statement) and not ONLY_POSTGRESQL.search(value.text(sqlite=True))
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_of_the_receiving_path_finds_its_rows_by_an_index(
    statement: Statement, post_node: Installation
) -> None:
    sql = statement.text(sqlite=True)
    values = [None] * sql.count("?")
    with post_node.services.database.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert not [
        step for step in plan if step.startswith("SCAN") or (WHOLE_PROJECT.search(step) and not FEW.match(step))
    ], plan


def test_an_inbox_of_waiting_receipts_is_read_from_its_own_index(post_node: Installation) -> None:
    sql = "EXPLAIN QUERY PLAN SELECT id FROM receipt WHERE project_id = 1 AND status = 'held' AND " + str(
        collector.models.WAITING
    )
    assert "ix_receipt_waiting" in post_node.rows(sql)[0][3]


@pytest.mark.parametrize("which", ["numbers", "names"])
def test_known_submissions_are_not_looked_for_in_the_whole_form(which: str, post_node: Installation) -> None:
    selection = Selection(1, 1, EVERYTHING)
    found = (
        selection.among([1, 2]) if which == "numbers" else [*selection.every(known=True), *selection.named("uuid:1")]
    )
    query = select(Submission).where(*found).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with post_node.services.database.reading() as session:
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert plan[0] == "SEARCH submission USING INDEX sqlite_autoindex_submission_1 (project_id=? AND id=?)", plan
