"""Group commit: many submissions, one fsync. `writer.commit(work)` returns after COMMIT, or raises that work's own error."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from config.problem import Problem

BATCH = 64
# Key in `connection.info` of what `before_commit` will write; gone when the transaction ends, however it ends.
PENDING = "relais.pending"
log = logging.getLogger("relais.writer")


class Work(Protocol):
    """One item: `run` writes on the connection it is given and returns a value; it may run again on another connection."""

    shard: int
    order: tuple[Any, ...]

    def run(self, connection: Connection) -> Any: ...


def storage_busy(detail: str) -> Problem:
    """503: nothing is promised, the phone keeps its copy and tries again."""
    return Problem(
        503,
        en="The server cannot store anything right now. Your form stays on the phone: send it again later.",
        fr="Le serveur ne peut rien enregistrer pour l’instant. La fiche reste sur le téléphone : renvoyez plus tard.",
        message=f"The server could not store this now ({detail}). Try again later.",
        headers={"Retry-After": "30"},
    )


class _Item:
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = threading.Lock()
        self.done.acquire()
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
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None

    def commit(self, work: Work) -> Any:
        """Run `work` in the next shared transaction; the value it returned once that is on disk, or its error."""
        item = _Item(work)
        with self._ready:
            if self._closed:
                raise storage_busy("stopping")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
                self._thread.start()
            self._waiting.append(item)
            self._ready.notify()
        item.done.acquire()
        if item.error is not None:
            raise item.error
        return item.result

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
            try:
                self._commit_batch(batch)
            except BaseException as error:
                # Whatever happens to one batch, the thread must live and every caller must hear something.
                log.exception("writer: a batch failed outside the database")
                for item in batch:
                    item.error = item.error or error
            for item in batch:
                item.done.release()
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
        if self._attempt(batch):
            return
        # One item broke the shared transaction (or the database did): each alone, so that neighbours never pay for it.
        for item in batch:
            item.error = None
            self._attempt([item], alone=True)

    def _attempt(self, batch: list[_Item], *, alone: bool = False) -> bool:
        """True when every item has its outcome; False asks for a replay one by one."""
        committing = False
        try:
            with self._lock:
                connection = self._open()
                transaction = connection.begin()
                try:
                    for item in batch:
                        item.result = item.work.run(connection)
                    self._before_commit(connection)
                    committing = True
                    transaction.commit()
                except BaseException:
                    connection.info.pop(PENDING, None)
                    _quietly(transaction.rollback)
                    raise
        except Exception as error:
            original = error.orig if isinstance(error, DBAPIError) else error
            database_failed = isinstance(original, self._driver.OperationalError | self._driver.InterfaceError)
            lost = isinstance(original, self._driver.Error) and self._engine.dialect.is_disconnect(original, None, None)
            if lost or database_failed:
                self._drop_connection()
            if committing and not self._sqlite and lost:
                # Nobody knows whether this COMMIT arrived: promise nothing, and do not try it again blindly.
                self._fail(batch, storage_busy("outcome unknown"))
                return True
            if not alone:
                return False
            self._fail(batch, storage_busy(type(error).__name__) if database_failed else error)
            if not isinstance(error, Problem):
                log.exception("writer: an item failed", exc_info=error)
        return True

    @staticmethod
    def _fail(batch: list[_Item], error: BaseException) -> None:
        for item in batch:
            item.error = error

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._drop_connection()
            connection = self._engine.connect().execution_options(relais_write=True)
            if self._sqlite:
                connection.connection.cursor().execute("PRAGMA cache_size=-16000")
            self._connection = connection
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            _quietly(self._connection.invalidate)
            _quietly(self._connection.close)
            self._connection = None


def _quietly(call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception:
        log.debug("writer: %s failed after an error", getattr(call, "__name__", call), exc_info=True)
