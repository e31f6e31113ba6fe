"""What every test may ask for. Fixtures of one package live in that package's own conftest.py."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import argon2
import hypothesis
import pytest

from accounts import guessing, passwords
from forms import odk_validate
from tests import postgres as postgres_programs
from tests.command import Command, Ran, run
from tests.installation import Installation, Template, copied, make_template
from tests.rewind import remember, rewind
from tests.served import Place, Served, serving
from tests.skips import (  # noqa: F401 (pytest finds the hooks here)
    IN_CI,
    pytest_make_collect_report,
    pytest_runtest_makereport,
    pytest_terminal_summary,
    require_tool,
)

# A developer's own settings must not decide what a test sees.
for name in [name for name in os.environ if name.startswith("RELAIS_") and not name.startswith("RELAIS_TEST_")]:
    del os.environ[name]

HUB_DATABASE = "relais_hub"
_database_numbers = itertools.count(1)

# No deadline: two busy cores make one example slow and prove nothing. In CI the examples are the same every time.
hypothesis.settings.register_profile("relais", deadline=None, derandomize=IN_CI, print_blob=True)
hypothesis.settings.load_profile("relais")


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_programs.Server]:
    """A PostgreSQL server for this test process, started by the first test that asks."""
    present = postgres_programs.find_binaries() is not None
    require_tool("PostgreSQL", present, postgres_programs.HOW_TO_INSTALL)
    # Not pytest's own folder: that is closed to `nobody`.
    folder = Path(tempfile.mkdtemp(prefix="relais-tests-", dir="/tmp"))
    folder.chmod(0o755)
    server = postgres_programs.start(folder / "data")
    yield server
    server.remove()
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres: postgres_programs.Server) -> Iterator[str]:
    """The URL of an empty database of this test alone."""
    name = f"test_{next(_database_numbers)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    """A password hash that costs nothing: what is tested is what is done with it."""
    passwords.hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def _no_second_judge() -> None:
    """ODK Validate costs half a second for each workbook; tests about it bring it back."""
    odk_validate.command = None


@pytest.fixture(autouse=True)
def _nobody_has_guessed() -> None:
    """What one test guesses must not slow the next."""
    guessing.sources.forget()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A fresh installation on SQLite, to be copied."""
    return make_template(tmp_path_factory.mktemp("template") / "data")


@pytest.fixture(scope="session")
def postgres_template(postgres: postgres_programs.Server, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A fresh installation on PostgreSQL, whose folder is copied and whose database is rewound."""
    url = postgres.create_database(HUB_DATABASE)
    template = make_template(tmp_path_factory.mktemp("template") / "data", url)
    remember(url)
    return template


@pytest.fixture
def post_node(sqlite_template: Template, tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation on SQLite, for what does not touch storage."""
    yield from copied(sqlite_template, tmp_path / "data")


@pytest.fixture
def hub(postgres: postgres_programs.Server, postgres_template: Template, tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation on PostgreSQL, for what SQLite cannot do."""
    url = postgres.url(HUB_DATABASE)
    rewind(url)
    yield from copied(postgres_template, tmp_path / "data", url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def relais(request: pytest.FixtureRequest) -> Installation:
    """A fresh installation, once on SQLite and once on PostgreSQL."""
    on_sqlite = request.param == "sqlite" or os.environ.get("RELAIS_TEST_DATABASE") == "sqlite"
    installation: Installation = request.getfixturevalue("post_node" if on_sqlite else "hub")
    return installation


@pytest.fixture(scope="module")
def served(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real server on a socket, shared by a module's tests: each makes its own project with `place`."""
    for relais in copied(sqlite_template, tmp_path_factory.mktemp("served") / "data"):
        with serving(relais) as running:
            yield running


@pytest.fixture
def place(served: Served) -> Place:
    """A project of this test's own on the served installation."""
    return served.place()


@pytest.fixture
def command(served: Served) -> Command:
    """`relais …` on the folder of the served installation, as another process would run it."""
    folder = served.relais.services.settings.data

    def call(*arguments: object, **more: Any) -> Ran:
        return run(*arguments, **{"data": folder, "public_url": served.url, **more})

    return call


@pytest.fixture
def quiet_folder(sqlite_template: Template, tmp_path: Path) -> Path:
    """The data folder of an installation that nothing serves."""
    shutil.copytree(sqlite_template.folder, tmp_path / "data")
    return tmp_path / "data"
