"""Whatever a form and its answers look like, other people's readers find in each format what was sent, row by row."""

import io
import json
import math
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import flatten
from collector.export_format import Export
from collector.exported import ExportedSubmission
from collector.exports import formats, is_here
from collector.sheets import Prepared, Sheet, prepared, sheets_of
from collector.submission_xml import parse
from config.problem import Problem
from forms.xform import FormDefinition
from tests.collector.forms import META, define, forms, question
from tests.collector.instances import submissions
from tests.collector.test_csv import NOON, row

# Names that SPSS and Stata have for themselves, too.
TYPED = define(
    *(question(kind.lower(), kind) for kind in ("int", "decimal", "date", "dateTime", "string")),
    *map(question, ("by", "ALL", "str7", "_n")),
    META,
)
Cells = list[list[Any]]


@st.composite
def exports(draw: st.DrawFn) -> tuple[FormDefinition, list[Prepared]]:
    form = draw(st.one_of(forms, st.just(TYPED)))
    found = []
    for number in range(draw(st.integers(0, 3))):
        tables = flatten(parse(draw(submissions(form, f"uuid:{number}"))), form)
        found.append(prepared(ExportedSubmission(row(instance_id=f"uuid:{number}"), form, tables), form))
    return form, found


def written(name: str, form: FormDefinition, found: list[Prepared]) -> bytes:
    export = Export(form.xml_form_id, form.title, form, sheets_of(form), iter([found]), NOON)
    return b"".join(formats()[name].write(export))


def same(text: str, value: Any, *, trimmed: bool = False) -> bool:
    """Whether a reader's value is what was sent."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return text == ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(text) == Decimal(repr(value))
    if isinstance(value, date):
        return text[:10] == value.isoformat()[:10]
    return text.rstrip() == value.rstrip() if trimmed else text == value


def assert_same(form: FormDefinition, found: list[Prepared], tables: Iterator[Cells], *, trimmed: bool = False) -> None:
    for sheet, read in zip(sheets_of(form), tables, strict=True):
        sent = [cells for each in found for cells in sheet.rows(each)]
        assert len(read) == len(sent)
        for wanted, got in zip(sent, read, strict=True):
            assert len(wanted) == len(got)
            differing = [
                (text, value) for text, value in zip(wanted, got, strict=True) if not same(text, value, trimmed=trimmed)
            ]
            assert differing == []


def cells_of(sheet: Any, of: Sheet) -> Cells:
    # What is frozen are the names, and labels above them if there are any.
    first = int(sheet.freeze_panes.removeprefix("A"))
    return [list(cells) for cells in sheet.iter_rows(min_row=first, max_col=len(of.columns), values_only=True)]


FEW = settings(max_examples=8, deadline=None)


@FEW
@given(exports())
def test_a_workbook_holds_what_was_sent(made: tuple[FormDefinition, list[Prepared]]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", *made)))
    sheets = sheets_of(made[0])
    # Of a sheet without rows openpyxl makes one of nothing.
    assert_same(
        *made, ([row for row in cells_of(book.worksheets[n], each) if any(row)] for n, each in enumerate(sheets))
    )


@FEW
@given(exports())
def test_a_map_holds_what_was_sent(made: tuple[FormDefinition, list[Prepared]]) -> None:
    form, found = made
    features = json.loads(written("geojson", form, found))["features"]
    roots = [each["properties"] for each in features if "/" not in each["id"]]
    sheet = sheets_of(form)[0]
    sent = [cells for each in found for cells in sheet.rows(each)]
    assert len(roots) == len(sent)
    for cells, properties in zip(sent, roots, strict=True):
        for column, text in zip(sheet.columns, cells, strict=True):
            assert same(text, properties[column.name]), (column.name, text, properties)


@FEW
@given(exports())
def test_parquet_holds_what_was_sent(made: tuple[FormDefinition, list[Prepared]]) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    archive = zipfile.ZipFile(io.BytesIO(written("parquet", *made)))
    tables = (pq.read_table(io.BytesIO(archive.read(name))) for name in archive.namelist())
    assert_same(*made, ([list(cells) for cells in zip(*each.to_pydict().values(), strict=True)] for each in tables))


@pytest.mark.parametrize(("name", "ending"), [("spss", "sav"), ("stata", "dta")])
def test_statistical_formats_hold_what_was_sent(name: str, ending: str) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    assert is_here(formats()[name])

    @FEW
    @given(exports())
    def tried(made: tuple[FormDefinition, list[Prepared]]) -> None:
        archive = zipfile.ZipFile(io.BytesIO(written(name, *made)))
        with tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            read = getattr(pyreadstat, f"read_{ending}")
            frames = [read(str(Path(folder) / each))[0] for each in archive.namelist()]
        # Both fill texts with spaces and drop them when reading.
        assert_same(*made, (each.values.tolist() for each in frames), trimmed=True)

    tried()


def test_what_a_statistical_format_cannot_hold_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyreadstat")
    monkeypatch.setattr("collector.exports.stats.MOST_CELLS", 10)
    with pytest.raises(Problem) as caught:
        written("stata", TYPED, [Prepared(row(), {0: [["x"] * 11]})])
    assert (caught.value.code, "Parquet" in caught.value.fr) == (400.8, True)
