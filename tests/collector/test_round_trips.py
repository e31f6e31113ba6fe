"""Whatever a form and its answers look like, other people's readers find in each format what was sent, row by row."""

import csv
import io
import json
import math
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import flatten
from collector.codebook import codebook_of
from collector.export_format import Dialect, Export
from collector.exported import ExportedSubmission
from collector.exports import formats
from collector.exports.csv import BOM, CENTRAL, unguarded
from collector.sheets import Look, Prepared, Sheet, prepared, sheets_of
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


class Coded:
    """Words of a form in which every question is answered yes or no, by number."""

    languages = ("en",)

    def question(self, path: str) -> str:
        return f"What is {path}?"

    def is_choice(self, path: str) -> bool:
        return not path.startswith("/meta/")

    def choices(self, path: str) -> dict[str, str]:
        return {"1": "Yes", "2": "No"} if self.is_choice(path) else {}

    def choice(self, path: str, value: str) -> str:
        return self.choices(path).get(value, value)

    def spoken(self, language: str) -> "Coded":  # noqa: ARG002 - it has one language
        return self


# What questions of these types are answered, at the ends of what formats can hold too.
_FITTING = {
    "int": ["0", "-5", "12", "9007199254740993", "007", "999999999999999"],
    "decimal": ["1.50", ".5", "-0.0", "1e5", "0.1", "12345678901234567", "1E-300", "2.0"],
    "date": ["2026-11-23", "0001-01-01", "9999-12-31", "1900-01-01", "1900-02-29", "1959-12-31", "1582-10-14"],
    "dateTime": ["2026-11-23T12:00:00.123+01:00", "1582-10-14T00:00:00Z", "9999-12-31T23:59:59.999-12:00", "1899-12-31T23:00:00"],
}  # fmt: skip


@st.composite
def fitting(draw: st.DrawFn) -> tuple[FormDefinition, list[Prepared]]:
    """Submissions of TYPED whose columns are mostly of one type."""
    chosen = [draw(st.lists(st.sampled_from(each), max_size=2)) for each in _FITTING.values()]
    cells = [st.sampled_from(["", None, *each]) for each in chosen]
    rows = draw(st.lists(st.tuples(*cells), min_size=1, max_size=4))
    blank = [None] * (sum(field.column_no is not None for field in TYPED.fields) - len(cells))
    return TYPED, [
        Prepared(row(instance_id=f"uuid:{number}"), {0: [[*each, *blank]]}) for number, each in enumerate(rows)
    ]


def exports() -> st.SearchStrategy[tuple[FormDefinition, list[Prepared]]]:
    """Of forms of any shape with any answers, and of answers that fit their questions."""
    return st.one_of(any_exports(), fitting())


@st.composite
def any_exports(draw: st.DrawFn) -> tuple[FormDefinition, list[Prepared]]:
    form = draw(st.one_of(forms, st.just(TYPED)))
    found = []
    for number in range(draw(st.integers(0, 3))):
        tables = flatten(parse(draw(submissions(form, f"uuid:{number}"))), form)
        found.append(prepared(ExportedSubmission(row(instance_id=f"uuid:{number}"), form, tables), form))
    return form, found


def written(name: str, form: FormDefinition, found: list[Prepared], dialect: Dialect = CENTRAL) -> bytes:
    export = Export(form.xml_form_id, form.title, form, sheets_of(form), iter([found]), NOON, dialect=dialect)
    return b"".join(formats()[name].write(export))


def same(text: str, value: Any, *, trimmed: bool = False) -> bool:
    """Whether a reader's value is what was sent."""
    # Readers of numbers and moments have things for nothing that equal nothing, themselves included.
    if value is None or value != value:  # noqa: PLR0124
        return text == ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(text) == Decimal(repr(value))
    if isinstance(value, datetime) and "T" in text:
        return text[:19] == value.isoformat()[:19]
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


def assert_allowed(feature: dict[str, Any]) -> None:
    """What RFC 7946 asks of a feature and its geometry, and where on Earth positions can be."""
    assert feature.keys() == {"type", "id", "geometry", "properties"}
    assert feature["type"] == "Feature"
    geometry = feature["geometry"]
    if geometry is None:
        return
    assert geometry.keys() == {"type", "coordinates"}
    kind, coordinates = geometry["type"], geometry["coordinates"]
    rings = {"Point": [[coordinates]], "LineString": [coordinates], "Polygon": coordinates}[kind]
    for ring in rings:
        assert len(ring) >= {"Point": 1, "LineString": 2, "Polygon": 4}[kind]
        assert kind != "Polygon" or ring[0] == ring[-1]
        for position in ring:
            assert len(position) in (2, 3)
            assert all(isinstance(each, int | float) and math.isfinite(each) for each in position)
            assert abs(position[0]) <= 180
            assert abs(position[1]) <= 90


