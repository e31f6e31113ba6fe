"""A workbook: a sheet for each table, real numbers and dates, what the columns mean, and where the data come from.

Nothing of a cell is lost to Excel's limits: rows beyond 1,048,576 go on in another sheet, the end of a text of more than
32,767 characters in the sheet of long texts. What is no number, day or moment stays text; no cell is a formula or a link.
Moments are what the clock of the phone showed (SubmissionDate: UTC).
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache

from collector.codebook import Question
from collector.export_format import Export, Format
from collector.sheets import Column, Sheet
from collector.typed_cells import calculated_number, clock_of, day_of, number_of
from collector.workbook import (
    BOLD,
    DAY,
    LABEL,
    LONGEST,
    MOMENT,
    MOST_COLUMNS,
    MOST_ROWS,
    Page,
    Workbook,
    letters,
    serial,
    text_cell,
)
from config.api_errors import unexpected_value

# What a cell keeps of a longer text, and the mark behind it.
KEPT, MARK = 32_000, " […]"
_FIRST_DAY = 1900
WORDS = {
    "fr": ("Dictionnaire", "Textes longs", "Passeport"),
    "en": ("Codebook", "Long texts", "Passport"),
}
# Few digits, of which Excel keeps all: most numbers, written as they are.
_DIGITS = 15
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
Typed = Callable[[str], str | None]
"""A text as what stands between a cell's reference and its end; None for what stays text."""


def write(export: Export) -> Iterator[bytes]:
    """The workbook; its sheets are made in files first."""
    with closing(Workbook(export.written_at)) as book:
        _make(export, book)
        yield from book.pieces()


def _number(text: str) -> str | None:
    if len(text) <= _DIGITS and _PLAIN_NUMBER.fullmatch(text):
        return f"><v>{text}</v></c>"
    number = number_of(text)
    return None if number is None else f"><v>{number!r}</v></c>"


def _calculated(text: str) -> str | None:
    return None if calculated_number(text) is None else _number(text)


# Days come again and again.
@lru_cache(10_000)
def _day(text: str) -> str | None:
    day = day_of(text)
    return None if day is None or day.year <= _FIRST_DAY else f' s="{DAY}"><v>{serial(day)}</v></c>'


def _clock(text: str) -> str | None:
    clock = clock_of(text)
    return None if clock is None or clock.year <= _FIRST_DAY else f' s="{MOMENT}"><v>{serial(clock)}</v></c>'


_TYPED: dict[str, Typed] = {
    "int": _number,
    "decimal": _number,
    "calculated": _calculated,
    "split": _number,
    "date": _day,
    "dateTime": _clock,
}


class _LongTexts:
    """The sheet of texts that are too long for their cells, once there is one."""

    def __init__(self, book: Workbook, name: str) -> None:
        self._book, self._name = book, name
        self._at: Page | None = None

    def add(self, sheet: str, row: int, column: str, text: str) -> None:
        """The whole of a text, in pieces."""
        if self._at is None:
            self._at = self._book.page(self._name)
            self._at.add_values(("sheet", "row", "column", "part", "text"), BOLD)
        for part, start in enumerate(range(0, len(text), KEPT // 2), 1):
            self._at.add_values((sheet, str(row), column, str(part), text[start : start + KEPT // 2]))


class _Table:
    """The sheet, or the sheets, of a table."""

    def __init__(self, book: Workbook, sheet: Sheet, name: str, long_texts: _LongTexts) -> None:
        if len(sheet.columns) > MOST_COLUMNS:
            raise unexpected_value(
                "format",
                "xlsx",
                f"a workbook has at most {MOST_COLUMNS} columns; take CSV",
                f"un classeur a au plus {MOST_COLUMNS} colonnes ; prenez le CSV",
            )
        self._book, self._sheet, self._name, self._long = book, sheet, name, long_texts
        self._labelled = any(column.label and column.label != column.name for column in sheet.columns)
        self._columns: list[tuple[str, Typed | None, Column]] = [
            (f'<c r="{letters(place)}', _TYPED.get(column.kind), column) for place, column in enumerate(sheet.columns)
        ]
        self._begin()

    def _begin(self) -> None:
        self._at = self._book.page(self._name, frozen=2 if self._labelled else 1)
        if self._labelled:
            self._at.add_values([column.label for column in self._sheet.columns], LABEL)
        self._at.add_values([column.name for column in self._sheet.columns], BOLD)

    def add(self, cells: Sequence[str]) -> None:
        """One row."""
        if self._at.row > MOST_ROWS:
            self._begin()
        row, plain, made = self._at.row, _is_plain(cells), []
        for (before, typed, column), text in zip(self._columns, cells, strict=True):
            if not text:
                continue
            value = typed(text) if typed is not None else None
            if value is not None:
                made.append(f'{before}{row}"{value}')
            elif plain and len(text) <= KEPT // 2:
                made.append(f'{before}{row}" t="inlineStr"><is><t>{text}</t></is></c>')
            else:
                made.append(text_cell(f"{before[6:]}{row}", self._fitting(row, column, text)))
        self._at.add("".join(made))

    def _fitting(self, row: int, column: Column, text: str) -> str:
        if len(text) <= LONGEST // 2 or len(text.encode("utf-16-le")) // 2 <= LONGEST:
            return text
        self._long.add(self._at.name, row, column.name, text)
        return text[: KEPT // 2] + MARK


def _is_plain(cells: Sequence[str]) -> bool:
    """Whether no cell of a row has anything to be written otherwise: one look is cheaper than one at each."""
    row = f"|{'|'.join(cells)}|"
    # Space at the end of a cell must be asked for.
    odd = " |" in row or "| " in row or "&" in row or "<" in row or ">" in row or "_x" in row
    return not odd and row.isprintable()


def _make(export: Export, book: Workbook) -> None:
    codebook, long_name, passport = WORDS[export.spoken]
    long_texts = _LongTexts(book, long_name)
    tables = [_Table(book, sheet, sheet.name or export.xml_form_id, long_texts) for sheet in export.sheets]
    ledger = export.ledger
    for each in export.submissions():
        for number, (sheet, table) in enumerate(zip(export.sheets, tables, strict=True)):
            rows = sheet.rows(each)
            for row in rows:
                table.add(row)
            ledger.wrote(number, len(rows))
    export.verify()
    _write_codebook(book, codebook, export.codebook)
    if export.passport is not None:
        _write_passport(book, passport, export.passport(ledger))


def _write_codebook(book: Workbook, name: str, questions: Sequence[Question]) -> None:
    at = book.page(name, frozen=1)
    at.add_values(("path", "sheet", "columns", "label", "type", "class", "choice", "choice label", "versions"), BOLD)
    for question in questions:
        versions, columns = ", ".join(question.versions), ", ".join(question.columns)
        facts = (question.path, question.sheet, columns, question.label, question.type, question.sensitivity)
        for value, label in question.choices or (("", ""),):
            at.add_values((*facts, value, label, versions))


def _write_passport(book: Workbook, name: str, passport: bytes) -> None:
    at = book.page(name)
    for key, value in json.loads(passport).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        at.add(text_cell(f"A{at.row}", key, BOLD) + text_cell(f"B{at.row}", text[:LONGEST]))


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
