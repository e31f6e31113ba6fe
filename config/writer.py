"""Group commit: many submissions, one fsync. `commit(work)` returns after COMMIT, or raises that work's own error."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from config.outages import is_collision, is_outage, storage_busy
from config.problem import Problem
from config.statements import GATHERED, write_gathered

BATCH = 64
# How often one item is run while other processes keep getting in between.
TRIES = 5
# Key in `connection.info` of what `before_commit` will write; gone when the transaction ends, however it ends.
PENDING = "relais.pending"
# Key in `connection.info` of what `before_commit` will add to counts; as above.
COUNTED = "relais.counted"
# Key in `connection.info` of what one transaction needs to ask only once, whatever number of works it carries.
MEMO = "relais.memo"
log = logging.getLogger("relais.writer")


class Work(Protocol):
    """One item: `run` writes on the connection it is given and returns a value; it may run again on another one.

    `look_ahead` is asked of a batch's first item, with all of them: what they will ask the database one by one, asked at
    once and left in the transaction's memory. It may do nothing.
    """

    @property
    def shard(self) -> int: ...

    @property
    def order(self) -> tuple[Any, ...]: ...

    def run(self, connection: Connection) -> Any: ...

    def look_ahead(self, connection: Connection, batch: Sequence[Any]) -> None: ...


class _Then(Enum):
    """What follows when a transaction did not come about."""

    APART = "an item may be at fault: each alone, so that neighbours never pay for it"
    AGAIN = "another process was first: nothing was committed, the same again"
    UNKNOWN = "nobody knows whether this COMMIT arrived: promise nothing, and do not try it again blindly"
    AWAY = "no connection: the others would only wait for the same time-out"


_Failure = tuple[_Then, Exception]


class _Call:
    """Whoever waits for some items, to be woken once: a thread woken for each would fight the writer for each."""

    __slots__ = ("_done", "_left")

    def __init__(self, items: int) -> None:
        self._left = items
        self._done = threading.Lock()
        self._done.acquire()

    def one_is_done(self) -> None:
        """For the writer's thread alone."""
        self._left -= 1
        if not self._left:
            self._done.release()

    def wait(self) -> None:
        """Until all are done."""
        self._done.acquire()


