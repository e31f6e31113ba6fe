"""A ZIP with a data set for each table of an export, made row by row."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

from collector.archive import Archive
from collector.export_format import Export, Hashed
from collector.exports.csv import file_name
from collector.statistical import Variable
from collector.typed_tables import TypedTable, typed_tables
from config.api_errors import unexpected_value

# What Stata SE and SPSS open.
MOST_VARIABLES = 32_767
# Every row is as wide as the longest texts: beyond this nobody opens the file any more.
MOST_BYTES = 16 << 30

Lay = Callable[[Export, TypedTable], list[Variable]]
Write = Callable[[Export, TypedTable, list[Variable]], Iterator[bytes]]


def write_tables(
    export: Export, kind: str, lay: Lay, write: Write, width: Callable[[Variable], int]
) -> Iterator[bytes]:
    """`lay` names the variables of a table, `write` makes its file, `width` tells the bytes that a variable takes in a row."""
    ledger = export.ledger
    with closing(Archive(export.written_at)) as archive, ExitStack() as stack:
        tables = [stack.enter_context(closing(table)) for table in typed_tables(export)]
        laid = [lay(export, table) for table in tables]
        for table, variables in zip(tables, laid, strict=True):
            _require_room(kind, table, variables, sum(map(width, variables)))
        for table, variables in zip(tables, laid, strict=True):
            name = f"{file_name(export.definition, table.sheet.table.number).removesuffix('.csv')}.{kind}"
            hashed = Hashed()
            yield from archive.file(name, hashed.through(write(export, table, variables)), large=True)
            ledger.files.append(hashed.facts(name, table.count))
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


def _require_room(kind: str, table: TypedTable, variables: list[Variable], row: int) -> None:
    if len(variables) > MOST_VARIABLES:
        raise unexpected_value(
            "format",
            kind,
            f"{len(variables)} columns are more than a .{kind} file may have ({MOST_VARIABLES}); take Parquet, R or CSV",
            f"{len(variables)} colonnes sont trop pour un fichier .{kind} ({MOST_VARIABLES} au plus)\u00a0; prenez Parquet, R ou CSV",
        )
    if row * table.count > MOST_BYTES:
        raise unexpected_value(
            "format",
            kind,
            f"its answers are so long that {table.count} rows would take {row * table.count >> 30} GB in a .{kind} file, where every "
            "row has the room of the longest; take Parquet, R or CSV",
            f"ses réponses sont si longues que {table.count} lignes prendraient {row * table.count >> 30} Go dans un fichier .{kind}, où "
            "chaque ligne a la place de la plus longue\u00a0; prenez Parquet, R ou CSV",
        )
