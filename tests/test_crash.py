"""Three rounds of `make crash` on each database."""

from pathlib import Path

import pytest

from tests import crash, postgres
from tests.skips import require_tool

pytestmark = pytest.mark.slow

ROUNDS = 3


def assert_nothing_is_lost(outcome: crash.Outcome) -> None:
    assert outcome.faults == []
    assert outcome.rounds == ROUNDS
    # Otherwise nobody was sending when the server died, and the rounds show nothing.
    assert outcome.sent > 20
    assert outcome.cut > 0


def test_nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed(tmp_path: Path) -> None:
    outcome = crash.run(tmp_path, ROUNDS, seed=1)
    assert_nothing_is_lost(outcome)
    assert max(outcome.starts) < 20  # 2 s on an idle machine; the kill must not make the next start a long one


@pytest.mark.postgres
def test_nothing_acknowledged_is_lost_or_doubled_when_postgresql_is_killed(tmp_path: Path) -> None:
    require_tool("PostgreSQL", postgres.find_binaries() is not None, postgres.HOW_TO_INSTALL)
    assert_nothing_is_lost(crash.run(tmp_path, ROUNDS, seed=2, on_postgres=True))
