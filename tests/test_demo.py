"""The demo's comparison must notice: one changed cell, row, file or audit line of an export makes a difference."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from tests.demo import with_id
from tests.demo_csv import Case, Comparison, ServedForm, compare_zip
from tests.phone import Instance

STARTED = datetime(2026, 11, 22, tzinfo=UTC)
FORM = ServedForm(
    b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    b'xmlns:jr="http://openrosa.org/javarosa"><h:head><model><instance><data id="post" version="3"><g><place/></g>'
    b'<photo/><m jr:template=""><age/><k jr:template=""><toy/></k></m><meta><audit/><instanceID/></meta></data>'
    b"</instance>"
    b'<bind nodeset="/data/g/place" type="geopoint"/><bind nodeset="/data/photo" type="binary"/>'
    b'<bind nodeset="/data/meta/audit" type="binary"/></model></h:head><h:body><group><repeat nodeset="/data/m"><group>'
    b'<repeat nodeset="/data/m/k"/></group></repeat></group></h:body></h:html>'
)
SENT = Instance(
    b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"post\" version=\"3\"><g><place>13.5 2.1 0.0 4.9</place></g>"
    b"<photo>1.jpg</photo><m><age>7</age><k><toy>a, b</toy></k><k><toy /></k></m><m><age>9</age></m>"
    b"<meta><audit>audit.csv</audit><instanceID>uuid:1</instanceID></meta></data>",
    {"1.jpg": b"\xff\xd8", "audit.csv": b"event,node,start,end\nform start,,1,\n"},
)
EXPORT = {
    "post.csv": "SubmissionDate,g-place-Latitude,g-place-Longitude,g-place-Altitude,g-place-Accuracy,photo,meta-audit,"
    "meta-instanceID,KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,"
    "Edits,FormVersion\n2026-11-22T10:22:03.439Z,13.5,2.1,0.0,4.9,1.jpg,audit.csv,uuid:1,uuid:1,5,Poste 1,2,2,,,"
    "collect:a,0,3\n",
    "post-m.csv": "age,PARENT_KEY,KEY\n7,uuid:1,uuid:1/m[1]\n9,uuid:1,uuid:1/m[2]\n",
    "post-k.csv": 'toy,PARENT_KEY,KEY\n"a, b",uuid:1/m[1],uuid:1/m[1]/k[1]\n,uuid:1/m[1],uuid:1/m[1]/k[2]\n',
    "media/1.jpg": "\udcff\udcd8",
    "post - audit.csv": "instance ID,event,node,start,end,latitude\nuuid:1,form start,,1,,\n",
}


def compared(export: dict[str, str]) -> Comparison:
    """The comparison of an export, given as text by name, with the one instance that was sent."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in export.items():
            archive.writestr(name, text.encode("utf-8", "surrogateescape"))
    case = Case(SENT, SENT, "Poste 1", 5, "collect:a")
    return compare_zip(packed.getvalue(), FORM, [case], STARTED)


def test_an_export_that_agrees_has_no_differences() -> None:
    result = compared(EXPORT)
    assert result.differences == []
    assert (result.rows, result.cells > 30) == (5, True)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("post.csv", "13.5,2.1", "13.5,2.10"),
        ("post.csv", ",0,3\n", ",1,3\n"),
        ("post.csv", "g-place-Latitude,g-place-Longitude", "g-place-Longitude,g-place-Latitude"),
        ("post.csv", "2026-11-22T10", "2025-11-22T10"),
        ("post.csv", "uuid:1,5", "uuid:2,5"),
        ("post-m.csv", "\n7,", "\n8,"),
        ("post-m.csv", "9,uuid:1,uuid:1/m[2]\n", ""),
        ("post-k.csv", '"a, b"', "a b"),
        ("post-k.csv", "uuid:1/m[1]/k[2]", "uuid:1/m[2]/k[2]"),
        ("media/1.jpg", "\udcff", "x"),
        ("post - audit.csv", "form start", "form exit"),
        ("post - audit.csv", "uuid:1,form start,,1,,\n", ""),
    ],
)
def test_one_change_makes_a_difference(name: str, old: str, new: str) -> None:
    assert old in EXPORT[name]
    assert compared(EXPORT | {name: EXPORT[name].replace(old, new)}).differences


def test_a_row_written_twice_makes_a_difference() -> None:
    header, line = EXPORT["post.csv"].splitlines(keepends=True)
    assert compared(EXPORT | {"post.csv": header + line + line}).differences


def test_answers_are_put_under_another_id() -> None:
    assert b"<instanceID>uuid:9</instanceID>" in with_id(SENT.xml, "uuid:9")
