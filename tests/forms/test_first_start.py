"""What is made before anything else: the schema, the installation's identity, roles and sequences."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app import create_app
from config.schema import is_current, upgrade
from config.services import Services
from config.settings import Settings
from forms.first_start import first_phone, first_start, prepare_database
from forms.models import Form
from tests.installation import Installation


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Services]]:
    """An empty database, opened by three processes."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with ExitStack() as stack:
        opened = [create_app(Settings(data=tmp_path, database_url=url)).extensions["relais"] for _ in range(3)]
        for services in opened:
            stack.enter_context(closing(services.database))
        yield opened


def facts(services: Services) -> dict[str, int]:
    with services.database.engine.connect() as connection:
        assert is_current(connection)
        counts = ("server", "role", "project", "web_user")
        return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in counts}


def test_processes_that_start_at_once_make_one_installation(empty: list[Services]) -> None:
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(prepare_database, services) for services in empty]:
            done.result()
    assert facts(empty[0]) == {"server": 1, "role": 4, "project": 0, "web_user": 0}


def test_whoever_was_killed_after_migrating_finds_the_rest_made(empty: list[Services]) -> None:
    with empty[0].database.engine.connect().execution_options(relais_write=True) as connection, connection.begin():
        upgrade(connection)
    assert facts(empty[0])["server"] == 0
    prepare_database(empty[1])
    assert facts(empty[0])["server"] == 1


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
        with services.database.engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE web_user RENAME TO gone")
        with pytest.raises(Exception, match="web_user"):
            first_start(services)
        with services.database.engine.connect() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO web_user")
        assert facts(services)["project"] == 0
        welcome = first_start(services)
        assert welcome is not None
        assert welcome.password_is_new
        with services.database.reading() as session:
            assert session.query(Form).count() == 4