class _Item:
    __slots__ = ("call", "error", "result", "work")

    def __init__(self, work: Work, call: _Call) -> None:
        self.work = work
        self.call = call
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """One thread that commits what the request threads hand it, in batches of one project (`shard`)."""

    def __init__(self, engine: Engine, lock: threading.RLock, before_commit: Callable[[Connection], None]) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._driver: Any = engine.dialect.loaded_dbapi
        self._lock: AbstractContextManager[Any] = lock if self._sqlite else nullcontext()
        self._before_commit = before_commit
        self._ready = threading.Condition(threading.Lock())
        self._waiting: list[_Item] = []
        self._closed = False
        self._at_work, self._asked_at = False, float("-inf")
        self._connection: Connection | None = None
        self._batches = 0
        self._thread: threading.Thread | None = None

    def commit(self, work: Work) -> Any:
        """Run `work` in the next shared transaction; the value it returned once that is on disk, or its error."""
        (item,) = self._carry_out([work])
        if item.error is not None:
            raise item.error
        return item.result

    def commit_all(self, works: Sequence[Work]) -> list[Any]:
        """As `commit` for each of `works`, in one hand-over: what each returned, or the error it would have raised."""
        if not works:
            return []
        return [item.result if item.error is None else item.error for item in self._carry_out(works)]

    def _carry_out(self, works: Sequence[Work]) -> list[_Item]:
        call = _Call(len(works))
        items = [_Item(work, call) for work in works]
        with self._ready:
            if self._closed:
                raise storage_busy("stopping")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
                self._thread.start()
            self._waiting += items
            self._ready.notify()
        call.wait()
        return items

    def asked(self) -> None:
        """Somebody asks for something, if only to read: what can wait, waits."""
        self._asked_at = time.monotonic()

    def quiet_seconds(self) -> float:
        """How long nobody has asked for anything: what can wait, waits while phones send and people read. Those who are kept waiting, by the
        database's lock for example, are no quiet."""
        return 0.0 if self._waiting or self._at_work else time.monotonic() - self._asked_at

    def close(self) -> None:
        """Commit what was accepted, then stop."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closed:
                    self._ready.wait()
                if not self._waiting:
                    break
                batch = self._take()
                self._at_work = True
            try:
                self._commit_batch(batch)
            except BaseException as error:
                # Whatever happens to one batch, the thread must live and every caller must hear something.
                log.exception("writer: a batch failed outside the database")
                self._drop_connection()
                _fail(batch, error)
            self._at_work, self._asked_at = False, time.monotonic()
            for item in batch:
                item.call.one_is_done()
        self._drop_connection()

    def _take(self) -> list[_Item]:
        shard = self._waiting[0].work.shard
        batch = [item for item in self._waiting if item.work.shard == shard][:BATCH]
        taken = set(map(id, batch))
        self._waiting = [item for item in self._waiting if id(item) not in taken]
        if not self._sqlite:
            # The same order in every process, so that two batches lock rows in the same order and cannot deadlock.
            batch.sort(key=lambda item: item.work.order)
        return batch

    def _commit_batch(self, batch: list[_Item]) -> None:
        failure = self._attempt(batch)
        if failure is not None and failure[0] in (_Then.UNKNOWN, _Then.AWAY):
            _fail(batch, self._told(failure[1]))
        elif failure is not None:
            for number, item in enumerate(batch):
                failure = self._commit_alone(item)
                if failure is not None and failure[0] is _Then.AWAY:
                    _fail(batch[number:], self._told(failure[1]))
                    break
                item.error = self._told(failure[1]) if failure is not None else None

    def _commit_alone(self, item: _Item) -> _Failure | None:
        failure = None
        for _ in range(TRIES):
            failure = self._attempt([item])
            if failure is None or failure[0] is not _Then.AGAIN:
                break
        return failure

    def _attempt(self, batch: Sequence[_Item]) -> _Failure | None:
        """Run a batch in one transaction; None once it is on disk."""
        with self._lock:
            try:
                connection = self._open()
            except Exception as error:  # noqa: BLE001 - handed to the callers
                return _Then.AWAY, error
            info, committing = connection.info, False
            info[MEMO] = {}
            try:
                connection.begin()
                with self._together(connection, batch):
                    for item in batch:
                        item.result = item.work.run(connection)
                write_gathered(connection)
                self._before_commit(connection)
                write_gathered(connection)
                committing = True
                connection.commit()
                info.pop(GATHERED, None)
                return None
            except Exception as error:  # noqa: BLE001 - handed to the callers
                for key in (PENDING, COUNTED, MEMO, GATHERED):
                    info.pop(key, None)
                lost = connection.invalidated
                if lost or committing or is_outage(error, self._driver):
                    self._drop_connection()
                else:
                    connection.rollback()
                if lost and committing:
                    return _Then.UNKNOWN, storage_busy("outcome unknown")
                return _Then.AGAIN if is_collision(error) else _Then.APART, error

    def _together(self, connection: Connection, batch: Sequence[_Item]) -> AbstractContextManager[Any]:
        """PostgreSQL is a journey away: several items ask what they must know at once, new rows go together, and other writes
        without waiting for each answer. An error then shows up later than its cause, so an item alone goes step by step."""
        if self._sqlite or len(batch) == 1:
            return nullcontext()
        self._batches += 1
        if self._batches & (self._batches - 1) == 0:
            # Plans are kept, also those of foreign keys, and those made for empty tables walk the wrong index for ever: ten
            # times the work at 10,000 submissions. So they are made anew whenever tables may have doubled.
            connection.connection.cursor().execute("DISCARD PLANS")
        connection.info[GATHERED] = {}
        batch[0].work.look_ahead(connection, [item.work for item in batch])
        pipeline: AbstractContextManager[Any] = connection.connection.dbapi_connection.pipeline()  # type: ignore[union-attr]
        return pipeline

    def _told(self, error: Exception) -> Exception:
        """What the caller hears: its own error, or that the database cannot serve."""
        if isinstance(error, Problem):
            return error
        if is_outage(error, self._driver) or is_collision(error):
            log.warning("writer: cannot commit (%s)", type(error).__name__)
            return storage_busy(type(error).__name__)
        log.error("writer: an item failed", exc_info=error)
        return error

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._drop_connection()
            connection = self._engine.connect().execution_options(relais_write=True)
            if self._sqlite:
                connection.connection.cursor().execute("PRAGMA cache_size=-16000")
            self._batches = 0
            self._connection = connection
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            _quietly(self._connection.invalidate)
            _quietly(self._connection.close)
            self._connection = None


def _fail(batch: Sequence[_Item], error: BaseException) -> None:
    for item in batch:
        item.error = error


def _quietly(call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception:
        log.debug("writer: %s failed after an error", getattr(call, "__name__", call), exc_info=True)
