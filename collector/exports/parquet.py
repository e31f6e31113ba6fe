"""Parquet, for DuckDB, Arrow and pandas: a ZIP with a file for each table; texts are texts, numbers numbers, days days.

Written a group of rows at a time after the description of the format (github.com/apache/parquet-format), so that a table of any
length takes little memory: one page for each column and group, values as they are, compressed with zstd. What columns are
called in the form is in the file's metadata, as JSON under `labels`.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import orjson
import zstandard

from collector.archive import Archive
from collector.export_format import Export, Format, Hashed
from collector.exports.csv import file_name
from collector.thrift import Value, binary, boolean, int32, int64, list_of, struct_of, varint
from collector.typed_cells import clock_of
from collector.typed_tables import DAY, MOMENT, NUMBER, TEXT, TypedTable, typed_tables

# A group of rows is in memory: it ends after so many of them, or of bytes.
MOST_ROWS, MOST_BYTES = 100_000, 8 << 20
# So many rows are turned into columns at once.
BATCH = 500
_MAGIC, _MAKER = b"PAR1", b"relais"
_INT32, _INT64, _DOUBLE, _BYTES = 1, 2, 5, 6
_OPTIONAL, _PLAIN, _RLE, _ZSTD = 1, 0, 3, 6
_NOTHING = struct_of({})
_EPOCH_DAY, _EPOCH = date(1970, 1, 1).toordinal(), datetime(1970, 1, 1)  # noqa: DTZ001 - moments have no zone here
_MICROSECOND = timedelta(microseconds=1)
_BITS = bytes.maketrans(b"01", b"\0\1")


def write(export: Export) -> Iterator[bytes]:
    """The ZIP."""
    ledger = export.ledger
    with closing(Archive(export.written_at)) as archive, ExitStack() as stack:
        for table in [stack.enter_context(closing(table)) for table in typed_tables(export)]:
            name = f"{file_name(export.definition, table.sheet.table.number).removesuffix('.csv')}.parquet"
            hashed = Hashed()
            yield from archive.file(name, hashed.through(_file(table)), large=True)
            ledger.files.append(hashed.facts(name, table.count))
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


def _texts(cells: Sequence[str]) -> bytes:
    found = [cell.encode() for cell in cells]
    return b"".join([part for each in found for part in (len(each).to_bytes(4, "little"), each)])


def _whole(cells: Sequence[str]) -> bytes:
    return struct.pack(f"<{len(cells)}q", *map(int, cells))


def _decimals(cells: Sequence[str]) -> bytes:
    return struct.pack(f"<{len(cells)}d", *map(float, cells))


def _days(cells: Sequence[str]) -> bytes:
    return struct.pack(f"<{len(cells)}i", *[date.fromisoformat(cell).toordinal() - _EPOCH_DAY for cell in cells])


def _moments(cells: Sequence[str]) -> bytes:
    clocks = [clock_of(cell) or _EPOCH for cell in cells]
    return struct.pack(f"<{len(cells)}q", *[(clock - _EPOCH) // _MICROSECOND for clock in clocks])


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values are stored, what they mean (fields of a SchemaElement), how texts become them."""

    stored: int
    meaning: dict[int, Value]
    encode: Callable[[Sequence[str]], bytes]


_WHOLE = _Kind(_INT64, {}, _whole)
_KINDS = {
    TEXT: _Kind(_BYTES, {6: int32(0), 10: struct_of({1: _NOTHING})}, _texts),
    NUMBER: _Kind(_DOUBLE, {}, _decimals),
    DAY: _Kind(_INT32, {6: int32(6), 10: struct_of({6: _NOTHING})}, _days),
    # Microseconds, of a clock whose zone is not known.
    MOMENT: _Kind(_INT64, {10: struct_of({8: struct_of({1: boolean(False), 2: struct_of({2: _NOTHING})})})}, _moments),
}


@dataclass
class _Column:
    """A column, and what it has in the group of rows being made: its values, and which rows have one."""

    name: bytes
    kind: _Kind
    values: list[bytes] = field(default_factory=list)
    present: list[str] = field(default_factory=list)

    def add(self, cells: Sequence[str]) -> int:
        """More rows; how many bytes."""
        made = self.kind.encode([cell for cell in cells if cell])
        self.values.append(made)
        self.present.append("".join(["1" if cell else "0" for cell in cells]))
        return len(made)

    def page(self) -> bytes:
        """All of it, not compressed yet; the next group begins."""
        levels = _levels("".join(self.present))
        made = len(levels).to_bytes(4, "little") + levels + b"".join(self.values)
        self.values, self.present = [], []
        return made


