"""Every row from one database into another, of the same kind or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, MetaData, Table, Text, cast, delete, func, select, text, update
from sqlalchemy.schema import Column
from sqlalchemy.types import TypeDecorator

from config.database import Model

# Rows in memory at once; a row may hold a submission of several megabytes.
SLICE = 200


class _JsonText(TypeDecorator[str]):
    """PostgreSQL's JSON exactly as it is written: a copy must neither rewrite it nor turn NULL into JSON's null."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam: Any) -> ColumnElement[Any]:
        return cast(bindparam, JSON)

    def column_expression(self, column: Any) -> ColumnElement[Any]:
        return cast(column, Text)


@dataclass(frozen=True)
class LastNumbers:
    """The last number given: under each name of config.database.next_ids, to each table that numbers its rows."""

    sequences: Mapping[str, int]
    tables: Mapping[str, int]


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Replace every row of `target` by those of `source`, in the target's transaction; how many in each table.

    Both have the present schema. `source` should see one moment (REPEATABLE READ on PostgreSQL). Numbers follow, so
    that none is ever given twice."""
    tables = Model.metadata.sorted_tables
    for table in reversed(tables):
        target.execute(delete(table))
    counts = {table.name: _copy_table(table, source, target) for table in tables}
    _write_numbers(target, _read_numbers(source))
    return counts


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each table holds."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Model.metadata.sorted_tables
    }


def _copy_table(table: Table, source: Connection, target: Connection) -> int:
    insert = _as_carried(table, target).insert()
    rows = source.execute(select(_as_carried(table, source)), execution_options={"yield_per": SLICE})
    count = 0
    for some in rows.mappings().partitions():
        target.execute(insert, [dict(row) for row in some])
        count += len(some)
    return count


def _as_carried(table: Table, connection: Connection) -> Table:
    json = Text() if connection.dialect.name == "sqlite" else _JsonText()
    columns = (Column(column.name, json if isinstance(column.type, JSON) else column.type) for column in table.columns)
    return Table(table.name, MetaData(), *columns)


def _self_numbering() -> list[tuple[Table, str]]:
    """(table, column) of those whose rows the database numbers."""
    found = ((table, table.autoincrement_column) for table in Model.metadata.sorted_tables)
    return [(table, column.name) for table, column in found if column is not None]


def _read_numbers(connection: Connection) -> LastNumbers:
    named = Model.metadata.tables["id_sequence"].c
    sequences = {row.name: row.last for row in connection.execute(select(named.name, named.last))}
    if connection.dialect.name == "sqlite":
        tables = {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    else:
        # Not bound to the transaction: read after the rows, they are at least as high as any id among them.
        sequences = {name: _last_value(connection, f"{name}_id") for name in sequences}
        own = {table.name: _sequence_of(connection, table, name) for table, name in _self_numbering()}
        tables = {name: _last_value(connection, sequence) for name, sequence in own.items()}
    for name in sequences:
        table = Model.metadata.tables.get(name)
        if table is not None and "id" in table.c:
            sequences[name] = max(sequences[name], _highest(connection, table, "id"))
    for table, name in _self_numbering():
        tables[table.name] = max(tables.get(table.name, 0), _highest(connection, table, name))
    return LastNumbers(sequences, tables)


def _write_numbers(connection: Connection, last: LastNumbers) -> None:
    if connection.dialect.name == "sqlite":
        named = Model.metadata.tables["id_sequence"]
        for name, number in last.sequences.items():
            connection.execute(update(named).where(named.c.name == name).values(last=number))
        for table, _ in _self_numbering():
            if table.dialect_options["sqlite"]["autoincrement"]:
                values = {"name": table.name, "seq": last.tables[table.name]}
                connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
                connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), values)
        return
    numbers = {f"{name}_id": number for name, number in last.sequences.items()}
    numbers |= {_sequence_of(connection, table, name): last.tables[table.name] for table, name in _self_numbering()}
    for sequence, number in numbers.items():
        # A sequence cannot stand at 0: one never used stands before 1.
        connection.execute(select(func.setval(sequence, max(number, 1), number > 0)))


def _highest(connection: Connection, table: Table, column: str) -> int:
    return connection.execute(select(func.max(table.c[column]))).scalar_one() or 0


def _sequence_of(connection: Connection, table: Table, column: str) -> str:
    name: str = connection.execute(select(func.pg_get_serial_sequence(table.name, column))).scalar_one()
    return name


def _last_value(connection: Connection, sequence: str) -> int:
    statement = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608 - a name of our own schema
    number: int = connection.exec_driver_sql(statement).scalar_one()
    return number
