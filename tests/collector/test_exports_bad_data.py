"""One contract for every way out, on data as bad as they come: whoever reads the file finds every submission, with its answers."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import isnan
from typing import Any

import openpyxl
import pytest
from lxml import etree
from openpyxl.utils.escape import unescape

from collector import export_reading
from collector.export_request import FRENCH_EXCEL, JOINED, SPREAD, ExportRequest
from collector.exports import formats
from collector.exports.csv import unguarded
from tests.collector.feeds import SERVICE
from tests.collector.forms import question, repeat
from tests.collector.odd_data import ANSWERS, COUNT, LOCKED, SEALED, export, keys_of
from tests.collector.xforms import send, xform_of
from tests.installation import Installation

Rows = list[dict[str, Any]]


def csv_rows(content: bytes, separator: str = ",") -> Rows:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def member(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.read(name)


def from_archive(content: bytes) -> Rows:
    return csv_rows(member(content, "survey.csv"))


def from_french_excel(content: bytes) -> Rows:
    rows = csv_rows(content, ";")
    assert not any(cell[:1] in ("=", "@", "\t", "\r") for row in rows for cell in row.values())
    return [{name: unguarded(cell) for name, cell in row.items()} for row in rows]


def from_workbook(content: bytes) -> Rows:
    book = openpyxl.load_workbook(io.BytesIO(content))
    _, names, *rows = list(book["survey"].iter_rows(values_only=True))
    assert not any(cell.data_type == "f" for line in book["survey"] for cell in line)
    # The standard's way to write a carriage return, which openpyxl leaves to its users.
    found = [
        {str(name): unescape(cell) if isinstance(cell, str) else cell for name, cell in zip(names, row, strict=True)}
        for row in rows
    ]
    pieces: dict[tuple[str, str], str] = {}
    for _, row, column, _, text in [*(book["Textes longs"].values if "Textes longs" in book else ())][1:]:
        pieces[row, column] = pieces.get((row, column), "") + text
    for (number, column), whole in pieces.items():
        assert found[int(number) - 3][column].endswith("[…]")
        found[int(number) - 3][column] = whole
    return found


def from_map(content: bytes) -> Rows:
    features = json.loads(content)["features"]
    return [each["properties"] for each in features if each["properties"]["table"] == "Submissions"]


def from_placemarks(content: bytes) -> Rows:
    marks = etree.fromstring(content, etree.XMLParser(huge_tree=True)).findall(".//{*}Placemark")
    rows: Rows = [
        {str(each.get("name")): each.findtext("{*}value") for each in mark.findall(".//{*}Data")} for mark in marks
    ]
    return [row for row in rows if "PARENT_KEY" not in row]


def _read_by(ending: str) -> Callable[[bytes], Rows]:
    def read(content: bytes) -> Rows:
        pyreadstat = pytest.importorskip("pyreadstat")
        with tempfile.NamedTemporaryFile(suffix=f".{ending}") as file:
            file.write(member(content, f"survey.{ending}"))
            file.flush()
            frame = getattr(pyreadstat, f"read_{ending}")(file.name)[0]
        rows: Rows = frame.to_dict("records")
        for row in rows:
            parts = [part for part in row if part.startswith("text_")]
            row["text"] = "".join([row.get("text", ""), *(row[part] for part in parts)])
        return rows

    return read


def from_parquet(content: bytes) -> Rows:
    found = pytest.importorskip("pyarrow.parquet").read_table(io.BytesIO(member(content, "survey.parquet")))
    rows: Rows = found.to_pylist()
    return rows


@dataclass(frozen=True)
class Way:
    """A way out, who reads it, and what it cannot show: `trimmed` texts lose the spaces at their end, `regions` is labelled,
    `comma` numbers have one."""

    name: str
    asked: ExportRequest
    read: Callable[[bytes], Rows]
    trimmed: bool = False
    labelled: bool = False
    comma: bool = False
    rows: int = field(default=COUNT)


WAYS = [
    Way("csv", ExportRequest(format="csv"), csv_rows),
    Way("csv.zip", ExportRequest(), from_archive),
    Way("labels", ExportRequest(format="csv", choices="labels", split_multiples=True), csv_rows, labelled=True),
    Way("French Excel", replace(FRENCH_EXCEL, format="csv", states=()), from_french_excel, comma=True),
    Way("spread", ExportRequest(format="csv", repeats=SPREAD), csv_rows),
    # Two children of one, two members of another.
    Way("joined", ExportRequest(format="csv", repeats=JOINED, joined="/member/child"), csv_rows, rows=COUNT + 1),
    Way("xlsx", ExportRequest(format="xlsx", language="fr"), from_workbook),
    Way("geojson", ExportRequest(format="geojson"), from_map),
    Way("kml", ExportRequest(format="kml"), from_placemarks),
    Way("r", ExportRequest(format="r"), from_archive),
    Way("spss", ExportRequest(format="spss"), _read_by("sav"), trimmed=True),
    Way("stata", ExportRequest(format="stata"), _read_by("dta")),
    Way("parquet", ExportRequest(format="parquet"), from_parquet),
]


def same(sent: str, value: Any, way: Way) -> bool:
    """Whether a reader's value is what was sent."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return sent == ""
    if isinstance(value, date):
        return sent[:10] == value.isoformat()[:10]
    if isinstance(value, int | float):
        return Decimal(sent) == Decimal(repr(value))
    if way.comma and sent.replace(".", "", 1).isdigit():
        sent = sent.replace(".", ",")
    return (
        (sent.rstrip(), value.rstrip()) in ((value, value), (value.rstrip(), sent.rstrip()))
        if way.trimmed
        else value == sent
    )


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_every_way_out_brings_every_submission_with_its_answers(odd: Installation, way: Way) -> None:
    content, passport = export(odd, way.asked)
    assert passport["submissions"] == {"wanted": COUNT, "written": COUNT, "byReviewState": {"received": COUNT}}
    assert passport["file"]["name"] == f"survey{formats()[way.asked.format].suffix}"
    rows = way.read(content)
    assert len(rows) == way.rows
    found = {row["KEY"]: row for row in rows}
    assert set(found) == {*ANSWERS, LOCKED, SEALED}
    for key, answers in ANSWERS.items():
        for name in ("text", "size", "price", "day", "seen", "regions"):
            sent = answers.get(name, "")
            if way.labelled and name == "regions":
                sent = {"north nowhere": "North, nowhere", "south": "South"}.get(sent, sent)
            value = found[key].get(name)
            assert same(sent, value, way), (key, name, sent[:60], str(value)[:60])
    for key in (LOCKED, SEALED):
        assert not found[key].get("text")
        assert found[key]["Status"] == "missing encrypted form data" if key == LOCKED else "not decrypted"


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_a_passphrase_opens_what_is_encrypted_in_every_way(odd: Installation, way: Way) -> None:
    content, passport = export(odd, replace(way.asked, filter="text eq 'sealed' or text eq 'old'"), keys_of(odd))
    rows = {row["KEY"]: row for row in way.read(content)}
    assert {key: rows[key]["text"] for key in rows} == {"uuid:old1": "old", SEALED: "sealed"}
    assert same("5", rows[SEALED]["size"], way)
    assert passport["submissions"]["written"] == 2
    assert passport["leftOut"] == {"filter": COUNT - 2}


