"""Parquet, for DuckDB, Arrow and pandas: a ZIP with a file for each table; texts are texts, numbers numbers, days days."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from collector.archive import Archive, safe_file_name
from collector.export_format import Export, Format, Hashed
from collector.exports.csv import file_name
from collector.typed_cells import clock_of
from collector.typed_tables import DAY, MOMENT, NUMBER, TypedTable, typed_tables

# Rows of a group: what a group holds is in memory.
BATCH = 2_000


def write(export: Export) -> Iterator[bytes]:
    """The ZIP."""
    ledger = export.ledger
    with closing(Archive(export.written_at)) as archive, tempfile.TemporaryDirectory() as folder:
        for number, table in enumerate(typed_tables(export)):
            path = Path(folder) / f"{number}.parquet"
            with closing(table):
                _write_table(table, path)
            name = f"{file_name(export.definition, table.sheet.table.number).removesuffix('.csv')}.parquet"
            hashed = Hashed()
            with path.open("rb") as file:
                yield from archive.file(name, hashed.through(iter(lambda: file.read(1 << 16), b"")))
            ledger.files.append(hashed.facts(safe_file_name(name), table.count))
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


def _write_table(table: TypedTable, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {NUMBER: pa.float64(), DAY: pa.date32(), MOMENT: pa.timestamp("us")}
    kinds = table.kinds
    chosen = [
        pa.int64() if kind == NUMBER and table.whole[place] else types.get(kind, pa.string())
        for place, kind in enumerate(kinds)
    ]
    names = _unique([column.name for column in table.columns])
    fields = [
        pa.field(name, kind, metadata={"label": column.label} if column.label else None)
        for name, kind, column in zip(names, chosen, table.columns, strict=True)
    ]
    schema = pa.schema(fields)
    rows = table.texts()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, BATCH)):
            arrays = [_column(pa, cells, kind) for cells, kind in zip(zip(*batch, strict=True), chosen, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _column(pa: Any, cells: Sequence[str], kind: Any) -> Any:
    """Texts that are known to be of that type, as values."""
    if pa.types.is_timestamp(kind):
        return pa.array([clock_of(cell) if cell else None for cell in cells], kind)
    texts = pa.array([cell or None for cell in cells], pa.string())
    return texts if kind == texts.type else texts.cast(kind)


def _unique(names: list[str]) -> list[str]:
    taken: dict[str, int] = {}
    made = []
    for name in names:
        taken[name] = taken.get(name, 0) + 1
        made.append(name if taken[name] == 1 else f"{name}~{taken[name]}")
    return made


FORMATS = (
    Format(
        "parquet",
        "-parquet.zip",
        "application/zip",
        ("Parquet (ZIP)", "Parquet (ZIP)"),
        ("Pour DuckDB, Arrow ou pandas : une table par fichier.", "For DuckDB, Arrow or pandas: one file per table."),
        write,
        archive=True,
        needs=("pyarrow",),
        extra="parquet",
        typed=True,
    ),
)
