"""What is made before anything else: the schema, the installation's identity, roles and sequences."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from accounts.roles import ROLES
from app import create_app
from config.schema import is_current, upgrade
from config.services import Services
from config.settings import Settings
from forms.first_start import first_phone, first_start, prepare_database
from forms.models import Form
from tests.command import spawn
from tests.installation import Installation


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """An installation with an empty database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    services: Services = create_app(Settings(data=tmp_path, database_url=url)).extensions["relais"]
    with closing(services.database):
        yield services


def facts(services: Services) -> dict[str, int]:
    with services.database.engine.connect() as connection:
        assert is_current(connection)
        counts = ("server", "role", "project", "web_user")
        return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in counts}


@pytest.mark.slow
def test_processes_that_start_at_once_make_one_installation(empty: Services) -> None:
    settings: dict[str, Any] = {"data": empty.settings.data, "database_url": empty.settings.database_url}
    with ThreadPoolExecutor(2) as pool:
        ran = [pool.submit(spawn, "project", "create", f"Projet {number}", **settings) for number in range(2)]
    assert [(each.result().code, each.result().err.count("\n")) for each in ran] == [(0, 1)] * 2
    assert facts(empty) == {"server": 1, "role": len(ROLES), "project": 2, "web_user": 0}


def test_whoever_was_killed_after_migrating_finds_the_rest_made(empty: Services) -> None:
    with empty.database.engine.connect().execution_options(relais_write=True) as connection, connection.begin():
        upgrade(connection)
    assert facts(empty)["server"] == 0
    prepare_database(empty)
    assert facts(empty)["server"] == 1


def test_a_role_that_a_new_version_of_the_program_changes_is_brought_up_to_date(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE role SET verbs = '[]' WHERE system = 'manager'")
    prepare_database(post_node.services)
    ((verbs,),) = post_node.rows("SELECT verbs FROM role WHERE system = 'manager'")
    assert "submission.create" in verbs


def test_where_there_are_people_nothing_is_made(post_node: Installation) -> None:
    with post_node.app.app_context():
        assert first_start(post_node.services) is None
    assert facts(post_node.services)["project"] == 1
    phone = first_phone(post_node.services)
    assert phone == post_node.phone


@pytest.mark.slow
def test_the_first_start_is_all_or_nothing(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, reserve_bytes=0))
    services: Services = app.extensions["relais"]
    with closing(services.database), app.app_context():
        prepare_database(services)
        with services.database.transaction() as session:
            session.execute(text("ALTER TABLE collect_login RENAME TO gone"))
        with pytest.raises(DBAPIError, match="collect_login"):
            first_start(services)
        with services.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Form)) == 0
        assert (facts(services)["project"], facts(services)["web_user"]) == (0, 0)
