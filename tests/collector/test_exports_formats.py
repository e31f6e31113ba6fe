"""Every format, found by listing its folder, on data as bad as they come: no row is lost, no value is changed."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from collector import exports
from collector.export_format import Export
from collector.export_request import FOR_PEOPLE, JOINED, SPREAD, ExportRequest
from collector.sheets import Look, Prepared, sheets_of
from collector.typed_cells import day_of, number_of
from tests.collector.forms import define, group, question
from tests.collector.odd_data import COUNT, LONG, TEXTS, export
from tests.collector.test_csv import NOON
from tests.collector.test_csv import row as root_row
from tests.installation import Installation


def root(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {row["KEY"]: row for row in rows}


def test_french_numbers_have_a_comma(odd: Installation) -> None:
    content, _ = export(odd, ExportRequest(format="csv", separator=";", decimal_comma=True))
    row = root(list(csv.DictReader(io.StringIO(content.decode()), delimiter=";")))["uuid:good"]
    assert (row["price"], row["home-place-Latitude"], row["size"]) == ("12,50", "13,5", "12")


def test_labels_stand_for_names_or_beside_them(odd: Installation) -> None:
    asked = ExportRequest(format="csv", headers="labels", choices="labels", split_multiples=True)
    row = next(iter(csv.DictReader(io.StringIO(export(odd, replace(asked, filter="__id eq 'uuid:0'"))[0].decode()))))
    assert row["Regions"] == "North, nowhere"
    assert (row["Regions/North"], row["Regions/nowhere"]) == ("1", "1")
    beside = export(odd, replace(asked, headers="both", choices="both"))[0].decode().split("\n")[0]
    assert "Regions [regions],Regions [regions]:label," in beside


def test_everything_fits_in_one_table(odd: Installation) -> None:
    content, passport = export(odd, ExportRequest(format="csv", repeats=SPREAD))
    row = root(list(csv.DictReader(io.StringIO(content.decode(), newline=""))))["uuid:good"]
    assert passport["files"][0]["rows"] == COUNT
    assert [row[f"member[{n}]-name"] for n in (1, 2)] == ["B", "C"]
    assert [row[f"member[1]-child[{n}]-age"] for n in (1, 2)] == ["7", "8"]
    assert row["member[2]-child[1]-age"] == ""
    content, passport = export(odd, ExportRequest(format="csv", repeats=JOINED, joined="/member/child"))
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    # Two children in one, one in another: everyone else keeps a row.
    assert len(rows) == passport["files"][0]["rows"] == COUNT + 1
    assert [(row["member-name"], row["child-age"], row["child-KEY"]) for row in rows if row["KEY"] == "uuid:good"] == [
        ("B", "7", "uuid:good/member[1]/child[1]"),
        ("B", "8", "uuid:good/member[1]/child[2]"),
    ]


def test_a_workbook_holds_numbers_days_and_whole_texts(odd: Installation) -> None:
    content, _ = export(odd, ExportRequest(format="xlsx", passport=True, language="fr"))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["survey", "member", "child", "empty", "Textes longs", "Dictionnaire", "Passeport"]
    labels, names, *rows = list(book["survey"].iter_rows(values_only=True))
    assert labels[1] == "Text"
    assert book["survey"].freeze_panes == "A3"
    found = {row[names.index("KEY")]: dict(zip(names, row, strict=True)) for row in rows}
    assert len(found) == COUNT
    assert found[f"uuid:{len(TEXTS) - 1}"]["text"].endswith("[…]")
    pieces = [row[4] for row in list(book["Textes longs"].iter_rows(values_only=True))[1:]]
    assert "".join(map(str, pieces)) == LONG
    good, bad = found["uuid:good"], found["uuid:bad"]
    assert (good["size"], good["price"], good["day"]) == (12, 12.5, datetime(2026, 11, 23))  # noqa: DTZ001
    assert good["seen"] == datetime(2026, 11, 23, 12)  # noqa: DTZ001
    assert (bad["size"], bad["price"], bad["day"], bad["seen"]) == ("many", "1,5", "0001-01-01", "soon")
    assert not any(cell.data_type == "f" for line in book["survey"] for cell in line)
    codes = {row[0]: row for row in book["Dictionnaire"].iter_rows(values_only=True) if row[6] == "north"}
    assert codes["/regions"][3:8] == ("Regions", "select_multiple", None, "north", "North")


def test_a_map_has_a_feature_for_each_row(odd: Installation) -> None:
    content, _ = export(odd, ExportRequest(format="geojson"))
    found = json.loads(content)["features"]
    features = {each["id"]: each for each in found}
    assert len(features) == len(found) == COUNT + 5
    assert features["uuid:good"]["geometry"] == {"type": "Point", "coordinates": [2.1, 13.5, 210]}
    assert features["uuid:good"]["properties"]["size"] == 12
    assert features["uuid:bad"]["geometry"] is None
    assert features["uuid:bad"]["properties"]["home-place-Latitude"] == 95
    member = features["uuid:good/member[1]"]
    assert (member["properties"]["table"], member["geometry"]["coordinates"]) == ("member", [2.2, 13.6, 0])
    placemarks = etree.fromstring(export(odd, ExportRequest(format="kml"))[0]).findall(".//{*}Placemark")
    assert len(placemarks) == COUNT + 5
    assert [point.text for mark in placemarks for point in mark.findall("{*}Point/{*}coordinates")] == [
        "2.1,13.5,210",
        "2.2,13.6,0",
        "2,13",
    ]


def test_answers_of_one_name_stand_beside_each_other_on_a_map() -> None:
    form = define(question("KEY"), question("table"), group("g", question("a")), group("h", question("a")))
    sheets = sheets_of(form, Look(group_paths=False))
    found = Prepared(root_row(), {0: [["mine", "four legs", "1", "2"]]})

    def written(name: str) -> bytes:
        return b"".join(exports.formats()[name].write(Export("survey", "", form, sheets, iter([[found]]), NOON)))

    (feature,) = json.loads(written("geojson"))["features"]
    told = feature["properties"]
    assert [told[name] for name in ("KEY~2", "table~2", "a", "a~2")] == ["mine", "four legs", "1", "2"]
    assert (feature["id"], told["KEY"], told["table"]) == ("uuid:1", "uuid:1", "Submissions")
    data = etree.fromstring(written("kml")).findall(".//{*}Data")
    assert {each.get("name"): each.findtext("{*}value") for each in data}.items() >= {("a", "1"), ("a~2", "2")}


def test_the_codebook_page_is_whole(odd: Installation) -> None:
    content, _ = export(odd, ExportRequest(format="codebook", language="fr"))

    class Reader(HTMLParser):
        rows = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "img", "link"), attrs
            self.rows += tag == "tr"

    reader = Reader()
    reader.feed(content.decode())
    assert reader.rows == 15
    assert "<code>north</code> North" in content.decode()
    # Of the encrypted ones nothing is known.
    assert f"<td>3</td><td>{COUNT - 5}</td>" in content.decode()
    assert f"{COUNT} fiches, dont 2 chiffrées" in content.decode()


def test_r_is_told_types_labels_and_choices(odd: Installation) -> None:
    archive = zipfile.ZipFile(io.BytesIO(export(odd, ExportRequest(format="r"))[0]))
    script = archive.read("survey.R").decode()
    assert 'survey[["size"]] <- relais_number(survey[["size"]])' in script
    assert 'survey[["seen"]] <- relais_moment(survey[["seen"]])' in script
    # A backslash is one to R only when there are two: +01:00 becomes +0100.
    assert r'"([+-][0-9]{2}):([0-9]{2})$", "\\1\\2"' in script
    assert 'attr(survey[["text"]], "label") <- "Text"' in script
    assert len(list(csv.DictReader(io.StringIO(archive.read("survey.csv").decode(), newline="")))) == COUNT


def test_what_people_get_by_default_says_what_it_leaves_out(odd: Installation) -> None:
    with odd.services.database.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE submission SET review_state = 'rejected' WHERE instance_id = 'uuid:good'"
        )
    content, passport = export(odd, FOR_PEOPLE)
    with odd.services.database.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE submission SET review_state = NULL WHERE instance_id = 'uuid:good'"
        )
    assert passport["leftOut"] == {"state": 1}
    assert passport["submissions"]["written"] == COUNT - 1
    assert json.loads(zipfile.ZipFile(io.BytesIO(content)).read("passport.json"))["leftOut"] == {"state": 1}


@pytest.mark.parametrize("asked", [ExportRequest(), ExportRequest(repeats=SPREAD), ExportRequest(format="geojson")])
def test_a_filter_on_answers_is_decided_row_by_row(odd: Installation, asked: ExportRequest) -> None:
    content, passport = export(
        odd, replace(asked, filter="size eq 12 or text eq 'old'", passport=asked.format == "csv.zip")
    )
    assert passport["submissions"] == {"wanted": 2, "written": 2, "byReviewState": {"received": 2}}
    assert passport["leftOut"] == {"filter": COUNT - 2}
    if asked.format == "csv.zip":
        archive = zipfile.ZipFile(io.BytesIO(content))
        assert json.loads(archive.read("passport.json"))["leftOut"] == {"filter": COUNT - 2}
        rows = list(csv.DictReader(io.StringIO(archive.read("survey.csv").decode(), newline="")))
        assert {row["KEY"] for row in rows} == {"uuid:good", "uuid:old1"}
        assert any(name.startswith("member[2]") for name in rows[0]) == (asked.repeats == SPREAD)


def test_only_some_versions_and_all_their_questions(odd: Installation) -> None:
    content, passport = export(odd, ExportRequest(format="csv", versions=("1",), deleted_fields=True))
    (row,) = [row for row in csv.DictReader(io.StringIO(content.decode())) if row["KEY"] == "uuid:old1"]
    assert (row["text"], row["gone"], row["size"]) == ("old", "x", "")
    assert passport["leftOut"] == {"version": COUNT - 2}


@given(st.one_of(st.from_regex(r"[+-]?[0-9]{0,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?", fullmatch=True), st.text()))
def test_a_number_of_a_workbook_is_the_answer_and_not_one_near_it(text: str) -> None:
    number = number_of(text)
    if number is not None:
        assert Decimal(repr(number)) == Decimal(text)
        assert not (text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:2].isdigit())


@given(st.dates(), st.text())
def test_a_day_of_a_workbook_is_the_answer(day: date, text: str) -> None:
    assert day_of(day.isoformat()) == day
    assert day_of("2020-W01-1") is None
    assert day_of(text) is None or str(day_of(text)) == text


class _Asked:
    """Words of a form that asks for a name alone."""

    def question(self, path: str) -> str:
        return "Name" if path == "/name" else ""

    def is_choice(self, path: str) -> bool:
        return path == "/chosen"

    def choice(self, path: str, value: str) -> str:
        return f"{path}: {value}"


def test_what_a_form_calculates_is_a_number_where_it_is_one() -> None:
    form = define(*map(question, ("name", "score", "grade", "imei")), group("meta", question("instanceName")))
    rows = [["1.5", "2.5", "A", "352099001761481", "3.5"], ["2", "12", "1.0", "12", "4"]]
    found = [Prepared(root_row(instance_id=f"uuid:{number}"), {0: [cells]}) for number, cells in enumerate(rows)]

    def written(name: str, *, decimal_comma: bool = False) -> bytes:
        sheets = sheets_of(form, Look(words=_Asked(), decimal_comma=decimal_comma))
        return b"".join(exports.formats()[name].write(Export("survey", "", form, sheets, iter([found]), NOON)))

    _, _, *lines = openpyxl.load_workbook(io.BytesIO(written("xlsx"))).worksheets[0].values
    assert [line[1:6] for line in lines] == [
        ("1.5", 2.5, "A", "352099001761481", "3.5"),
        ("2", 12, 1, 12, "4"),
    ]
    french = list(csv.reader(io.StringIO(written("csv", decimal_comma=True).decode())))
    assert [line[1:6] for line in french[1:]] == [
        ["1.5", "2,5", "A", "352099001761481", "3.5"],
        ["2", "12", "1,0", "12", "4"],
    ]
    script = zipfile.ZipFile(io.BytesIO(written("r"))).read("survey.R").decode()
    assert 'survey[["score"]] <- relais_calculated(survey[["score"]])' in script
    assert "name" not in "".join(line for line in script.splitlines() if "relais_calculated(survey" in line)
