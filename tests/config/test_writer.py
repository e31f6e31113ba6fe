"""Group commit: what one item does never costs another, and nothing is promised that is not on disk."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from config.problem import Problem
from config.statements import Statement
from config.writer import BATCH
from tests.config.notes import Note, Opened, notes, open_notes, problem_of


@pytest.fixture
def sqlite_notes(tmp_path: Path) -> Iterator[Opened]:
    with notes(f"sqlite:///{tmp_path / 'notes.sqlite3'}") as opened:
        yield opened


@pytest.fixture
def postgres_notes(postgres_url: str) -> Iterator[Opened]:
    with notes(postgres_url) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Notes, once on SQLite and once on PostgreSQL."""
    found: Opened = request.getfixturevalue(f"{request.param}_notes")
    return found


def test_what_it_answers_is_on_disk(opened: Opened) -> None:
    assert opened.database.writer.commit(Note("a")) == "kept a"
    assert opened.names() == ["a"]


def test_what_waits_together_is_committed_together(opened: Opened) -> None:
    waiting = opened.together([Note(name) for name in "dcab"])
    assert [each.result() for each in waiting] == ["kept d", "kept c", "kept a", "kept b"]
    order = list("dcab") if opened.database.is_sqlite else list("abcd")
    assert opened.batches == [["0 blocker"], order]


NAMES = "SELECT name FROM note ORDER BY name"


@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: " ".join(name for (name,) in Statement(NAMES).rows(connection, ())),
        lambda connection: " ".join(connection.scalars(text(NAMES))),
    ],
    ids=["a statement", "SQLAlchemy"],
)
def test_rows_that_wait_for_each_other_are_there_for_who_asks(opened: Opened, ask: Callable[[Connection], str]) -> None:
    """New rows of a batch go to PostgreSQL together; an item that reads must find its neighbours', as it does alone."""
    odd = "tab\there, \\N and \\., « é »\nand a line"
    waiting = opened.together([Note("a", body=odd), Note("b", ask=ask), Note("c"), Note("d", ask=ask)])
    assert [each.result() for each in waiting] == ["kept a", "0 blocker a b", "kept c", "0 blocker a b c d"]
    with opened.database.reading() as session:
        assert session.scalar(text("SELECT body FROM note WHERE name = 'a'")) == odd


def test_a_batch_is_of_one_project_and_not_endless(opened: Opened) -> None:
    sent = [Note(f"{number:03}", shard=1 + number % 2) for number in range(2 * BATCH + 10)]
    for each in opened.together(sent):
        each.result()
    shards = {note.name: note.shard for note in sent}
    assert [len(batch) for batch in opened.batches] == [1, BATCH, BATCH, 5, 5]
    assert all(len({shards[name] for name in batch}) == 1 for batch in opened.batches[1:])


@pytest.mark.parametrize(
    "fail",
    [
        lambda: ValueError("a mistake of ours"),
        lambda: Problem(409, en="No.", fr="Non."),
    ],
    ids=["a mistake", "a problem"],
)
def test_a_failing_item_never_fails_its_neighbours(opened: Opened, fail: Callable[[], Exception]) -> None:
    """It hears its own error; nothing it wrote remains, not even what it left for the end of the transaction."""
    waiting = opened.together([Note("a"), Note("b", fail=fail), Note("c")])
    assert [each.result() for each in (waiting[0], waiting[2])] == ["kept a", "kept c"]
    assert type(waiting[1].exception()) is type(fail())
    assert opened.names() == ["0 blocker", "a", "c"]
    assert [name for batch in opened.batches for name in batch] == ["0 blocker", "a", "c"]


def test_what_the_database_refuses_is_that_items_error_alone(opened: Opened) -> None:
    opened.database.writer.commit(Note("b"))
    waiting = opened.together([Note("a"), Note("b"), Note("c")])
    assert waiting[0].result() == "kept a"
    assert waiting[1].exception() is not None
    assert waiting[2].result() == "kept c"


def test_an_error_that_is_no_exception_reaches_everyone_and_the_thread_lives(opened: Opened) -> None:
    waiting = opened.together([Note("a"), Note("b", fail=lambda: SystemExit(1))])
    assert [type(each.exception()) for each in waiting] == [SystemExit, SystemExit]
    assert opened.database.writer.commit(Note("c")) == "kept c"
    assert opened.names() == ["0 blocker", "c"]


