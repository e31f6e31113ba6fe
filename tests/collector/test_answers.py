"""Turning a submission into rows, one table for the root and one per repeat."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.answers import Answers, expected_files, flatten, read_answers
from collector.submission_xml import canonical, parse
from forms.xform import FormDefinition
from tests.collector.forms import META, define, forms, group, question, repeat
from tests.collector.instances import below, plain, submissions

HOUSEHOLD = define(
    question("village"),
    group(
        "home",
        question("photo", "binary"),
        repeat("member", question("age", "int"), group("job", question("title")), repeat("child", question("first"))),
        question("roof"),
    ),
    META,
)


def answers(inside: str, definition: FormDefinition = HOUSEHOLD, root: str = 'id="survey"') -> Answers:
    return read_answers(parse(f"<data {root}>{inside}</data>".encode()), definition)


def test_an_absent_node_is_none_and_a_blank_one_is_empty() -> None:
    assert answers("<village/>").tables[0] == [["", None, None, None, None]]


def test_the_root_table_has_a_row_even_without_any_answer() -> None:
    assert answers("").tables == {0: [[None] * 5], 1: [], 2: []}


@pytest.mark.parametrize(
    "text", [" x ", "\n", "=1+1", "\u202babc", "a&amp;b", "<![CDATA[<b>]]>", "x<!-- y -->z", "<?p?>x"]
)
def test_a_value_is_exactly_the_text(text: str) -> None:
    expected = "".join(ET.fromstring(f"<a>{text}</a>").itertext())
    assert answers(f"<village>{text}</village>").tables[0][0][0] == expected


def test_nested_repeats_know_their_parents_row_and_their_place() -> None:
    xml = """
      <home>
        <member><age>40</age><child><first>A</first></child><child><first>B</first></child></member>
        <member><job><title>cook</title></job></member>
        <member><child><first>C</first></child><age>9</age></member>
      </home>"""
    tables = answers(xml).tables
    assert tables[1] == [[0, 1, "40", None], [0, 2, None, "cook"], [0, 3, "9", None]]
    assert tables[2] == [[0, 1, "A"], [0, 2, "B"], [2, 1, "C"]]


def test_the_order_of_siblings_does_not_matter() -> None:  # C55
    one = "<home><member><age>1</age><job><title>x</title></job></member><roof>tin</roof></home><village>V</village>"
    other = "<village>V</village><home><roof>tin</roof><member><job><title>x</title></job><age>1</age></member></home>"
    assert answers(one).tables == answers(other).tables


def test_copies_of_a_repeat_need_not_stand_together() -> None:
    tables = answers("<home><member><age>1</age></member><roof/><member><age>2</age></member></home>").tables
    assert tables[1] == [[0, 1, "1", None], [0, 2, "2", None]]


def test_an_empty_repeat_is_a_row() -> None:
    assert answers("<home><member/></home>").tables[1] == [[0, 1, None, None]]


def test_a_question_that_occurs_twice_keeps_its_first_answer_and_is_noted() -> None:
    result = answers("<village>1</village><village>2</village><home><roof>a</roof></home><home><roof>b</roof></home>")
    assert (result.tables[0][0][0], result.tables[0][0][2]) == ("1", "a")
    assert result.repeated == ("/village", "/home/roof")


def test_a_group_that_occurs_twice_loses_nothing() -> None:
    result = answers("<home><roof>tin</roof></home><home><photo>1.jpg</photo><member><age>3</age></member></home>")
    assert result.tables[0][0][1:3] == ["1.jpg", "tin"]
    assert result.tables[1] == [[0, 1, "3", None]]
    assert result.repeated == ()


def test_what_the_form_does_not_know_is_noted_once_with_its_path() -> None:
    xml = "<new/><home><member><pet><name>Rex</name></pet></member><member><pet/></member></home>"
    assert answers(xml).unknown == ("/new", "/home/member/pet")


def test_text_and_nodes_where_none_belong_are_noted() -> None:
    result = answers("<village>here<map>there</map>!</village><home>big</home>")
    assert result.tables[0][0][0] == "here!"
    assert result.unknown == ("/village/map", "/home")


def test_blank_text_around_unexpected_children_is_no_answer() -> None:
    assert answers("<village> \n<map/> </village>").tables[0][0][0] == ""


def test_a_million_unknown_nodes_leave_fifty_notes() -> None:
    assert len(answers("".join(f"<n{number}/>" for number in range(900))).unknown) == 50


def test_ids_that_the_phone_adds_are_not_unknown() -> None:  # C53
    form = define(question("a"), group("meta", question("instanceID")))
    ids = "<orx:instanceID>uuid:2</orx:instanceID><orx:instanceName/><deprecatedID>uuid:1</deprecatedID>"
    result = answers(f"<orx:meta>{ids}</orx:meta>", form, 'id="f" xmlns:orx="http://openrosa.org/xforms"')
    assert result.unknown == ()
    assert result.tables[0] == [[None, "uuid:2"]]


def test_an_entity_in_meta_gives_its_label() -> None:  # C67
    form = define(question("name"), group("meta", question("instanceID"), group("entity", question("label"))))
    entity = '<entity dataset="people" id="u" create="1"><label>Ada</label></entity>'
    assert answers(f"<meta><instanceID>uuid:1</instanceID>{entity}</meta>", form).tables[0] == [[None, "uuid:1", "Ada"]]
    assert answers('<meta><entity dataset="people" id="u"/></meta>', form).unknown == ()


def test_nodes_of_a_default_namespace_are_found() -> None:
    assert answers("<village>V</village>", root='id="f" xmlns="my_form"').tables[0][0][0] == "V"


def test_files_are_named_once_in_the_order_of_the_document() -> None:  # C56
    form = define(question("p", "binary"), repeat("r", question("q", "binary")), group("meta", question("audit")))
    xml = "<r><q> 2.jpg </q></r><r><q>1.jpg</q></r><r><q/></r><p>2.jpg</p><meta><audit>audit.csv</audit></meta>"
    root = parse(f'<data id="f">{xml}</data>'.encode())
    assert expected_files(root, form) == ("2.jpg", "1.jpg", "audit.csv")
    assert flatten(root, form)[1][0] == [0, 1, " 2.jpg "]


def test_an_encrypted_envelope_names_its_files_itself() -> None:  # C57
    root = parse(
        b'<data id="survey" encrypted="yes"><base64EncryptedKey>k</base64EncryptedKey>'
        b"<media><file>1.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    assert expected_files(root, HOUSEHOLD) == ("1.jpg.enc", "submission.xml.enc")


# --- against another reader ---


def tables_by_path(xml: bytes, definition: FormDefinition) -> dict[int, list[list[Any]]]:
    found: dict[int, list[tuple[ET.Element, list[Any]]]] = {0: [(plain(xml), [])]}
    for table in definition.tables[1:]:
        assert table.parent is not None
        path = below(table.path, definition.tables[table.parent].path)
        found[table.number] = [
            (element, [ordinal, index])
            for ordinal, (parent, _) in enumerate(found[table.parent])
            for index, element in enumerate(parent.findall(path), start=1)
        ]
    return {
        number: [ordinals + _values(element, definition, number) for element, ordinals in rows]
        for number, rows in found.items()
    }


def _values(row: ET.Element, definition: FormDefinition, table: int) -> list[str | None]:
    leaves = [field for field in definition.fields if field.table_no == table and field.column_no is not None]
    nodes = [row.find(below(field.path, definition.tables[table].path)) for field in leaves]
    return [None if node is None else node.text or "" for node in nodes]


@given(st.data(), forms)
def test_every_submission_of_every_form_is_read_as_another_reader_does(
    data: st.DataObject, form: FormDefinition
) -> None:
    xml = data.draw(submissions(form))
    result = read_answers(parse(xml), form)
    assert result.tables == tables_by_path(xml, form)
    assert (result.unknown, result.repeated) == ((), ())


@given(st.data(), forms)
def test_equal_content_gives_equal_answers_in_any_form(data: st.DataObject, form: FormDefinition) -> None:
    # The form asked is not the form answered: groups meet questions, repeats meet groups.
    xml = data.draw(submissions(data.draw(forms)))
    spaced = xml.replace(b"><", b">\n <").replace(b">\n </", b"></")
    assert canonical(spaced) == canonical(xml)
    assert flatten(parse(spaced), form) == flatten(parse(xml), form)
