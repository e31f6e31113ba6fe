"""What two processes do to one instance on PostgreSQL, step by step: neither sees what the other has not committed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from collector import release, settle
from collector.arrival import Arrival, Sender, unpacked
from collector.intake import receive
from collector.outcomes import Outcome
from collector.receipts import Known
from config.problem import Problem
from tests.collector.receiving import RULES, admin_id, is_sound, receipt, status, submissions
from tests.installation import Installation, instance, new_id, xform
from tests.rewind import connect

pytestmark = pytest.mark.postgres

WAITING_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def take_in(relais: Installation, session: Session, xml: bytes) -> Outcome:
    """Receive within a transaction that is still open."""
    arrival = Arrival(relais.project_id, xml, Sender(relais.phone.actor_id, None, None))
    answer = receive(session.connection(), arrival, RULES, relais.services.secret)
    assert isinstance(answer, Outcome)
    return answer


def look_again(relais: Installation, session: Session, receipt_id: int) -> Known | None:
    """What the worker does with a receipt that waits."""
    settled = release.reclassify(session.connection(), relais.project_id, receipt_id, RULES)
    return settled[1] if settled else None


def meanwhile(
    relais: Installation, work: Callable[[], Any], *, finish: Callable[[], Any], unless: threading.Event | None = None
) -> Future[Any]:
    """Start `work` as another process would, wait until it waits for a lock (or for `unless`), then `finish` what holds
    the lock."""
    patience = unless or threading.Event()
    with ThreadPoolExecutor(1) as pool, connect(relais.services.settings.database_url) as operator:
        started = pool.submit(work)
        while operator.execute(WAITING_FOR_A_LOCK).fetchone() != (1,) and not started.done():
            if patience.wait(0.005):
                break
        finish()
    return started


def test_an_edit_and_its_original_that_did_not_see_each_other_are_found_by_the_worker(hub: Installation) -> None:
    """Row 9: the event that is committed last, whichever it is, makes the worker look."""
    original, edit = new_id(), new_id()
    with hub.services.database.transaction() as first:
        assert take_in(hub, first, instance(original)).status == 201
        assert hub.post(instance(edit, deprecated_id=original)).status_code == 202
        with hub.services.database.reading() as session:
            assert release.reunited(session.connection(), hub.project_id, 10) == []
    held = receipt(hub, edit)
    assert held.status == "held"
    with hub.services.database.transaction() as session:
        assert release.reunited(session.connection(), hub.project_id, 10) == [held.id]
        assert look_again(hub, session, held.id) is not None
    assert receipt(hub, edit).version_no == 2
    assert is_sound(hub)


def test_a_version_published_while_its_instance_was_being_stored_releases_it(hub: Installation) -> None:
    """Row 12: the worker looks again at what was quarantined, too."""
    one = new_id()
    with hub.services.database.transaction() as session:
        assert take_in(hub, session, instance(one, version="2")).status == 202
        hub.publish(xform(version="2"))
        with hub.services.database.transaction() as worker:
            connection = worker.connection()
            assert release.release_for_version(connection, hub.project_id, "household", "2", RULES, 10) == 0
    with hub.services.database.transaction() as worker:
        assert look_again(hub, worker, receipt(hub, one).id) is not None
    assert status(hub, one) == ("version", None)
    assert is_sound(hub)


def test_two_that_release_the_same_edit_release_it_once(hub: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original's own transaction and the worker: the second must not go by what the row was before the first."""
    original, edit = new_id(), new_id()
    hub.post(instance(edit, deprecated_id=original))
    held = receipt(hub, edit)
    first = hub.services.database.transaction()
    session = first.__enter__()
    assert take_in(hub, session, instance(original)).status == 201
    has_read, may_go_on = threading.Event(), threading.Event()

    def slowly(stored: bytes) -> bytes:
        has_read.set()
        assert may_go_on.wait(20)
        return unpacked(stored)

    # Called between reading the row and asking for its original.
    monkeypatch.setattr(release, "unpacked", slowly)

    def worker() -> Known | None:
        with hub.services.database.transaction() as other:
            return look_again(hub, other, held.id)

    def finish() -> None:
        first.__exit__(None, None, None)
        may_go_on.set()

    assert meanwhile(hub, worker, finish=finish, unless=has_read).result() is None
    assert receipt(hub, edit).version_no == 2
    assert submissions(hub)[0].versions == 2
    assert is_sound(hub)


def test_a_person_who_discards_what_was_just_released_is_told_so(hub: Installation) -> None:
    original, edit = new_id(), new_id()
    hub.post(instance(edit, deprecated_id=original))
    held, person = receipt(hub, edit), admin_id(hub)
    first = hub.services.database.transaction()
    session = first.__enter__()
    assert take_in(hub, session, instance(original)).status == 201

    def supervisor() -> None:
        with hub.services.database.transaction() as other:
            settle.discard(other, hub.project_id, held.id, by=person)

    error = meanwhile(hub, supervisor, finish=lambda: first.__exit__(None, None, None)).exception()
    assert isinstance(error, Problem)
    assert error.code == 409.3
    assert status(hub, edit) == ("version", None)
    assert is_sound(hub)


def test_two_people_who_prefer_different_copies_are_both_heard_in_turn(hub: Installation) -> None:
    """The second choice is an edit of the first: nothing is lost, and the history shows both."""
    one, person = new_id(), admin_id(hub)
    for name in "ABC":
        hub.post(instance(one, name=name))
    with hub.services.database.reading() as session:
        waiting = [
            row[0] for row in session.connection().exec_driver_sql("SELECT id FROM receipt WHERE status = 'conflict'")
        ]

    def prefer(session: Session, receipt_id: int) -> None:
        settle.prefer(session, hub.project_id, receipt_id, RULES, hub.services.secret, by=person)

    first = hub.services.database.transaction()
    prefer(first.__enter__(), waiting[0])

    def colleague() -> None:
        with hub.services.database.transaction() as other:
            prefer(other, waiting[1])

    meanwhile(hub, colleague, finish=lambda: first.__exit__(None, None, None)).result()
    assert [submission.versions for submission in submissions(hub)] == [3]
    assert is_sound(hub)
