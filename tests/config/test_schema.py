"""The migrations make what the models say, on both databases alike."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect

from accounts.models import SEQUENCES
from config.database import Database, Model, engine_options, next_ids
from config.schema import differences, is_current, upgrade
from tests.installation import Installation


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}" if on_sqlite else request.getfixturevalue("postgres_url")
    database = Database(create_engine(url, **engine_options(url)))
    yield database.engine
    database.close()


def partial_indexes(connection: Connection) -> set[tuple[str, str]]:
    """(table, index) of every index with a condition."""
    inspector = inspect(connection)
    return {
        (table, str(index["name"]))
        for table in inspector.get_table_names()
        for index in inspector.get_indexes(table)
        if index["dialect_options"].get(f"{connection.dialect.name}_where") is not None
    }


def test_an_upgrade_makes_what_the_models_say_and_can_be_repeated(engine: Engine) -> None:
    with engine.connect() as connection:
        assert not is_current(connection)
        upgrade(connection)
        connection.commit()
        upgrade(connection)
        assert is_current(connection)
        differences(connection)
        assert set(inspect(connection).get_table_names()) == {*Model.metadata.tables, "alembic_version"}
        said = {
            (table.name, index.name)
            for table in Model.metadata.sorted_tables
            for index in table.indexes
            if index.dialect_options[connection.dialect.name]["where"] is not None
        }
        assert partial_indexes(connection) == said


def test_an_upgrade_that_is_not_committed_leaves_nothing(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        upgrade(connection)
        transaction.rollback()
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_every_sequence_counts_on_both_databases(relais: Installation, subtests: pytest.Subtests) -> None:
    database = relais.services.database
    for name in SEQUENCES:
        with subtests.test(name):
            with database.transaction() as session:
                first = next_ids(session.connection(), name, 3)
                (following,) = next_ids(session.connection(), name)
            assert first == list(range(first[0], first[0] + 3))
            assert following == first[0] + 3
            with suppress(ZeroDivisionError), database.transaction() as session:
                assert next_ids(session.connection(), name)[0] > following
                raise ZeroDivisionError
            with database.transaction() as session:
                assert next_ids(session.connection(), name)[0] > following
