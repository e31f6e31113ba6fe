"""What was thirty days in the trash is gone for good, and stays gone."""

from datetime import timedelta

import pytest
import time_machine

from accounts.events import Happening, record
from collector.check import check_everything
from config.clock import now
from sync.jobs import purge_submissions
from tests.collector.receiving import message, set_in_trash, submissions
from tests.collector.rest import NOT_FOUND, Caller, admin_of, created, one, problem
from tests.installation import Installation, instance, new_id


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def stay_awake(relais: Installation) -> None:
    """Something happens, so that the clock is believed."""
    with relais.services.database.transaction() as session:
        record(session, Happening(1, "form.submission.export"))


def test_everything_of_it_goes_but_what_was_done_stays_in_the_log(relais: Installation, admin: Caller) -> None:
    first, second, kept = new_id(), new_id(), created(admin, name="Kept")
    relais.post(instance(first, name="Gone", photo="a.jpg"), {"a.jpg": b"\xff\xd8\xffx"})
    relais.post(instance(second, deprecated_id=first, name="Gone", photo="a.jpg"))
    relais.post(instance(first, name="Gone as well"))
    admin.call("POST", one(first, "comments"), json={"body": "Gone"})
    admin.call("DELETE", one(first), headers={"X-Action-Notes": "Gone"})
    assert purge_submissions(relais.services) == 0
    with time_machine.travel(now() + timedelta(days=31)):
        stay_awake(relais)
        assert purge_submissions(relais.services) == 1
        assert purge_submissions(relais.services) == 0
    assert problem(admin.call("POST", one(first, "restore"))) == NOT_FOUND
    assert [each["instanceId"] for each in admin.json("submissions")] == [kept]
    assert relais.rows("SELECT count(*) FROM receipt") == [(1,)]
    assert relais.rows("SELECT count(*) FROM receipt_file") == [(0,)]
    assert relais.rows("SELECT count(*) FROM comment") == [(0,)]
    assert relais.rows("SELECT count(*) FROM event_note WHERE body <> ''") == [(0,)]
    assert relais.rows("SELECT count(*) FROM event WHERE action = 'submission.purge'") == [(1,)]
    assert check_everything(relais.services).faults == []


def test_a_replay_does_not_bring_it_back(relais: Installation, admin: Caller) -> None:
    first = created(admin)
    set_in_trash(relais, submissions(relais)[0].id)
    with time_machine.travel(now() + timedelta(days=31)):
        stay_awake(relais)
        assert purge_submissions(relais.services) == 1
        answer = relais.post(instance(first))
        assert (answer.status_code, "effacée" in message(answer)) == (202, True)
        refused = (409, 409.18, "This submission has been deleted. You may not resubmit it.")
        assert problem(admin.send(instance(first))) == refused
    assert submissions(relais) == []


def test_a_clock_that_jumps_empties_nothing(post_node: Installation) -> None:
    admin = admin_of(post_node)
    created(admin)
    set_in_trash(post_node, submissions(post_node)[0].id)
    with time_machine.travel(now() + timedelta(days=3650)):
        assert purge_submissions(post_node.services) == 0
    with time_machine.travel(now() - timedelta(days=3650)):
        assert purge_submissions(post_node.services) == 0
