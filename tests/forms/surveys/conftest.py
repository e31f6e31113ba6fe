"""Interviewers: our own engine everywhere, JavaRosa (Collect's) where a JDK is."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache

import pytest

from tests.forms.surveys import MEDIA, NIAMEY, NOW, compiled
from tests.respondent import Filled, JavaRespondent, available
from tests.respondent.form import XForm
from tests.respondent.interview import Answer, Interview, conduct, values_of
from tests.skips import require_tool

# Fill a survey by the script: `interview("flow_monitoring", {"n_men": 3, …})`.
Interviewer = Callable[[str, Mapping[str, Answer]], Interview]


@cache
def _form(survey: str) -> XForm:
    return XForm(compiled(survey), MEDIA)


def _own(survey: str, answers: Mapping[str, Answer]) -> Interview:
    return conduct(_form(survey), answers, NOW)


@pytest.fixture(scope="session")
def phones() -> Iterator[Callable[[str], JavaRespondent]]:
    """JavaRosa with a survey open, started once for each."""
    open_forms: dict[str, JavaRespondent] = {}

    def phone(survey: str) -> JavaRespondent:
        if survey not in open_forms:
            require_tool("a JDK", available(), "apt install openjdk-17-jdk-headless")
            open_forms[survey] = JavaRespondent(compiled(survey), MEDIA, seed=300)
        return open_forms[survey]

    yield phone
    for respondent in open_forms.values():
        respondent.close()


@pytest.fixture(params=["own", pytest.param("javarosa", marks=[pytest.mark.java, pytest.mark.slow])])
def interview(request: pytest.FixtureRequest) -> Interviewer:
    """The same script for either engine; where both are, they must agree with the test, and so with each other."""
    if request.param == "own":
        return _own
    if datetime.now(NIAMEY).date() != NOW.date():
        pytest.skip("midnight has passed in Niamey since the run began; JavaRosa has its own clock")
    phone: Callable[[str], JavaRespondent] = request.getfixturevalue("phones")

    def by_javarosa(survey: str, answers: Mapping[str, Answer]) -> Interview:
        proposal = _own(survey, answers)
        finished = phone(survey).finish(proposal.filled)
        if isinstance(finished, Filled):
            return Interview(values_of(finished.xml, _form(survey)), None, finished)
        path, reason = finished
        name = path.rpartition("/")[2].partition("[")[0]
        why = next(one for one in ("not offered", "required", "constraint") if one in reason)
        return Interview(proposal.values, (name, why), proposal.filled)

    return by_javarosa
