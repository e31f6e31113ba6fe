"""Workbooks as they are put together: names and numbers of cells, of days and of sheets."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel

from collector.answers import Tables
from collector.export_format import Export
from collector.exports import xlsx
from collector.sheets import Prepared, sheets_of
from collector.workbook import Workbook, letters, serial
from tests.collector.forms import META, define, question
from tests.collector.test_csv import row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@given(st.integers(0, 16_383))
def test_a_column_is_called_as_in_excel(place: int) -> None:
    assert letters(place) == get_column_letter(place + 1)


@given(st.datetimes(datetime(1901, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - a clock's
def test_a_moment_comes_back_from_its_number(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert from_excel(float(serial(whole))) == whole
    assert from_excel(int(serial(whole.date()))).date() == whole.date()
    assert serial(date(2026, 11, 23)) == "46349"


def test_no_two_sheets_are_called_the_same_by_excel() -> None:
    book = Workbook(NOON)
    for name in ("member", "Member", "a/b", "x" * 40, "X" * 40, "history", "''", "é & <b>"):
        book.page(name).add_values(("text", 7, ""))
    names = openpyxl.load_workbook(io.BytesIO(b"".join(book.pieces()))).sheetnames
    book.close()
    assert names[:3] == ["member", "Member~2", "a_b"]
    assert names[3:6] == ["x" * 31, "X" * 29 + "~2", "history~2"]
    assert names[6:] == ["data", "é & <b>"]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    form = define(question("name"), META, xml_form_id="household")
    answers: list[Tables] = [{0: [[f"{number}", None, None]]} for number in range(5)]
    chunks = iter([[Prepared(row(instance_id=f"uuid:{at}"), tables) for at, tables in enumerate(answers)]])
    made = b"".join(xlsx.write(Export("household", "Household", form, sheets_of(form), chunks, NOON)))
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames == ["household", "household~2", "household~3", "Dictionnaire"]
    found = [cells[1] for name in book.sheetnames[:3] for cells in list(book[name].iter_rows(values_only=True))[1:]]
    assert found == ["0", "1", "2", "3", "4"]