@given(
    st.sampled_from(["geopoint", "geotrace", "geoshape"]),
    st.lists(
        st.lists(st.sampled_from(["1", "-2.5", "91", "181", "x", "", "1e3", "NaN", "Infinity", "0"]), max_size=5).map(
            " ".join
        ),
        max_size=6,
    ).map(";".join),
)
def test_whatever_a_place_looks_like_the_map_is_allowed(kind: str, text: str) -> None:
    form = define(question("place", kind))
    (feature,) = json.loads(written("geojson", form, [Prepared(row(), {0: [[text]]})]))["features"]
    assert_allowed(feature)
    ET.fromstring(written("kml", form, [Prepared(row(), {0: [[text]]})]))


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
@given(exports(), st.sampled_from([Dialect(), Dialect(";", bom=True, guard=True), Dialect("\t", guard=True)]))
def test_csv_holds_what_was_sent(made: tuple[FormDefinition, list[Prepared]], dialect: Dialect) -> None:
    with zipfile.ZipFile(io.BytesIO(written("csv.zip", *made, dialect=dialect))) as archive:
        files = [archive.read(name) for name in archive.namelist()]
    assert all(file.startswith(BOM) == dialect.bom for file in files)
    texts = [io.StringIO(file.decode("utf-8-sig"), newline="") for file in files]
    tables = ([*csv.reader(text, delimiter=dialect.separator)][1:] for text in texts)
    assert_same(*made, ([list(map(unguarded, cells)) if dialect.guard else cells for cells in each] for each in tables))


def test_pandas_reads_our_csv_as_it_was_sent() -> None:
    pandas = pytest.importorskip("pandas")

    @FEW
    @given(exports())
    def tried(made: tuple[FormDefinition, list[Prepared]]) -> None:
        with zipfile.ZipFile(io.BytesIO(written("csv.zip", *made))) as archive:
            files = [io.BytesIO(archive.read(name)) for name in archive.namelist()]
        frames = (pandas.read_csv(file, dtype=str, keep_default_na=False) for file in files)
        assert_same(*made, (frame.to_numpy().tolist() for frame in frames))

    tried()


@FEW
@given(exports())
def test_a_map_holds_what_was_sent(made: tuple[FormDefinition, list[Prepared]]) -> None:
    form, found = made
    features = json.loads(written("geojson", form, found))["features"]
    for feature in features:
        assert_allowed(feature)
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


def test_parquet_is_the_same_in_many_groups_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("collector.exports.parquet.BATCH", 3)
    monkeypatch.setattr("collector.exports.parquet.MOST_ROWS", 7)
    cells = [[str(number) if number % 3 else None, "", None, None, "x" * number, *[None] * 6] for number in range(25)]
    found = [Prepared(row(instance_id=f"uuid:{number}"), {0: [each]}) for number, each in enumerate(cells)]
    with zipfile.ZipFile(io.BytesIO(written("parquet", TYPED, found))) as archive:
        file = pq.ParquetFile(io.BytesIO(archive.read(archive.namelist()[0])))
    assert file.metadata.num_row_groups == 3
    table = file.read()
    assert json.loads(file.schema_arrow.metadata[b"labels"])["int"] == "int"
    assert table["int"].to_pylist() == [int(each[0]) if each[0] else None for each in cells]
    assert table["string"].to_pylist() == [each[4] or None for each in cells]


@pytest.mark.parametrize(("name", "ending"), [("spss", "sav"), ("stata", "dta")])
def test_statistical_formats_hold_what_was_sent(name: str, ending: str) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")

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


@pytest.mark.parametrize(("name", "ending"), [("spss", "sav"), ("stata", "dta")])
def test_a_long_name_keeps_the_labels_of_its_values(name: str, ending: str, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    long = "reason_for_leaving_the_village_last_" + "year_" * 6
    form = define(question(long, "string"), META)
    sheets = sheets_of(form, Look(words=Coded()))
    (column,) = [each for each in sheets[0].columns if each.path == f"/{long}"]
    codebook = codebook_of(form, sheets, Coded(), [("1", form)])
    found = [prepared(ExportedSubmission(row(), form, {0: [["2", "uuid:1", None]]}), form)]
    export = Export("survey", "Survey", form, sheets, iter([found]), NOON, codebook=codebook)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(formats()[name].write(export))))
    archive.extractall(tmp_path)
    frame, meta = getattr(pyreadstat, f"read_{ending}")(str(tmp_path / archive.namelist()[0]))
    (fitted,) = [each for each in frame.columns if column.name.startswith(each)]
    assert frame[fitted].tolist() == [2.0]
    assert meta.variable_value_labels[fitted] == {1.0: "Yes", 2.0: "No"}


def test_what_a_statistical_format_cannot_hold_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MOST_VARIABLES", "MOST_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(f"collector.statistical_archive.{limit}", 10)
            with pytest.raises(Problem) as caught:
                written("stata", TYPED, [Prepared(row(), {0: [["x"] * 11]})])
        assert (caught.value.code, "Parquet" in caught.value.fr) == (400.8, True)