def _levels(present: str) -> bytes:
    """Which rows have a value: one run of equal ones, or bits."""
    if present.count(present[0]) == len(present):
        return varint(len(present) << 1) + present[0].encode().translate(_BITS)
    groups = -(-len(present) // 8)
    return varint(groups << 1 | 1) + int(present[::-1], 2).to_bytes(groups, "little")


def _file(table: TypedTable) -> Iterator[bytes]:
    names = _unique([column.name for column in table.columns])
    kinds = [
        _WHOLE if kind == NUMBER and whole else _KINDS[kind]
        for kind, whole in zip(table.kinds, table.whole, strict=True)
    ]
    columns = [_Column(name.encode(), kind) for name, kind in zip(names, kinds, strict=True)]
    labels = {name: column.label for name, column in zip(names, table.columns, strict=True) if column.label}
    groups: list[Value] = []
    yield _MAGIC
    place, count, held = len(_MAGIC), 0, 0
    for batch in table.batches(BATCH, MOST_BYTES // 8):
        held += sum([column.add(cells) for column, cells in zip(columns, zip(*batch, strict=True), strict=True)])
        count += len(batch)
        if count >= MOST_ROWS or held >= MOST_BYTES:
            pages, group = _group(columns, count, place, len(groups))
            yield from pages
            groups.append(group)
            place, count, held = place + sum(map(len, pages)), 0, 0
    if count:
        pages, group = _group(columns, count, place, len(groups))
        yield from pages
        groups.append(group)
    footer = _footer(columns, table.count, groups, labels)
    yield footer + len(footer).to_bytes(4, "little") + _MAGIC


def _group(columns: Sequence[_Column], count: int, place: int, number: int) -> tuple[list[bytes], Value]:
    """(the pages of a group of rows, what the footer says of them)."""
    compressor, pages, chunks = zstandard.ZstdCompressor(level=3), [], []
    plain, start = 0, place
    for column in columns:
        content = column.page()
        packed = compressor.compress(content)
        about = {1: int32(count), 2: int32(_PLAIN), 3: int32(_RLE), 4: int32(_RLE)}
        header = struct_of({1: int32(0), 2: int32(len(content)), 3: int32(len(packed)), 5: struct_of(about)}).content
        sizes = len(header) + len(content), len(header) + len(packed)
        facts = {
            1: int32(column.kind.stored),
            2: list_of([int32(_PLAIN), int32(_RLE)]),
            3: list_of([binary(column.name)]),
            4: int32(_ZSTD),
            5: int64(count),
            6: int64(sizes[0]),
            7: int64(sizes[1]),
            9: int64(place),
        }
        chunks.append(struct_of({2: int64(place), 3: struct_of(facts)}))
        pages.append(header + packed)
        plain, place = plain + sizes[0], place + sizes[1]
    about_group = {1: list_of(chunks), 2: int64(plain), 3: int64(count), 5: int64(start), 6: int64(place - start)}
    return pages, struct_of({**about_group, 7: Value(4, int32(number).content)})


def _footer(columns: Sequence[_Column], count: int, groups: Sequence[Value], labels: dict[str, str]) -> bytes:
    schema = [struct_of({4: binary(b"schema"), 5: int32(len(columns))})]
    for column in columns:
        element = {1: int32(column.kind.stored), 3: int32(_OPTIONAL), 4: binary(column.name), **column.kind.meaning}
        schema.append(struct_of(element))
    noted = struct_of({1: binary(b"labels"), 2: binary(orjson.dumps(labels))})
    facts = {1: int32(2), 2: list_of(schema), 3: int64(count), 4: list_of(groups), 5: list_of([noted])}
    return struct_of({**facts, 6: binary(_MAKER)}).content


def _unique(names: list[str]) -> list[str]:
    # A dict keeps their order.
    taken: dict[str, None] = {}
    for name in names:
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}~{number}", number + 1
        taken[unique] = None
    return list(taken)


FORMATS = (
    Format(
        "parquet",
        "-parquet.zip",
        "application/zip",
        ("Parquet (ZIP)", "Parquet (ZIP)"),
        ("Pour DuckDB, Arrow ou pandas : une table par fichier.", "For DuckDB, Arrow or pandas: one file per table."),
        write,
        archive=True,
        typed=True,
    ),
)
