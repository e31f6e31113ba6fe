"""A database of notes and the writer's simplest work: to see what becomes of each item."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, text

from config.database import Database, engine_options
from config.problem import Problem
from config.statements import Insert
from config.writer import PENDING

ADD = Insert("note", "name, body")
TABLE = "CREATE TABLE note (name VARCHAR(40) PRIMARY KEY, body TEXT)"


@dataclass
class Note:
    """Writes a row, waits, fails or asks as told, and says how often it ran."""

    name: str
    shard: int = 1
    body: str = ""
    fail: Callable[[], BaseException] | None = None
    wait: threading.Event | None = None
    ask: Callable[[Connection], str] | None = None
    started: threading.Event = field(default_factory=threading.Event)
    runs: int = 0

    @property
    def order(self) -> tuple[str]:
        return (self.name,)

    def run(self, connection: Connection) -> str:
        self.runs += 1
        self.started.set()
        if self.wait is not None:
            assert self.wait.wait(20)
        ADD.run(connection, (self.name, self.body))
        connection.info.setdefault(PENDING, []).append(self.name)
        if self.fail is not None:
            raise self.fail()
        return f"kept {self.name}" if self.ask is None else self.ask(connection)

    def look_ahead(self, connection: Connection, batch: Sequence["Note"]) -> None:
        """Notes ask nothing."""


@dataclass
class Opened:
    """A database of notes, and the batches that were about to be committed."""

    database: Database
    url: str
    batches: list[list[str]] = field(default_factory=list)

    def before_commit(self, connection: Connection) -> None:
        self.batches.append(connection.info.pop(PENDING, []))

    def names(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(text("SELECT name FROM note ORDER BY name")))

    def together(self, notes: list[Note]) -> list[Future[str]]:
        """Have all of them waiting at once: the first keeps the writer busy until all are there."""
        gate = threading.Event()
        blocker = Note("0 blocker", wait=gate)
        with ThreadPoolExecutor(len(notes) + 1) as pool:
            first = pool.submit(self.database.writer.commit, blocker)
            assert blocker.started.wait(20)
            waiting = []
            for note in notes:
                waiting.append(pool.submit(self.database.writer.commit, note))
                while len(self.database.writer._waiting) < len(waiting):  # noqa: SLF001 - to know that it has queued
                    time.sleep(0.0005)
            gate.set()
        assert first.result() == "kept 0 blocker"
        return waiting


def open_notes(url: str) -> Opened:
    engine = create_engine(url, **engine_options(url))
    opened = Opened(None, url)  # type: ignore[arg-type]
    opened.database = Database(engine, opened.before_commit)
    return opened


@contextmanager
def notes(url: str) -> Iterator[Opened]:
    opened = open_notes(url)
    with opened.database.transaction() as session:
        session.execute(text(TABLE))
    opened.batches.clear()
    try:
        yield opened
    finally:
        opened.database.close()


def problem_of(waiting: Future[str]) -> Problem:
    """The problem that an item heard of."""
    error = waiting.exception()
    assert isinstance(error, Problem)
    return error
