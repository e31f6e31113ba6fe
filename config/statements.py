"""SQL of the receiving path, written once with `?` and handed straight to the driver.

For statements that run for every submission: SQLAlchemy's result objects cost more than SQLite's work itself (a third
of the CPU of a POST was measured there). Everywhere else SQLAlchemy's expressions are clearer.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from config.columns import moment_text

Row = tuple[Any, ...]
# Key in `connection.info`, while a batch of the writer runs on PostgreSQL: rows that wait to be written together.
GATHERED = "relais.gathered"


class Statement:
    """One statement. It runs in the transaction of the connection it is given; errors are the driver's own.

    `lock` is added on PostgreSQL alone (`FOR UPDATE …`): a write transaction of SQLite has everything locked already.
    """

    __slots__ = ("_postgresql", "_sqlite")

    def __init__(self, sql: str, *, lock: str = "") -> None:
        self._sqlite = sql
        self._postgresql = f"{sql} {lock}".rstrip().replace("?", "%s")

    def text(self, *, sqlite: bool) -> str:
        """The SQL with the driver's placeholders."""
        return self._sqlite if sqlite else self._postgresql

    def rows(self, connection: Connection, values: Sequence[Any]) -> list[Row]:
        """Run it and read everything it returns."""
        found: list[Row] = connection.connection.dbapi_connection.execute(self._for(connection), values).fetchall()  # type: ignore[union-attr]
        return found

    def row(self, connection: Connection, values: Sequence[Any]) -> Row | None:
        """Its first row, if there is one."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def value(self, connection: Connection, values: Sequence[Any]) -> Any:
        """The first value of its only row; IndexError when there is none."""
        return self.rows(connection, values)[0][0]

    def rows_of_many(self, connection: Connection, many: Sequence[Sequence[Any]]) -> list[list[Row]]:
        """Its rows for each of these sequences of values, in their order; on PostgreSQL all are asked before one is answered."""
        if len(many) < 2:
            # Alone it goes without the two journeys that begin and end a pipeline.
            return [self.rows(connection, values) for values in many]
        driver: Any = connection.connection.dbapi_connection
        text = self._for(connection)
        if connection.dialect.name == "sqlite":
            cursor = driver.cursor()
            return [cursor.execute(text, values).fetchall() for values in many]
        with driver.cursor() as cursor:
            cursor.executemany(text, many, returning=True)
            found = [cursor.fetchall()]
            while cursor.nextset():
                found.append(cursor.fetchall())
        return found

    def run(self, connection: Connection, values: Sequence[Any]) -> None:
        """Run one that returns nothing."""
        connection.connection.dbapi_connection.execute(self._for(connection), values)  # type: ignore[union-attr]

    def run_many(self, connection: Connection, many: Sequence[Sequence[Any]]) -> None:
        """Run it once for each sequence of values."""
        connection.connection.cursor().executemany(self._for(connection), many)

    def _for(self, connection: Connection) -> str:
        if connection.dialect.name == "sqlite":
            return self._sqlite
        write_gathered(connection)
        return self._postgresql


class Among(Statement):
    """A statement that asks about many at once: `IN ?` stands for a list of whole numbers or texts (see `listed`), however long, so that
    the text of the statement is always the same and prepared once."""

    __slots__ = ()

    def __init__(self, sql: str, *, lock: str = "") -> None:
        super().__init__(sql, lock=lock)
        self._sqlite = sql.replace("IN ?", "IN (SELECT value FROM json_each(?))")
        self._postgresql = f"{sql} {lock}".rstrip().replace("IN ?", "= ANY(?)").replace("?", "%s")


def listed(connection: Connection, many: Iterable[int] | Iterable[str]) -> Any:
    """The value for `IN ?` of `Among`."""
    return orjson.dumps(list(many)).decode() if connection.dialect.name == "sqlite" else list(many)


class Insert(Statement):
    """New rows of one table. While a batch of the writer runs on PostgreSQL they wait, and go together with COPY: that takes
    half of the processor's time of one INSERT each. Whatever else is asked of the connection meanwhile has them written first."""

    __slots__ = ("_copy",)

    def __init__(self, table: str, columns: str) -> None:
        places = ", ".join("?" * len(columns.split(",")))
        super().__init__(f"INSERT INTO {table} ({columns}) VALUES ({places})")  # noqa: S608 - our own names
        self._copy = f"COPY {table} ({columns}) FROM STDIN"

    def run(self, connection: Connection, values: Sequence[Any]) -> None:
        """Add a row."""
        self.run_many(connection, (values,))

    def run_many(self, connection: Connection, many: Sequence[Sequence[Any]]) -> None:
        """Add a row for each sequence of values; an error may show up with a later statement."""
        gathered: dict[Insert, list[Sequence[Any]]] | None = connection.info.get(GATHERED)
        if gathered is not None:
            gathered.setdefault(self, []).extend(many)
        elif len(many) == 1:
            super().run(connection, many[0])
        else:
            super().run_many(connection, many)

    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Write what has been gathered."""
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as cursor:
            if driver.pgconn.pipeline_status:
                # COPY cannot be sent ahead of answers.
                cursor.executemany(self._postgresql, rows)
                return
            with cursor.copy(self._copy) as copy:
                for row in rows:
                    copy.write_row(row)


def write_gathered(connection: Connection) -> None:
    """Write the rows that wait, table by table in the order in which the first of each came."""
    gathered: dict[Insert, list[Sequence[Any]]] | None = connection.info.get(GATHERED)
    if gathered:
        waiting = list(gathered.items())
        gathered.clear()
        for insert, rows in waiting:
            insert.write(connection, rows)


def stored_moment(connection: Connection, moment: datetime | None) -> Any:
    """A moment as `config.columns.Moment` would store it on this database."""
    return moment if moment is None or connection.dialect.name != "sqlite" else moment_text(moment)


def read_moment(stored: Any) -> datetime:
    """A moment read by a Statement, from either database."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def read_json(stored: Any) -> Any:
    """A JSON column read by a Statement, from either database."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored
