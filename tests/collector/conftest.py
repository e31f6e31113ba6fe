"""What tests of the collector share."""

from collections.abc import Iterator

import pytest

from tests.collector.feeds import fill
from tests.collector.odd_data import fill_oddly
from tests.installation import Installation, Template, copied


@pytest.fixture(scope="session")
def filled(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with the form of tests/collector/feeds.py, to be read only."""
    for relais in copied(sqlite_template, tmp_path_factory.mktemp("filled") / "data"):
        fill(relais)
        yield relais


@pytest.fixture(scope="session")
def odd(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with the form of tests/collector/odd_data.py, to be left as it is."""
    for relais in copied(sqlite_template, tmp_path_factory.mktemp("odd") / "data"):
        fill_oddly(relais)
        yield relais
