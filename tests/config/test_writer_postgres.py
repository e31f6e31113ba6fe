"""The writer when PostgreSQL goes away under it, and when several processes write at once."""

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from config.problem import Problem
from config.writer import TRIES
from tests.config.cut_link import cut_link
from tests.config.notes import Note, Opened, notes, open_notes
from tests.rewind import connect

pytestmark = pytest.mark.postgres

CUT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# COMMIT itself takes its time, as with a slow disk.
SLOW_COMMIT = """
CREATE FUNCTION pause() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(10); RETURN NULL; END' LANGUAGE plpgsql;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.body = 'slow') EXECUTE FUNCTION pause()
"""


@pytest.fixture
def opened(postgres_url: str) -> Iterator[Opened]:
    with notes(postgres_url) as found:
        yield found


class Unlucky(Note):
    """Its connection is cut while it is at work, the first time."""

    url: str

    def run(self, connection: Connection) -> str:
        if self.runs == 0:
            with connect(self.url) as operator:
                operator.execute(CUT_OTHERS)
        return super().run(connection)


def test_a_connection_that_died_in_a_quiet_hour_is_replaced_unnoticed(opened: Opened) -> None:
    opened.database.writer.commit(Note("a"))
    with connect(opened.url) as operator:
        operator.execute(CUT_OTHERS)
    assert opened.database.writer.commit(Note("b")) == "kept b"
    assert opened.names() == ["a", "b"]


def test_a_connection_cut_before_the_commit_costs_nobody_anything(opened: Opened) -> None:
    """Nothing was committed, that is certain: the same again on a new connection."""
    unlucky = Unlucky("b")
    unlucky.url = opened.url
    waiting = opened.together([Note("a"), unlucky, Note("c")])
    assert [each.result() for each in waiting] == ["kept a", "kept b", "kept c"]
    assert opened.names() == ["0 blocker", "a", "b", "c"]


def test_a_connection_cut_during_the_commit_promises_nothing_and_is_not_tried_again(opened: Opened) -> None:
    """Row 20: the outcome is unknown, so 503; this time it had not been committed."""
    with connect(opened.url) as operator:
        operator.execute(SLOW_COMMIT)
        note = Note("a", body="slow")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(opened.database.writer.commit, note)
            committing = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            while operator.execute(committing).fetchone() != (1,):
                time.sleep(0.005)
            operator.execute(CUT_OTHERS)
            with pytest.raises(Problem) as unknown:
                waiting.result(20)
    assert (unknown.value.status, note.runs) == (503, 1)
    assert opened.database.writer.commit(Note("b")) == "kept b"
    assert opened.names() == ["b"]


def test_a_commit_whose_answer_is_lost_promises_nothing_though_it_arrived(opened: Opened) -> None:
    """Row 20: the outcome is unknown, so 503; this time it had been committed: the phone's next try will find it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, cut_link(opened.url, Path(folder)) as (url, link):
        far = open_notes(url)
        far.database.writer.commit(Note("a"))
        link.cut_after = b"COMMIT"
        notes_sent = [Note("b"), Note("c")]
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(far.database.writer.commit, note) for note in notes_sent]
            for each in waiting:
                error = each.exception()
                assert error is None or (isinstance(error, Problem) and error.status == 503)
        assert link.cut.wait(10)
        assert [note.runs for note in notes_sent] == [1, 1]
        assert any(each.exception() for each in waiting)
        assert far.database.writer.commit(Note("d")) == "kept d"
        far.database.close()
    assert opened.names() == ["a", "b", "c", "d"]


def test_while_the_server_is_away_nobody_waits_for_the_others_time_out(opened: Opened) -> None:
    """Row 20: one attempt to connect tells for all that wait (C50: 60 seconds, and 64 time-outs would be many more)."""
    attempts = []

    def refuse(*_: Any) -> None:
        attempts.append(time.monotonic())
        raise opened.database.engine.dialect.loaded_dbapi.OperationalError("no route to host")

    class Last(Unlucky):
        def run(self, connection: Connection) -> str:
            event.listen(opened.database.engine, "do_connect", refuse)
            return super().run(connection)

    last = Last("a")
    last.url = opened.url
    waiting = opened.together([last, *(Note(f"{number}") for number in range(1, 9))])
    assert [error.status for each in waiting if isinstance(error := each.exception(), Problem)] == [503] * 9
    assert len(attempts) == 1
    event.remove(opened.database.engine, "do_connect", refuse)
    assert opened.database.writer.commit(Note("later")) == "kept later"
    assert opened.names() == ["0 blocker", "later"]


@dataclass
class Colliding(Note):
    """Another process was first, so often."""

    times: int = 0

    def run(self, connection: Connection) -> str:
        if self.runs < self.times:
            self.runs += 1
            connection.execute(text("INSERT INTO note VALUES ('taken', '')"))
        return super().run(connection)


def test_an_item_that_collides_is_run_again_and_not_for_ever(opened: Opened) -> None:
    opened.database.writer.commit(Note("taken"))
    patient, hopeless = Colliding("a", times=4), Colliding("b", times=1000)
    assert opened.database.writer.commit(patient) == "kept a"
    with pytest.raises(Problem) as refused:
        opened.database.writer.commit(hopeless)
    assert (refused.value.status, patient.runs, hopeless.runs) == (503, 5, 1 + TRIES)


class IfAbsent(Note):
    """Looks before it writes, as receiving does."""

    def run(self, connection: Connection) -> str:
        known = connection.execute(text("SELECT 1 FROM note WHERE name = :name"), {"name": self.name}).first()
        return "known" if known else super().run(connection)


def test_processes_that_write_the_same_at_once_settle_it_by_looking_again(opened: Opened) -> None:
    """Every item is told the truth: kept once, known to all others; nobody hears of a collision."""
    others = [open_notes(opened.url) for _ in range(3)]
    names = [f"{number % 8}" for number in range(64)]
    with ThreadPoolExecutor(16) as pool:
        told = list(
            pool.map(
                lambda pair: others[pair[0] % 3].database.writer.commit(IfAbsent(pair[1])), enumerate(names), timeout=60
            )
        )
    for other in others:
        other.database.close()
    assert sorted(set(names)) == opened.names()
    assert sorted(told) == sorted([f"kept {name}" for name in set(names)] + ["known"] * (64 - 8))


def test_two_processes_that_lock_in_opposite_order_both_succeed(opened: Opened) -> None:
    """40P01: one of them at least is run again."""
    other = open_notes(opened.url)
    for name in "ab":
        opened.database.writer.commit(Note(name))
    both = threading.Barrier(2, timeout=20)

    class Crossing(Note):
        def run(self, connection: Connection) -> str:
            self.runs += 1
            for name in self.name:
                connection.execute(text("UPDATE note SET body = body || 'x' WHERE name = :name"), {"name": name})
                if self.runs == 1 and name == self.name[0]:
                    both.wait()
            return "done"

    crossing = [Crossing("ab"), Crossing("ba")]
    with ThreadPoolExecutor(2) as pool:
        databases = (opened.database, other.database)
        told = [pool.submit(each.writer.commit, note) for each, note in zip(databases, crossing, strict=True)]
        assert [each.result(30) for each in told] == ["done", "done"]
    other.database.close()
    # On a busy machine the one that is run again may take the other's lock before the other has woken.
    assert max(note.runs for note in crossing) > 1
    with opened.database.reading() as session:
        assert list(session.scalars(text("SELECT body FROM note"))) == ["xx", "xx"]
