"""The surveys filled again and again with seeded chance: whatever is refused would strand an enumerator."""

import os
from collections.abc import Callable

import pytest

from tests.forms.surveys import SURVEYS
from tests.respondent import JavaRespondent

# A release is filled with SURVEY_FILLS=1000 (ten minutes).
FILLS = int(os.environ.get("SURVEY_FILLS", "8"))


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.timeout(60 + FILLS)
@pytest.mark.parametrize("survey", SURVEYS)
def test_javarosa_refuses_none_of_many_fillings(phones: Callable[[str], JavaRespondent], survey: str) -> None:
    phone = phones(survey)
    for filled in phone.fills(FILLS):
        assert b">NaN<" not in filled.xml
        assert b">Infinity<" not in filled.xml
    assert phone.rejected == {}
    assert phone.proposer.rejected == {}