def test_the_feed_brings_every_submission_with_its_answers(odd: Installation) -> None:
    answer = odd.client.get(f"{SERVICE}/Submissions?$expand=*", headers=odd.admin).get_json()
    found = {row["__id"]: row for row in answer["value"]}
    assert len(answer["value"]) == COUNT
    for key, answers in ANSWERS.items():
        assert found[key]["text"] == (answers.get("text") or None)
        assert len(found[key].get("member", ())) == len(answers.get("member", ()))
    # As in ODK Central, what is no number is null; moments and days stay as they are.
    assert (found["uuid:bad"]["size"], found["uuid:bad"]["price"], found["uuid:bad"]["seen"]) == (None, 1, "soon")
    assert found["uuid:odd"]["size"] == 9007199254740993
    assert found[LOCKED]["__system"]["status"] == "missingEncryptedFormData"
    assert found[SEALED]["__system"]["status"] == "notDecrypted"


def test_repeats_inside_repeats_keep_their_parents(odd: Installation) -> None:
    ages: dict[str, Any] = {}
    for name, ending in (("csv.zip", "csv"), ("r", "csv")):
        content, passport = export(odd, ExportRequest(format=name))
        rows = csv_rows(member(content, f"survey-child.{ending}"))
        ages[name] = sorted((row["KEY"], row["PARENT_KEY"], row["age"]) for row in rows)
        assert {each["name"]: each["rows"] for each in passport["files"]} | {"survey.csv": COUNT} == {
            "survey.csv": COUNT,
            "survey-member.csv": 5,
            "survey-child.csv": 3,
            "survey-empty.csv": 0,
        }
    assert ages["r"] == ages["csv.zip"]
    assert ages["r"][1:] == [
        ("uuid:good/member[1]/child[2]", "uuid:good/member[1]", "8"),
        ("uuid:old1/member[1]/child[1]", "uuid:old1/member[1]", "1"),
    ]


