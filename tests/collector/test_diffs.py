"""What an edit has changed, as a program reads it."""

from typing import Any

import pytest

from collector.diffs import changes_between
from forms.xform import FormDefinition, parse_xform
from tests.collector.rest import admin_of, created, one
from tests.installation import Installation, instance, new_id, xform

FORM = parse_xform(xform())


def filled(*children: tuple[str, str], name: str = "A", meta: str = "<meta><instanceID>x</instanceID></meta>") -> bytes:
    rows = "".join(f"<child><first_name>{each}</first_name><note>{note}</note></child>" for each, note in children)
    return f'<data id="household">{meta}<name>{name}</name>{rows}</data>'.encode()


def changes(old: bytes, new: bytes, form: FormDefinition = FORM) -> list[dict[str, Any]]:
    return changes_between(old, new, form)


def row(name: str, note: str = "1") -> dict[str, str]:
    return {"first_name": name, "note": note}


def test_a_changed_answer_is_told_with_both_values_and_its_path() -> None:
    assert changes(filled(name="A"), filled(name="B")) == [{"old": "A", "new": "B", "path": ["name"]}]
    assert changes(filled(), filled()) == []


def test_what_came_or_went_has_one_value() -> None:
    with_age = filled().replace(b"<name>", b"<age>3</age><name>")
    assert changes(filled(), with_age) == [{"new": "3", "path": ["age"]}]
    assert changes(with_age, filled()) == [{"old": "3", "path": ["age"]}]


def test_prefixes_tell_names_apart_and_are_left_out_of_paths() -> None:
    plain, prefixed = filled(), filled(meta='<o:meta xmlns:o="x"><o:instanceID>x</o:instanceID></o:meta>')
    assert changes(plain, prefixed) == [
        {"old": {"instanceID": "x"}, "path": ["meta"]},
        {"new": {"o:instanceID": "x"}, "path": ["meta"]},
    ]


def test_a_row_is_changed_added_or_gone() -> None:
    two = filled(("A", "1"), ("B", "1"))
    assert changes(two, filled(("A", "1"), ("B", "2"))) == [{"old": "1", "new": "2", "path": [["child", 1], "note"]}]
    assert changes(two, filled(("A", "1"), ("B", "1"), ("C", "1"))) == [{"new": row("C"), "path": [["child", 2]]}]
    assert changes(two, filled(("B", "1"))) == [{"old": row("A"), "path": [["child", 0]]}]
    assert changes(filled(), filled(("A", "1"))) == [{"new": [row("A")], "path": ["child"]}]


def test_of_unequal_rows_the_least_alike_are_told_whole() -> None:
    old, new = filled(("A", "1"), ("B", "2")), filled(("A", "9"))
    assert changes(old, new) == [
        {"old": "1", "new": "9", "path": [["child", 0], "note"]},
        {"old": row("B", "2"), "path": [["child", 1]]},
    ]
    assert changes(new, old) == [
        {"old": "9", "new": "1", "path": [["child", 0], "note"]},
        {"new": row("B", "2"), "path": [["child", 1]]},
    ]


@pytest.mark.timeout(20)
def test_thousands_of_changed_rows_end_in_time() -> None:
    old = filled(*((f"a{number}", "1") for number in range(3000)))
    new = filled(*((f"b{number}", "1") for number in range(2900)))
    assert len(changes(old, new)) == 5900


def test_versions_of_a_submission_are_compared_in_turn(relais: Installation) -> None:
    admin = admin_of(relais)
    first, second, third = created(admin, name="A"), new_id(), new_id()
    admin.send(instance(second, deprecated_id=first, name="B"), one(first), "PUT")
    admin.send(instance(third, deprecated_id=second, name="B", children=()), one(first), "PUT")
    told = admin.json(one(first, "diffs"))
    assert list(told) == [third, second]
    assert told[second] == [
        {"old": "A", "new": "B", "path": ["name"]},
        {"old": first, "new": second, "path": ["meta", "instanceID"]},
        {"new": first, "path": ["meta", "deprecatedID"]},
    ]
    assert {"old": [{"first_name": "Moussa"}], "path": ["child"]} in told[third]
