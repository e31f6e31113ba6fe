"""The quick way to lines of CSV writes what the plain one writes."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.export_format import Dialect
from collector.exports.csv import lines_of
from collector.line_writer import LineWriter
from collector.sheets import LABELS, Look, Prepared, sheets_of
from tests.collector.forms import META, define, group, question, repeat
from tests.collector.test_csv import row

PLAIN = define(
    question("place", "geopoint"),
    question("size", "decimal"),
    question("name"),
    question("which"),
    group("home", question("where", "geopoint"), question("note")),
    repeat("member", question("name"), question("age", "int"), repeat("visit", question("at", "geopoint"))),
    META,
)
# A question with several answers, which the drawn forms have no word for.
FORM = replace(PLAIN, fields=tuple(replace(each, multiple=each.name == "which") for each in PLAIN.fields))
CELLS = ("", "oui", "a,b", "a;b", 'a "b"', "a\nb", "a\rb", "=1", "-1.5", "-x", "'=x", "13.5", "1,5", " ", "é", None)
PLACES = ("13.5 -2.1 210 4.5", "13.5 2.1", "1  2 3", "1 2 3 4 5", " 1 2 3", "-1,5 2 3 4", "x", "a b c d", "", None)
DIALECTS = (Dialect(), Dialect(guard=True), Dialect(";"), Dialect(";", guard=True), Dialect("\t"))


class Said:
    """Words for a form in which one question has choices."""

    language = "fr"

    def question(self, path: str) -> str:
        return path

    def is_choice(self, path: str) -> bool:
        return path == "/name"

    def choice(self, path: str, value: str) -> str:  # noqa: ARG002 - Words has it
        return f"« {value} »"


LOOKS = (
    Look(),
    Look(decimal_comma=True),
    Look(choices=LABELS, words=Said()),
    Look(choices="both", words=Said(), splits={"/which": ("a", "=1")}),
    Look(splits={"/which": ("a", "b,c")}),
)
several = st.sampled_from(("a", "a =1", "b,c a", "", None, "x\ny"))
cells, places = st.sampled_from(CELLS), st.sampled_from(PLACES)
roots = st.tuples(places, cells, cells, several, places, cells, cells, cells).map(list)
members = st.lists(st.tuples(cells, cells), max_size=3)
visits = st.lists(places, max_size=2)


@settings(max_examples=60)
@given(
    root=roots,
    members=members,
    visits=visits,
    look=st.sampled_from(LOOKS),
    dialect=st.sampled_from(DIALECTS),
    name=st.sampled_from(("Poste 3", "=x", "a,b", None)),
    encrypted=st.booleans(),
)
def test_the_quick_way_to_a_line_writes_what_the_plain_one_writes(
    root: list[Any],
    members: list[tuple[Any, Any]],
    visits: list[Any],
    look: Look,
    dialect: Dialect,
    name: str | None,
    encrypted: bool,
) -> None:
    tables = {
        0: [root],
        1: [[0, place, *member] for place, member in enumerate(members, 1)],
        2: [[0, place, visit] for place, visit in enumerate(visits, 1)] if members else [],
    }
    each = Prepared(row(submitter_name=name), None if encrypted else tables)
    for sheet in sheets_of(FORM, look):
        writer = LineWriter(sheet, dialect)
        assert writer.lines(each) == lines_of(sheet, each, dialect)
        assert writer.lines(each) == lines_of(sheet, each, dialect)
