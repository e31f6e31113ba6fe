"""Tables for formats whose columns have one type each: rows wait in a file until the types are known. Pure but for that file.

A column is of numbers, days or moments only if every cell of it is, without losing a digit; else it is of texts.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import MAXYEAR, date
from typing import Any

import orjson

from collector.export_format import Export, RowsLost
from collector.sheets import Column, Sheet
from collector.typed_cells import calculated_number, clock_of, day_of, number_of

NUMBER, DAY, MOMENT, TEXT = "number", "day", "moment", "text"
_KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "int": (NUMBER, number_of),
    "decimal": (NUMBER, number_of),
    "calculated": (NUMBER, calculated_number),
    "split": (NUMBER, number_of),
    "choice": (NUMBER, number_of),
    "date": (DAY, day_of),
    "dateTime": (MOMENT, clock_of),
}


class TypedTable:
    """The rows of a sheet; `kinds` are right once all rows are in, and `whole`, which tells columns of whole numbers, `longest` in bytes,
    and `first_years` of days and moments. Close it."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.columns: Sequence[Column] = sheet.columns
        self._known = [_KINDS.get(column.kind, (TEXT, str)) for column in sheet.columns]
        self._fits = [known[0] != TEXT for known in self._known]
        self._filled = [False] * len(sheet.columns)
        self.whole = [known[0] == NUMBER for known in self._known]
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.count = 0
        self.longest = [0] * len(sheet.columns)
        self.first_years = [MAXYEAR] * len(sheet.columns)

    def add(self, cells: Sequence[str]) -> None:
        """One row."""
        for place, text in enumerate(cells):
            if text:
                self._filled[place] = True
                self.longest[place] = max(self.longest[place], len(text.encode()))
                if self._fits[place]:
                    value = self._known[place][1](text)
                    self._fits[place] = value is not None
                    if isinstance(value, float):
                        self.whole[place] = False
                    elif isinstance(value, date):
                        self.first_years[place] = min(self.first_years[place], value.year)
        self._file.write(orjson.dumps(cells) + b"\n")
        self.count += 1

    @property
    def kinds(self) -> list[str]:
        """The type of each column; one without any cell is of texts."""
        return [
            known[0] if fits and filled else TEXT
            for known, fits, filled in zip(self._known, self._fits, self._filled, strict=True)
        ]

    def rows(self) -> Iterator[list[Any]]:
        """The rows as values; None for an empty cell."""
        reads = [known[1] if kind != TEXT else str for known, kind in zip(self._known, self.kinds, strict=True)]
        for cells in self.texts():
            yield [read(cell) if cell else None for read, cell in zip(reads, cells, strict=True)]

    def batches(self, most_rows: int, most_bytes: int) -> Iterator[list[list[str]]]:
        """The rows as they were put in, several at a time: so many, or of so many bytes."""
        batch: list[list[str]] = []
        size = 0
        for cells in self.texts():
            batch.append(cells)
            size += sum(map(len, cells))
            if len(batch) >= most_rows or size >= most_bytes:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def texts(self) -> Iterator[list[str]]:
        """The rows as they were put in; RowsLost at the end if there are not as many."""
        self._file.seek(0)
        count = 0
        for line in self._file:
            count += 1
            yield orjson.loads(line)
        if count != self.count:
            raise RowsLost(f"{self.sheet.name or 'root'}: {self.count} rows laid down, {count} taken up")

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def typed_tables(export: Export) -> list[TypedTable]:
    """Every sheet of the export, all rows in, checked."""
    tables = [TypedTable(sheet) for sheet in export.sheets]
    for each in export.submissions():
        for number, table in enumerate(tables):
            rows = table.sheet.rows(each)
            for row in rows:
                table.add(row)
            export.ledger.wrote(number, len(rows))
    export.verify()
    return tables
