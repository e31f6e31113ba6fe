"""A workbook: a sheet for each table, real numbers and dates, what the columns mean, and where the data come from.

Nothing of a cell is lost to Excel's limits: rows beyond 1,048,576 go on in another sheet, the end of a text of more than
32,767 characters in the sheet of long texts. What is no number, day or moment stays text; no cell is a formula or a link.
Moments are what the clock of the phone showed (SubmissionDate: UTC).
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from collector.codebook import Question
from collector.export_format import Export, Format
from collector.sheets import Column, Sheet
from collector.typed_cells import clock_of, day_of, number_of
from config.api_errors import unexpected_value

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST = 32_767
# What a cell keeps of a longer text, and the mark behind it.
KEPT, MARK = 32_000, " […]"
_BAD_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_FIRST_DAY = 1900
WORDS = {
    "fr": ("Dictionnaire", "Textes longs", "Passeport"),
    "en": ("Codebook", "Long texts", "Passport"),
}


def write(export: Export) -> Iterator[bytes]:
    """The workbook; it is made in a file first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        _make(export, path, folder)
        with path.open("rb") as file:
            while piece := file.read(1 << 16):
                yield piece


class Book:
    """A workbook being written."""

    def __init__(self, path: Path, folder: str, language: str) -> None:
        import xlsxwriter

        plain = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
        }
        self.book = xlsxwriter.Workbook(str(path), plain)
        self.bold = self.book.add_format({"bold": True})
        self.label = self.book.add_format({"italic": True, "text_wrap": True, "valign": "top"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.words = WORDS[language]
        self._names: set[str] = set()
        self._long: Any = None
        self._long_row = 1

    def sheet(self, name: str) -> Any:
        """A new sheet; no two names are the same for Excel."""
        plain = (_BAD_IN_NAMES.sub("_", name).strip("' ") or "data")[:31]
        unique, number = plain, 2
        while unique.casefold() in self._names or unique.casefold() == "history":
            unique = f"{plain[: 31 - len(str(number)) - 1]}~{number}"
            number += 1
        self._names.add(unique.casefold())
        return self.book.add_worksheet(unique)

    def long_text(self, sheet: str, row: int, column: str, text: str) -> None:
        """The whole of a text that is too long for its cell, in pieces."""
        if self._long is None:
            self._long = self.sheet(self.words[1])
            for place, name in enumerate(("sheet", "row", "column", "part", "text")):
                self._long.write_string(0, place, name, self.bold)
        for part, start in enumerate(range(0, len(text), KEPT // 2), 1):
            for place, cell in enumerate((sheet, str(row), column, str(part), text[start : start + KEPT // 2])):
                self._long.write_string(self._long_row, place, cell)
            self._long_row += 1


class _Table:
    """The sheet, or the sheets, of a table."""

    def __init__(self, book: Book, sheet: Sheet, name: str) -> None:
        if len(sheet.columns) > MOST_COLUMNS:
            raise unexpected_value(
                "format",
                "xlsx",
                f"a workbook has at most {MOST_COLUMNS} columns; take CSV",
                f"un classeur a au plus {MOST_COLUMNS} colonnes ; prenez le CSV",
            )
        self._book, self._sheet, self._name = book, sheet, name
        self._labelled = any(column.label and column.label != column.name for column in sheet.columns)
        self._begin()

    def _begin(self) -> None:
        self._at = self._book.sheet(self._name)
        row = 0
        if self._labelled:
            for place, column in enumerate(self._sheet.columns):
                self._at.write_string(0, place, column.label[:LONGEST], self._book.label)
            row = 1
        for place, column in enumerate(self._sheet.columns):
            self._at.write_string(row, place, column.name[:LONGEST], self._book.bold)
        self._at.freeze_panes(row + 1, 0)
        self._row = row + 1

    def add(self, cells: Sequence[str]) -> None:
        """One row."""
        if self._row >= MOST_ROWS:
            self._begin()
        for place, (column, text) in enumerate(zip(self._sheet.columns, cells, strict=True)):
            if text:
                self._write(place, column, text)
        self._row += 1

    def _write(self, place: int, column: Column, text: str) -> None:
        at, row, book = self._at, self._row, self._book
        if column.kind in ("int", "decimal", "split") and (number := number_of(text)) is not None:
            at.write_number(row, place, number)
        elif column.kind == "date" and (day := day_of(text)) is not None and day.year > _FIRST_DAY:
            at.write_datetime(row, place, day, book.day)
        elif column.kind == "dateTime" and (clock := clock_of(text)) is not None and clock.year > _FIRST_DAY:
            at.write_datetime(row, place, clock, book.moment)
        elif len(text.encode("utf-16-le")) // 2 > LONGEST:
            at.write_string(row, place, text[: KEPT // 2] + MARK)
            book.long_text(at.get_name(), row + 1, column.name, text)
        else:
            at.write_string(row, place, text)


def _make(export: Export, path: Path, folder: str) -> None:
    book = Book(path, folder, export.spoken)
    tables = [_Table(book, sheet, sheet.name or export.xml_form_id) for sheet in export.sheets]
    ledger = export.ledger
    for each in export.submissions():
        for number, (sheet, table) in enumerate(zip(export.sheets, tables, strict=True)):
            rows = sheet.rows(each)
            for row in rows:
                table.add(row)
            ledger.wrote(number, len(rows))
    export.verify()
    _write_codebook(book, export.codebook)
    if export.passport is not None:
        _write_passport(book, export.passport(ledger))
    book.book.close()


def _write_codebook(book: Book, questions: Sequence[Question]) -> None:
    at = book.sheet(book.words[0])
    names = ("path", "sheet", "columns", "label", "type", "class", "choice", "choice label", "versions")
    for place, name in enumerate(names):
        at.write_string(0, place, name, book.bold)
    at.freeze_panes(1, 0)
    row = 1
    for question in questions:
        versions, columns = ", ".join(question.versions), ", ".join(question.columns)
        facts = (question.path, question.sheet, columns, question.label, question.type, question.sensitivity)
        for value, label in question.choices or (("", ""),):
            for place, text in enumerate((*facts, value, label, versions)):
                at.write_string(row, place, text[:LONGEST])
            row += 1


def _write_passport(book: Book, passport: bytes) -> None:
    at = book.sheet(book.words[2])
    for row, (name, value) in enumerate(json.loads(passport).items()):
        at.write_string(row, 0, name, book.bold)
        at.write_string(row, 1, (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:LONGEST])


FORMATS = (
    Format(
        "xlsx",
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ("Classeur Excel", "Excel workbook"),
        (
            "Une feuille par table, dates et nombres vrais, dictionnaire des questions.",
            "One sheet per table, real dates and numbers, a codebook of the questions.",
        ),
        write,
        typed=True,
    ),
)
