"""SQL of the receiving path, written once with `?` and handed straight to the driver.

For statements that run for every submission: SQLAlchemy's result objects cost more than SQLite's work itself (a third
of the CPU of a POST was measured there). Everywhere else SQLAlchemy's expressions are clearer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from config.columns import moment_text

Row = tuple[Any, ...]


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
        sql = self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
        found: list[Row] = connection.connection.dbapi_connection.execute(sql, values).fetchall()  # type: ignore[union-attr]
        return found

    def row(self, connection: Connection, values: Sequence[Any]) -> Row | None:
        """Its first row, if there is one."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def value(self, connection: Connection, values: Sequence[Any]) -> Any:
        """The first value of its only row; IndexError when there is none."""
        return self.rows(connection, values)[0][0]

    def run(self, connection: Connection, values: Sequence[Any]) -> None:
        """Run one that returns nothing."""
        sql = self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
        connection.connection.dbapi_connection.execute(sql, values)  # type: ignore[union-attr]

    def run_many(self, connection: Connection, many: Sequence[Sequence[Any]]) -> None:
        """Run it once for each sequence of values."""
        sql = self._sqlite if connection.dialect.name == "sqlite" else self._postgresql
        connection.connection.cursor().executemany(sql, many)


def stored_moment(connection: Connection, moment: datetime | None) -> Any:
    """A moment as `config.columns.Moment` would store it on this database."""
    return moment if moment is None or connection.dialect.name != "sqlite" else moment_text(moment)


def read_moment(stored: Any) -> datetime:
    """A moment read by a Statement, from either database."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored
