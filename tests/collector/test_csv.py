"""CSV as ODK Central writes it, from the rows that answers are stored as.

Longer than other files: the rules of one format, each beside its cells, share the forms at the top.
"""

import csv
import io
import re
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.answers import Tables, flatten
from collector.archive import safe_file_name
from collector.deflating import block_of
from collector.export_format import Export, Media, RowsLost, Segment
from collector.export_rows import media_path
from collector.exported import NOT_DECRYPTED, ExportedSubmission, RootRow
from collector.exports.csv import audit_lines, file_name, guarded, lines_of, unguarded, write_csv, write_zip
from collector.exports.csv import header as csv_header
from collector.projection import project
from collector.sheets import Prepared, Sheet, prepared, sheets_of
from collector.submission_xml import parse
from forms.xform import FormDefinition
from tests.collector.forms import META, define, forms, group, question, repeat
from tests.collector.instances import below, plain, submissions

NOON = datetime(2026, 11, 23, 12, 0, 0, 439000, tzinfo=UTC)
ROOT_END = (
    "KEY,SubmitterID,SubmitterName,AttachmentsPresent,AttachmentsExpected,Status,ReviewState,DeviceID,Edits,FormVersion"
)
HOUSEHOLD = define(
    question("village"),
    group("home", question("place", "geopoint"), repeat("member", question("age"), repeat("child", question("name")))),
    META,
    xml_form_id="household",
)


def row(**changes: Any) -> RootRow:
    facts: dict[str, Any] = {
        "instance_id": "uuid:1",
        "created_at": NOON,
        "submitter_id": 7,
        "submitter_name": "Poste 3",
        "attachments_present": 1,
        "attachments_expected": 2,
        "status": None,
        "review_state": None,
        "device_id": "collect:abc",
        "edits": 0,
        "form_version": "1",
    }
    return RootRow(**{**facts, **changes})


def filled(inside: str, definition: FormDefinition = HOUSEHOLD) -> Tables:
    return flatten(parse(f'<data id="household">{inside}</data>'.encode()), definition)


def sheet(definition: FormDefinition, table: int = 0) -> Sheet:
    return Sheet(definition, definition.tables[table])


def header(definition: FormDefinition, table: int = 0) -> bytes:
    return csv_header(sheet(definition, table))


def root_line(definition: FormDefinition, facts: RootRow, values: list[Any] | None) -> bytes:
    return lines_of(sheet(definition), Prepared(facts, None if values is None else {0: [values]}))[0]


def repeat_lines(definition: FormDefinition, table: int, instance_id: str, tables: Tables) -> bytes:
    return lines_of(sheet(definition, table), Prepared(row(instance_id=instance_id), tables))[0]


def export(
    definition: FormDefinition,
    submissions: Iterable[ExportedSubmission] = (),
    media: Iterable[tuple[str, Iterable[bytes]]] = (),
    audits: Iterable[tuple[str, bytes]] = (),
) -> Export:
    return Export(
        definition.xml_form_id,
        definition.title,
        definition,
        sheets_of(definition),
        ([prepared(each, definition)] for each in submissions),
        NOON,
        media=lambda: (Media(media_path(name), iter(pieces)) for name, pieces in media),
        audits=lambda: iter(audits),
    )


def zipped(*parts: Any, **more: Any) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(write_zip(export(*parts, **more)))))
    assert archive.testzip() is None
    return archive


# --- columns and lines, byte for byte ---


def test_root_columns_are_centrals() -> None:
    assert header(HOUSEHOLD).decode() == (
        "SubmissionDate,village,home-place-Latitude,home-place-Longitude,home-place-Altitude,home-place-Accuracy,"
        f"meta-instanceID,meta-instanceName,{ROOT_END}\n"
    )


def test_repeat_columns_are_named_from_the_repeat_on_and_end_with_keys() -> None:
    form = define(repeat("r", group("g", question("place", "geopoint"), group("h", question("a")))), META)
    assert header(form, 1) == (
        b"g-place-Latitude,g-place-Longitude,g-place-Altitude,g-place-Accuracy,g-h-a,PARENT_KEY,KEY\n"
    )


def test_a_repeat_without_questions_has_its_keys() -> None:
    form = define(repeat("r"), META)
    assert header(form, 1) == b"PARENT_KEY,KEY\n"
    assert repeat_lines(form, 1, "uuid:1", filled("<r/><r/>", form)) == b"uuid:1,uuid:1/r[1]\nuuid:1,uuid:1/r[2]\n"


def test_a_form_without_root_questions_has_the_other_columns() -> None:
    form = define(repeat("r", question("a")))
    assert header(form).decode() == f"SubmissionDate,{ROOT_END}\n"
    assert root_line(form, row(), []) == b"2026-11-23T12:00:00.439Z,uuid:1,7,Poste 3,1,2,,,collect:abc,0,1\n"


def test_a_root_line_is_centrals() -> None:
    tables = filled("<village>Say, &quot;hi&quot;</village><home><place>12.5 -3.25 0 4.5</place></home>")
    line = root_line(HOUSEHOLD, row(review_state="hasIssues", edits=2), tables[0][0])
    assert line == (
        b'2026-11-23T12:00:00.439Z,"Say, ""hi""",12.5,-3.25,0,4.5,,,uuid:1,7,Poste 3,1,2,,hasIssues,collect:abc,2,1\n'
    )


def test_nobody_knows_who_sent_it() -> None:
    line = root_line(define(META), row(submitter_id=None, submitter_name=None, device_id=None), [None, None])
    assert line == b"2026-11-23T12:00:00.439Z,,,uuid:1,,,1,2,,,,0,1\n"


def test_an_encrypted_submission_has_its_metadata_only() -> None:
    line = root_line(define(question("a"), META), row(status=NOT_DECRYPTED), None)
    assert line == b"2026-11-23T12:00:00.439Z,,,,uuid:1,7,Poste 3,1,2,not decrypted,,collect:abc,0,1\n"


def test_submission_date_is_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 23, 13, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert root_line(define(META), row(created_at=moment), [None, None]).startswith(b"2026-11-23T12:00:00.000Z,")


@pytest.mark.parametrize(
    ("answer", "cell"),
    [
        ("plain text", "plain text"),
        ("a,b", '"a,b"'),
        ('"', '""""'),
        ("two\nlines", '"two\nlines"'),
        ("scanned\r", '"scanned\r"'),
        (" around ", " around "),
        ("=1+1", "=1+1"),
        ("a;b\tc'd", "a;b\tc'd"),
        ("\u202bعربي 🐪", "\u202bعربي 🐪"),
        ("\u2028", "\u2028"),
        ("", ""),
        (None, ""),
    ],
)
def test_only_what_must_be_quoted_is_quoted(answer: str | None, cell: str) -> None:
    form = define(repeat("r", question("a"), question("b")))
    tables: Tables = {0: [[]], 1: [[0, 1, answer, "x"]]}
    assert repeat_lines(form, 1, "uuid:1", tables).decode() == f"{cell},x,uuid:1,uuid:1/r[1]\n"


@pytest.mark.parametrize(
    ("answer", "cells"),
    [
        ("12.5 -3.25 0 4.5", "12.5,-3.25,0,4.5"),
        ("12.5 -3.25", "12.5,-3.25,,"),
        ("1 2 3 4 5", "1,2,3,4"),
        ("1\n 2\u00a0\t3", "1,2,3,"),
        (" 1 2", ",1,2,"),
        ("1,5 2", '"1,5",2,,'),
        ("", ",,,"),
        (None, ",,,"),
    ],
)
def test_a_geopoint_is_four_cells(answer: str | None, cells: str) -> None:
    form = define(repeat("r", question("here", "geopoint"), question("then", "geopoint"), question("x")))
    tables: Tables = {0: [[]], 1: [[0, 1, "9 9 9 9", answer, "x"]]}
    assert repeat_lines(form, 1, "uuid:1", tables).decode() == f"9,9,9,9,{cells},x,uuid:1,uuid:1/r[1]\n"


def test_keys_of_nested_repeats_name_every_copy_on_the_way() -> None:
    tables = filled(
        "<home><member><age>40</age></member><member><child><name>A</name></child><child><name>B</name></child></member>"
        "</home>"
    )
    assert repeat_lines(HOUSEHOLD, 1, "uuid:1", tables) == (
        b"40,uuid:1,uuid:1/home/member[1]\n,uuid:1,uuid:1/home/member[2]\n"
    )
    assert repeat_lines(HOUSEHOLD, 2, "uuid:1", tables) == (
        b"A,uuid:1/home/member[2],uuid:1/home/member[2]/child[1]\nB,uuid:1/home/member[2],uuid:1/home/member[2]/child[2]\n"
    )


def test_a_repeat_that_was_not_stored_because_it_is_empty_has_no_lines() -> None:
    assert repeat_lines(HOUSEHOLD, 2, "uuid:1", {0: [[None] * 4]}) == b""


# --- names of files ---


def test_files_are_named_after_form_and_repeat() -> None:
    assert [file_name(HOUSEHOLD, table) for table in range(3)] == [
        "household.csv",
        "household-member.csv",
        "household-child.csv",
    ]


def test_repeats_of_the_same_name_are_counted_in_the_order_of_the_form() -> None:
    form = define(group("a", repeat("r", repeat("s"))), repeat("t", repeat("r")), group("b", repeat("r")), META)
    assert [file_name(form, table) for table in range(1, 6)] == [
        "survey-r~1.csv",
        "survey-s.csv",
        "survey-t.csv",
        "survey-r~2.csv",
        "survey-r~3.csv",
    ]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("été 2026 (v1).csv", "été 2026 (v1).csv"),
        ('a/b\\c:d*e?f"g<h>i|j', "abcdefghij"),
        ("a\tb\x00\x85c", "abc"),
        ("..", ""),
        ("../../etc/passwd", "....etcpasswd"),
        ("CON", ""),
        ("con.csv", ""),
        ("console", "console"),
        ("name. . ", "name"),
        ("é" * 200, "é" * 127),
        ("a" * 300, "a" * 255),
    ],
)
def test_names_are_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


# --- the ZIP ---


def test_a_zip_holds_every_table_the_media_and_the_audits() -> None:
    submission = ExportedSubmission(row(), HOUSEHOLD, filled("<village>V</village><home><member/></home>"))
    archive = zipped(
        HOUSEHOLD,
        [submission],
        [("1.jpg", [b"photo", b"graph"]), ("note.txt", iter([b"text"]))],
        [("uuid:1", b"event,node,start,end\nform start,,1700000000000,\n")],
    )
    assert archive.namelist() == [
        "household.csv",
        "household-member.csv",
        "household-child.csv",
        "media/1.jpg",
        "media/note.txt",
        "household - audit.csv",
    ]
    assert archive.read("household.csv") == header(HOUSEHOLD) + root_line(HOUSEHOLD, row(), ["V", None, None, None])
    assert archive.read("household-member.csv") == b"age,PARENT_KEY,KEY\n,uuid:1,uuid:1/home/member[1]\n"
    assert archive.read("household-child.csv") == b"name,PARENT_KEY,KEY\n"
    assert archive.read("media/1.jpg") == b"photograph"
    assert archive.getinfo("household.csv").date_time == (2026, 11, 23, 12, 0, 0)


def test_an_export_of_nothing_has_all_its_headers_and_no_audit_log() -> None:
    archive = zipped(HOUSEHOLD)
    assert archive.namelist() == ["household.csv", "household-member.csv", "household-child.csv"]
    assert archive.read("household.csv") == header(HOUSEHOLD)
    assert b"".join(write_csv(export(HOUSEHOLD))) == header(HOUSEHOLD)


def test_an_encrypted_submission_is_a_line_in_the_root_table_only() -> None:
    archive = zipped(HOUSEHOLD, [ExportedSubmission(row(status=NOT_DECRYPTED), HOUSEHOLD, None)])
    assert archive.read("household.csv").count(b"\n") == 2
    assert archive.read("household-member.csv").count(b"\n") == 1


def test_two_files_of_one_name_are_two_entries() -> None:
    archive = zipped(HOUSEHOLD, [], [("1.jpg", [b"one"]), ("1.jpg", [b"other"])])
    entries = [info for info in archive.infolist() if info.filename == "media/1.jpg"]
    assert [archive.read(info) for info in entries] == [b"one", b"other"]


def test_a_file_name_cannot_leave_the_media_folder() -> None:
    archive = zipped(HOUSEHOLD, [], [("../../x.jpg", [b"1"]), ("..", [b"2"]), ("C:\\x.jpg", [b"3"])])
    assert archive.namelist()[3:] == ["media/....x.jpg", "media/file", "media/Cx.jpg"]


def test_an_export_that_fails_half_way_is_not_a_zip() -> None:
    def breaking() -> Iterator[ExportedSubmission]:
        yield ExportedSubmission(row(), HOUSEHOLD, filled(""))
        raise OSError("no space")

    written: list[bytes] = []
    with pytest.raises(OSError, match="no space"):
        written.extend(write_zip(export(HOUSEHOLD, breaking())))
    assert not zipfile.is_zipfile(io.BytesIO(b"".join(written)))


def test_an_exporter_that_loses_a_row_has_no_end() -> None:
    class Forgetful(Sheet):
        def rows(self, each: Prepared) -> list[list[str]]:
            return super().rows(each)[:1]

    tables = filled("<home><member/><member/></home>")
    asked = export(HOUSEHOLD, [ExportedSubmission(row(), HOUSEHOLD, tables)])
    asked.sheets[1] = Forgetful(HOUSEHOLD, HOUSEHOLD.tables[1])
    with pytest.raises(RowsLost, match="sheet 1: 2 rows read, 1 written"):
        list(write_zip(asked))
    asked = export(HOUSEHOLD)
    asked.due = lambda: 1
    with pytest.raises(RowsLost, match="1 submissions wanted, 0 written"):
        list(write_csv(asked))


def test_lines_rendered_before_stand_between_new_ones() -> None:
    each = ExportedSubmission(row(), HOUSEHOLD, filled("<village>V</village><home><member/></home>"))
    plain = zipped(HOUSEHOLD, [each, each, each])
    ready = prepared(each, HOUSEHOLD)
    lines = [lines_of(sheet(HOUSEHOLD, number), ready) for number in range(3)]
    segment = Segment(1, tuple(block_of(made) for made, _ in lines), tuple(rows for _, rows in lines))
    asked = export(HOUSEHOLD)
    asked.chunks = iter([[ready], segment, [ready]])
    mixed = zipfile.ZipFile(io.BytesIO(b"".join(write_zip(asked))))
    assert mixed.testzip() is None
    assert [mixed.read(name) for name in mixed.namelist()] == [plain.read(name) for name in plain.namelist()]
    assert asked.ledger.submissions == 3
    assert asked.ledger.files[0].sha256 == sha256(plain.read("household.csv")).hexdigest()


@pytest.mark.slow
def test_more_files_than_a_small_zip_can_count() -> None:
    archive = zipped(HOUSEHOLD, [], ((f"{number}.jpg", (b"x",)) for number in range(66_000)))
    assert len(archive.namelist()) == 66_003
    assert archive.read("media/65999.jpg") == b"x"


@pytest.mark.slow
def test_the_memory_of_an_export_does_not_grow_with_it() -> None:
    submission = ExportedSubmission(row(), HOUSEHOLD, filled("<home><member><age>1</age></member><member/></home>"))

    def peak(count: int) -> int:
        media = ((f"{number}.jpg", (b"x",)) for number in range(count))
        tracemalloc.start()
        for _ in write_zip(export(HOUSEHOLD, (submission for _ in range(count)), media)):
            pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # The smaller one has filled every buffer; an entry that stayed in memory would take 400 bytes.
    assert peak(3500) < peak(2000) + 50_000


# --- spreadsheets ---


@pytest.mark.parametrize(
    "cell", ["=1+1", "+227 90", "-x", "@a", "\tx", "'=1", "''@", "'quoted'", "-5", "+3,5", "1e5", "", "'"]
)
def test_a_guarded_cell_is_no_formula_and_can_be_read_back(cell: str) -> None:
    made = guarded(cell)
    assert unguarded(made) == cell
    assert made[:1] not in "=@\t" or not made
    assert made == cell if cell in ("-5", "+3,5", "1e5", "", "'", "'quoted'") else made == f"'{cell}"


# --- audit logs ---


def test_audit_events_get_centrals_columns() -> None:  # C56
    content = (
        b"\xef\xbb\xbfevent, node ,start,end,old-value,new-value,battery\r\n"
        b'question,/data/a,1,2,"x, y", z ,80\r\n\r\nform save,,3\r\n'
    )
    assert audit_lines("uuid:1", content) == (
        b'uuid:1,question,/data/a,1,2,,,,"x, y",z,,\nuuid:1,form save,,3,,,,,,,,\n'
    )


def test_the_combined_audit_log_starts_with_the_instance() -> None:
    archive = zipped(HOUSEHOLD, audits=[("uuid:1", b"event\na\n"), ("uuid:2", b"event\nb\n")])
    assert archive.read("household - audit.csv") == (
        b"instance ID,event,node,start,end,latitude,longitude,accuracy,old-value,new-value,user,change-reason\n"
        b"uuid:1,a,,,,,,,,,,\nuuid:2,b,,,,,,,,,,\n"
    )


@given(st.one_of(st.binary(max_size=60), st.text('",\r\n\x00ab', max_size=30).map(str.encode)))
def test_no_audit_log_stops_an_export(content: bytes) -> None:
    lines = audit_lines("uuid:1", content)
    assert all(len(cells) == 12 for cells in csv.reader(io.StringIO(lines.decode(), newline="")))


# --- answers of other versions ---

OLDER = define(
    question("gone"),
    group("home", repeat("member", question("old"), question("age"))),
    question("village"),
    META,
    version="0",
)


def test_answers_of_an_older_version_are_put_under_the_questions_of_the_newer() -> None:
    tables = filled("<gone>x</gone><village>V</village><home><member><old>o</old><age>4</age></member></home>", OLDER)
    seen = project(tables, OLDER, HOUSEHOLD)
    assert seen == {0: [["V", None, None, None]], 1: [[0, 1, "4"]], 2: []}


def test_a_version_with_the_same_questions_needs_no_work() -> None:
    one, other = (define(question("village"), group("home"), version=version) for version in "12")
    tables = filled("<village>V</village>", one)
    assert project(tables, one, other) is tables


def test_a_group_that_became_a_repeat_does_not_match() -> None:
    before = define(group("g", question("a"), repeat("r", question("b"))), question("c"))
    after = define(repeat("g", question("a"), repeat("r", question("b"))), question("c"))
    tables = filled("<g><a>1</a><r><b>2</b></r></g><c>3</c>", before)
    assert project(tables, before, after) == {0: [["3"]], 1: [], 2: []}


def test_repeats_that_changed_places_keep_their_parents() -> None:
    before = define(repeat("x", question("a")), repeat("p", question("b"), repeat("q", question("c"))))
    after = define(repeat("p", repeat("q", question("c")), question("b")), repeat("x", question("a")))
    tables = filled("<p><b>1</b></p><p><q><c>2</c></q></p><x><a>3</a></x>", before)
    assert project(tables, before, after) == {
        0: [[]],
        1: [[0, 1, "1"], [0, 2, None]],
        2: [[1, 1, "2"]],
        3: [[0, 1, "3"]],
    }


@given(st.data(), forms)
def test_a_version_with_more_questions_shows_what_it_would_read_itself(
    data: st.DataObject, form: FormDefinition
) -> None:
    # The newer version adds a question to the front of every table; both read the same submission.
    newer = _with_a_new_question_everywhere(form)
    root = parse(data.draw(submissions(form)))
    assert project(flatten(root, form), form, newer) == flatten(root, newer)
    assert project(flatten(root, newer), newer, form) == flatten(root, form)


def _with_a_new_question_everywhere(form: FormDefinition) -> FormDefinition:
    def nodes(path: str) -> list[Any]:
        inside = [field for field in form.fields if field.path.rpartition("/")[0] == path]
        return [
            question("new"),
            *(
                question(field.name, field.type)
                if field.column_no is not None
                else (repeat if field.type == "repeat" else group)(field.name, *nodes(field.path))
                for field in inside
            ),
        ]

    return define(*nodes(""))


# --- against another writer ---


def reference_rows(xml: bytes, definition: FormDefinition, number: int) -> list[list[str]]:
    """The cells of a repeat's (or the root's) answers and keys, every field looked up by its path."""
    found: dict[int, list[tuple[ET.Element, list[str]]]] = {0: [(plain(xml), ["uuid:1"])]}
    for table in definition.tables[1:]:
        assert table.parent is not None
        path = below(table.path, definition.tables[table.parent].path)
        found[table.number] = [
            (element, [keys[-1], f"{keys[-1]}/{path}[{count}]"])
            for parent, keys in found[table.parent]
            for count, element in enumerate(parent.findall(path), start=1)
        ]
    return [
        [*_reference_cells(element, definition, number), *(keys if number else [])] for element, keys in found[number]
    ]


def _reference_cells(element: ET.Element, definition: FormDefinition, number: int) -> list[str]:
    cells: list[str] = []
    for field in definition.fields:
        if field.table_no == number and field.type not in ("structure", "repeat"):
            text = element.findtext(below(field.path, definition.tables[number].path), "") or ""
            cells += (re.split(r"[\s\ufeff]+", text) + [""] * 3)[:4] if field.type == "geopoint" else [text]
    return cells


def reference_csv(rows: list[list[str]]) -> str:
    return "".join(",".join(_reference_cell(cell) for cell in cells) + "\n" for cells in rows)


def _reference_cell(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if set(cell) & set(',"\n\r') else cell


@given(st.data(), forms)
def test_every_table_of_every_form_is_what_another_writer_makes_of_the_xml(
    data: st.DataObject, form: FormDefinition
) -> None:
    xml = data.draw(submissions(form))
    archive = zipped(form, [ExportedSubmission(row(), form, flatten(parse(xml), form))])
    [root] = reference_rows(xml, form, 0)
    ends = ["uuid:1", "7", "Poste 3", "1", "2", "", "", "collect:abc", "0", "1"]
    root_file = archive.read(archive.namelist()[0])
    assert root_file[len(header(form)) :].decode() == reference_csv([["2026-11-23T12:00:00.439Z", *root, *ends]])
    for table, name in zip(form.tables[1:], archive.namelist()[1:], strict=True):
        lines = archive.read(name)
        rows = reference_rows(xml, form, table.number)
        assert lines[len(header(form, table.number)) :].decode() == reference_csv(rows)
        parsed = list(csv.reader(io.StringIO(lines.decode(), newline="")))
        assert parsed[1:] == rows
        assert {len(cells) for cells in parsed} == {len(parsed[0])}
