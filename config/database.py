"""The database: read, write in a transaction, join the writer's next one. SQLite at a post, PostgreSQL at the hub."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

from config.outages import is_collision, is_outage, somebody_was_first, storage_busy
from config.statements import Row, Statement, write_gathered
from config.writer import COUNTED, MEMO, PENDING, Writer

CHECKPOINT_PAGES = 4000
log = logging.getLogger("relais.database")

# Constraint names are fixed so that migrations can name them on both databases.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

BeforeCommit = Callable[[Connection], None]


class Database:
    """One open database. `before_commit` runs as the last thing in every write transaction (numbers the events)."""

    def __init__(self, engine: Engine, before_commit: BeforeCommit = lambda connection: None) -> None:
        self.engine = engine
        self.before_commit = before_commit
        self.lock = threading.RLock()
        self._threads = threading.local()
        self._detached: list[Any] = []
        self.writer = Writer(engine, self.lock, before_commit)
        if self.is_sqlite:
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            event.listen(engine, "before_cursor_execute", _write_gathered)

    @property
    def is_sqlite(self) -> bool:
        """True on the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only session with one consistent view; end it before writing to a socket. Problem 503 in an outage."""
        with (
            self._outages_as_problems(),
            self.engine.connect() as connection,
            Session(self._with_one_view(connection), autoflush=False, expire_on_commit=False) as session,
        ):
            yield session

    def _with_one_view(self, connection: Connection) -> Connection:
        if self.is_sqlite:
            return connection
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def look_up(self, statement: Statement, values: Sequence[Any]) -> list[Row]:
        """The rows of one SELECT that needs no transaction around it; for questions asked with every request."""
        if self.is_sqlite:
            with self._outages_as_problems():
                return list(self._own_connection().execute(statement.text(sqlite=True), values).fetchall())
        with self._outages_as_problems(), closing(self.engine.raw_connection()) as connection:
            driver: Any = connection.dbapi_connection
            # psycopg would send BEGIN before and leave ROLLBACK to the pool: three journeys instead of one.
            driver.autocommit = True
            try:
                return list(driver.execute(statement.text(sqlite=False), values).fetchall())
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def _own_connection(self) -> Any:
        """A connection of this thread alone: 32 threads at the pool's door cost a tenth of receiving."""
        own = getattr(self._threads, "connection", None)
        if own is None:
            pooled = self.engine.raw_connection()
            own = self._threads.connection = pooled.dbapi_connection
            pooled.detach()
            self._detached.append(own)
        return own

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A fresh session that commits at the end of the block and rolls back if it raises; pass ids in, not objects.

        Problem 503 in an outage; on PostgreSQL nobody may know then whether the commit arrived. Problem 503.3 when another
        process got in between (PostgreSQL): nothing was kept, the same again will do.
        """
        lock = self.lock if self.is_sqlite else nullcontext()
        with lock, self._outages_as_problems(), self.engine.connect() as plain:
            connection = plain.execution_options(relais_write=True)
            try:
                with connection.begin(), Session(connection, expire_on_commit=False) as session:
                    yield session
                    session.flush()
                    self.before_commit(connection)
            finally:
                if not connection.invalidated:
                    connection.info.pop(PENDING, None)
                    connection.info.pop(COUNTED, None)

    @contextmanager
    def _outages_as_problems(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if is_collision(error):
                log.debug("database: another process was first (%s)", type(error).__name__)
                raise somebody_was_first() from error
            if not is_outage(error, self.engine.dialect.loaded_dbapi):
                raise
            log.warning("database: cannot serve (%s)", type(error).__name__)
            raise storage_busy(type(error).__name__) from error

    def close(self) -> None:
        """Finish what the writer has accepted, then close every connection."""
        self.writer.close()
        while self._detached:
            self._detached.pop().close()
        self._threads = threading.local()
        self.engine.dispose()


def engine_options(url: str) -> dict[str, Any]:
    """What Flask-SQLAlchemy passes to create_engine for this URL."""
    if make_url(url).get_backend_name() != "sqlite":
        return {
            # Values of statements are names, notes and hashes: they stay out of logged errors.
            "hide_parameters": True,
            "pool_size": 16,
            "max_overflow": 32,
            "pool_pre_ping": True,
            # A phone waits 60 s for its answer (C50): a server that is gone must be noticed well before. In seconds,
            # and in milliseconds without an acknowledgement.
            "connect_args": {"connect_timeout": 10, "tcp_user_timeout": 20_000},
        }
    return {
        "module": sqlite_module(),
        # isolation_level None: the driver starts no transaction of its own, `_begin_sqlite` does.
        "connect_args": {"isolation_level": None, "timeout": 30.0, "check_same_thread": False},
        "hide_parameters": True,
        "pool_size": 16,
        "max_overflow": 48,
        "pool_timeout": 60,
    }


def sqlite_module() -> Any:
    """The newest SQLite at hand: below 3.51.3 a WAL written by several connections can be corrupted."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return import_module("sqlite3")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-2000",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("relais_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _write_gathered(connection: Connection, *_: Any) -> None:
    write_gathered(connection)


def next_ids(connection: Connection, name: str, count: int = 1) -> list[int]:
    """`count` new numbers of the sequence `name`, never given twice, also after deletions; gaps may appear."""
    if connection.dialect.name == "sqlite":
        last = _NEXT.value(connection, (count, name))
        return list(range(last - count + 1, last + 1))
    ahead: list[int] = connection.info.get(MEMO, {}).get(("ids", name), [])
    if len(ahead) >= count:
        taken = ahead[:count]
        del ahead[:count]
        return taken
    return [row[0] for row in _NEXTVAL.rows(connection, (f"{name}_id", count))]


def reserve_ids(connection: Connection, name: str, count: int) -> None:
    """Take numbers for this transaction's next calls of `next_ids`, in one question; what is left over is a gap."""
    connection.info.get(MEMO, {})["ids", name] = next_ids(connection, name, count)


_NEXT = Statement("UPDATE id_sequence SET last = last + ? WHERE name = ? RETURNING last")
_NEXTVAL = Statement("SELECT nextval(?::regclass) FROM generate_series(1, ?)")


def database() -> Database:
    """The database of the application at work."""
    opened: Database = current_app.extensions["relais"].database
    return opened


def reading() -> Any:
    """See Database.reading, for the application at work."""
    return database().reading()


def transaction() -> Any:
    """See Database.transaction, for the application at work."""
    return database().transaction()


def prepare_folder(data: Path) -> None:
    """Make the data folder with the rights of its owner alone."""
    for folder in (data, data / "tmp", data / "files"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
