"""What several tests of duplicates begin with."""

import pytest

from tests.collector.rest import Caller, admin_of
from tests.installation import Installation
from tests.sync.people_form import MAHAMADOU, MAMADOU, THIRD, people_form, send
from tests.sync.test_matching_stored import matched


@pytest.fixture
def three(relais: Installation) -> list[str]:
    """Three submissions of one man, matched."""
    relais.publish(people_form())
    found = [send(relais, **each) for each in (MAHAMADOU, MAMADOU, THIRD)]
    matched(relais)
    return found


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)