def test_removed_questions_are_there_when_they_are_asked_for(odd: Installation) -> None:
    content, _ = export(odd, ExportRequest(deleted_fields=True))
    found = {row["KEY"]: row for row in csv_rows(member(content, "survey.csv"))}
    assert [found[key]["gone"] for key in ("uuid:old1", "uuid:old2", "uuid:old3")] == ["x", "y", ""]
    assert found["uuid:old2"]["home-roof"] == "tôle"
    assert [row["x"] for row in csv_rows(member(content, "survey-lost.csv"))] == ["1", "2"]


def test_a_form_without_submissions_and_one_of_three_thousand_columns(post_node: Installation) -> None:
    post_node.publish(xform_of(question("q"), repeat("r", question("x"))))
    for name in formats():
        assert export(post_node, ExportRequest(format=name))[1]["submissions"]["written"] == 0
    post_node.publish(xform_of(*(question(f"q{number}") for number in range(3000)), version="2"))
    send(post_node, {f"q{number}": str(number) for number in range(0, 3000, 2)}, version="2")
    for name in formats():
        content, passport = export(post_node, ExportRequest(format=name))
        assert passport["submissions"]["written"] == 1
        reader = next((way.read for way in WAYS if way.name == name and name in ("csv", "geojson", "kml", "r")), None)
        if reader is not None:
            (row,) = reader(content)
            assert [row.get(f"q{number}") or "" for number in (0, 1499, 2998)] == ["0", "", "2998"]


def test_long_answers_are_read_few_at_a_time(odd: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ExportRequest(format="csv", states=("received",))
    whole, read = export(odd, asked)[0], []
    monkeypatch.setattr("collector.export_reading.MOST_BYTES", 1_000)
    together = export_reading.read_together
    monkeypatch.setattr(
        export_reading,
        "read_together",
        lambda *given: read.append(len(given[2])) or together(*given),  # type: ignore[func-returns-value]
    )
    for name in ("geojson", "csv"):
        content, passport = export(odd, replace(asked, format=name, group_paths=name != "csv"))
        assert passport["submissions"]["written"] == COUNT
    assert csv_rows(content)[0]["text"] == csv_rows(whole)[0]["text"]
    assert [row["KEY"] for row in csv_rows(content)] == [row["KEY"] for row in csv_rows(whole)]
    # The one of a megabyte is read alone.
    assert sum(read) == COUNT
    assert 1 in read
