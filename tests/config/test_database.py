"""Reading, looking up, writing: what each promises, on both databases."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from config.problem import Problem
from config.statements import Statement
from tests.collector.receiving import actions, post_twice
from tests.installation import Installation, instance, new_id
from tests.rewind import connect

COUNT = text("SELECT count(*) FROM receipt")
NAME = Statement("SELECT name FROM project WHERE id = ?")


def test_reading_sees_one_moment_whatever_is_written_meanwhile(relais: Installation) -> None:
    with relais.services.database.reading() as session:
        assert session.scalar(COUNT) == 0
        relais.post(instance(new_id()))
        assert session.scalar(COUNT) == 0
    with relais.services.database.reading() as session:
        assert session.scalar(COUNT) == 1


def test_what_is_written_while_reading_is_not_kept(relais: Installation) -> None:
    """PostgreSQL refuses it outright."""
    with suppress(Exception), relais.services.database.reading() as session:
        session.execute(text("UPDATE project SET name = 'changed'"))
    assert relais.services.database.look_up(NAME, (1,)) == [("Frontières",)]


def test_a_transaction_that_fails_leaves_no_row_and_no_event(relais: Installation) -> None:
    before = actions(relais)
    with suppress(ZeroDivisionError), relais.services.database.transaction() as session:
        session.execute(text("UPDATE project SET name = 'changed'"))
        record(session, Happening(relais.project_id, "submission.update"))
        raise ZeroDivisionError
    assert relais.services.database.look_up(NAME, (1,)) == [("Frontières",)]
    assert actions(relais) == before


@pytest.mark.postgres
def test_looking_up_leaves_no_transaction_open(hub: Installation) -> None:
    """An open one would keep old rows from being cleaned up."""
    for _ in range(3):
        hub.services.database.look_up(NAME, (1,))
    with connect(hub.services.settings.database_url) as operator:
        states = operator.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert {state for (state,) in states} == {"idle"}
    # The same connection writes in transactions again.
    assert post_twice(hub, instance(new_id())).status_code == 201


@pytest.mark.postgres
def test_a_connection_cut_in_the_middle_is_a_problem_and_the_next_one_works(hub: Installation) -> None:
    """Row 20: 503, in reading and in writing."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    def count_twice(session: Session) -> int | None:
        session.scalar(COUNT)
        with connect(hub.services.settings.database_url) as operator:
            operator.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
        return session.scalar(COUNT)

    for opened in (hub.services.database.reading, hub.services.database.transaction):
        with pytest.raises(Problem) as caught, opened() as session:
            count_twice(session)
        assert caught.value.status == 503
        with opened() as session:
            assert session.scalar(COUNT) == 0


@pytest.mark.postgres
def test_a_change_that_collides_with_another_process_is_a_sentence_and_changes_nothing(hub: Installation) -> None:
    """A person's action and a phone's arrival may claim the same row; neither is an error of the program."""
    claim = text(
        "INSERT INTO tombstone (project_id, kind, key_hmac, reason, created_at) VALUES (1, 'x', 'k', 'x', now())"
    )
    with hub.services.database.engine.connect() as other:
        first = other.begin()
        other.execute(claim)
        later = threading.Timer(0.2, first.commit)
        later.start()
        with pytest.raises(Problem) as caught, hub.services.database.transaction() as session:
            session.execute(claim)
        later.join()
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (503.3, "1")
    assert hub.rows("SELECT count(*) FROM tombstone") == [(1,)]
