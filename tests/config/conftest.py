"""Installations to copy and to put back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.services import Services
from tests.config.copies import Templates, fill, new_server, opened, used_server
from tests.installation import install


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """A used and an unused installation, made once and copied by each test that needs one."""
    folder = tmp_path_factory.mktemp("templates")
    for used in install(folder / "used"):
        fill(used)
        phone = used.phone
    with opened(folder / "unused"):
        pass
    # Every installation makes its own.
    (folder / "unused" / "secret.key").unlink()
    return Templates(folder / "used", phone, folder / "unused")


@pytest.fixture
def old(templates: Templates, tmp_path: Path) -> Iterator[Services]:
    """A filled server on SQLite."""
    with used_server(tmp_path / "old", templates) as services:
        yield services


@pytest.fixture
def new(templates: Templates, tmp_path: Path) -> Iterator[Services]:
    """An empty server on SQLite."""
    with new_server(tmp_path / "new", templates) as services:
        yield services
