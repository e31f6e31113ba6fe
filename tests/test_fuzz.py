"""Every operation of the OpenAPI document, and every address beyond it, asked at random; `make fuzz` does it for longer."""

from pathlib import Path

import pytest

from tests.fuzz import Found, explore
from tests.fuzz_odd import failures
from tests.house import furnished


@pytest.mark.slow
def test_whatever_is_asked_is_answered_as_the_document_says(tmp_path: Path) -> None:
    found = Found()
    for house in furnished(tmp_path / "data"):
        explore(house, found, examples=2, number=1)
    assert str(found) == ""
    assert found.asked > 700


# Werkzeug leaves the file of an upload that breaks off to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_what_nobody_would_ask_is_no_failure_of_the_server_and_refused_changes_nothing(tmp_path: Path) -> None:
    for house in furnished(tmp_path / "data"):
        assert list(failures(house, number=1, count=300)) == []