def test_closing_commits_what_was_accepted_and_accepts_nothing_more(opened: Opened) -> None:
    gate = threading.Event()
    blocker = Note("a", wait=gate)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(opened.database.writer.commit, blocker)
        assert blocker.started.wait(20)
        second = pool.submit(opened.database.writer.commit, Note("b"))
        while not opened.database.writer._waiting:  # noqa: SLF001
            time.sleep(0.0005)
        closing = pool.submit(opened.database.writer.close)
        gate.set()
        closing.result(20)
    assert [first.result(), second.result()] == ["kept a", "kept b"]
    with pytest.raises(Problem) as refused:
        opened.database.writer.commit(Note("c"))
    assert refused.value.status == 503
    assert opened.names() == ["a", "b"]


def test_a_transaction_and_the_writer_wait_for_each_other(sqlite_notes: Opened) -> None:
    """On SQLite in one process: not by running into each other's locks and sleeping."""
    with ThreadPoolExecutor(1) as pool:
        with sqlite_notes.database.transaction() as session:
            session.execute(text("INSERT INTO note VALUES ('a', '')"))
            waiting = pool.submit(sqlite_notes.database.writer.commit, Note("b"))
            assert not waiting.done()
        assert waiting.result(20) == "kept b"
    assert sqlite_notes.names() == ["a", "b"]


def on_connect(opened: Opened, pragma: str) -> Callable[[], None]:
    """Set a PRAGMA on every new connection, until the function returned is called."""

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(opened.database.engine, "connect", prepare)
    opened.database.engine.dispose()
    return lambda: event.remove(opened.database.engine, "connect", prepare)


def test_a_full_disk_is_503_and_service_resumes_when_there_is_space(sqlite_notes: Opened) -> None:
    """Row 20: SQLite ends the whole transaction; those who still fit are kept."""
    pages = 12
    limit = on_connect(sqlite_notes, f"max_page_count={pages}")
    large = "x" * 4096 * pages
    waiting = sqlite_notes.together([Note("a"), Note("b", body=large), Note("c")])
    assert [waiting[0].result(), waiting[2].result()] == ["kept a", "kept c"]
    assert problem_of(waiting[1]).status == 503
    assert problem_of(waiting[1]).headers == {"Retry-After": "30"}
    with pytest.raises(Problem):
        sqlite_notes.database.writer.commit(Note("d", body=large))
    limit()
    sqlite_notes.database.engine.dispose()
    assert sqlite_notes.database.writer.commit(Note("d", body=large)) == "kept d"
    assert sqlite_notes.names() == ["0 blocker", "a", "c", "d"]


def test_a_database_that_somebody_else_keeps_locked_is_503(sqlite_notes: Opened) -> None:
    """Row 20: another process, beyond the time-out."""
    on_connect(sqlite_notes, "busy_timeout=20")
    other = open_notes(sqlite_notes.url)
    with other.database.transaction():
        with pytest.raises(Problem) as refused:
            sqlite_notes.database.writer.commit(Note("a"))
        with pytest.raises(Problem), sqlite_notes.database.transaction():
            pass
    assert refused.value.status == 503
    assert sqlite_notes.database.writer.commit(Note("a")) == "kept a"
    other.database.close()


def test_several_handed_over_at_once_hear_each_their_own(opened: Opened) -> None:
    works = [Note("a"), Note("b", fail=lambda: ValueError("b")), Note("c", shard=2)]
    first, second, third = opened.database.writer.commit_all(works)
    assert (first, third) == ("kept a", "kept c")
    assert isinstance(second, ValueError)
    assert opened.names() == ["a", "c"]
    assert opened.database.writer.commit_all([]) == []


def test_whoever_is_kept_waiting_is_no_quiet(sqlite_notes: Opened) -> None:
    """The matcher works when phones pause. Phones that wait for the lock it holds have not paused."""
    writer = sqlite_notes.database.writer
    assert writer.quiet_seconds() > 60
    with ThreadPoolExecutor(1) as pool, sqlite_notes.database.transaction():
        waiting = pool.submit(writer.commit, Note("a"))
        while writer.quiet_seconds() > 60:
            time.sleep(0.005)
        time.sleep(0.05)
        assert writer.quiet_seconds() == 0.0
    assert waiting.result() == "kept a"
    time.sleep(0.02)
    before = writer.quiet_seconds()
    assert 0 < before < 60
    writer.asked()
    assert writer.quiet_seconds() < before
