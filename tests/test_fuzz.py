"""Every operation of the OpenAPI document, asked at random: see tests/fuzz.py, which does the same for longer."""

from pathlib import Path

import pytest

from tests.fuzz import Found, explore
from tests.house import furnished


@pytest.mark.slow
def test_whatever_is_asked_is_answered_as_the_document_says(tmp_path: Path) -> None:
    found = Found()
    for house in furnished(tmp_path / "data"):
        explore(house, found, examples=2, number=1)
    assert str(found) == ""
    assert found.asked > 700
