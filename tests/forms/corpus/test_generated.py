"""For any form of groups, repeats and questions: pyxform in, fields out, submission in, rows out, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import Tables, read_answers
from collector.submission_xml import parse
from forms.compile_child import compile_workbook
from forms.xform import FormDefinition, parse_xform

# XLSForm type: the type of the field it becomes.
TYPES = {
    "text": "string", "integer": "int", "decimal": "decimal", "date": "date", "time": "time", "dateTime": "dateTime",
    "select_one yn": "string", "select_multiple yn": "string", "rank yn": "odk:rank", "image": "binary", "audio": "binary",
    "geopoint": "geopoint", "barcode": "barcode", "note": "string", "acknowledge": "string", "range": "int", "file": "binary",
}  # fmt: skip
CHOICES = [{"list_name": "yn", "name": "y", "label": "Oui"}, {"list_name": "yn", "name": "n", "label": "Non"}]


@dataclass(frozen=True)
class Node:
    """A question (`kind` is its type), a group or a repeat of a generated form."""

    kind: str
    name: str
    inside: "tuple[Node, ...]" = ()


@dataclass(frozen=True)
class Answer:
    """What a generated submission says at a node: a text, or one list of answers for each copy of what is inside."""

    node: Node
    text: str | None = None
    copies: "tuple[tuple[Answer, ...], ...]" = ()


# Letters phones can read (they have a case), marks that mean something in XML, CSV and spreadsheets.
text = st.text(
    st.one_of(st.characters(min_codepoint=32, max_codepoint=0x24F), st.sampled_from("éœ\n\t<&>\"'=+@,;🐪ع")),
    max_size=12,
)
label = st.text("abc é<&>\"'#*_-🐪ع", min_size=1, max_size=12).map(lambda words: f"L{words}".strip())


@st.composite
def forms(draw: st.DrawFn, depth: int = 0, taken: list[int] | None = None) -> tuple[Node, ...]:
    """Nodes whose names are unique in the whole form, as repeats demand."""
    numbers = taken if taken is not None else []
    nodes: list[Node] = []
    for _ in range(draw(st.integers(1, 4 if depth < 2 else 2))):
        numbers.append(len(numbers))
        name = draw(st.sampled_from(["q", "Qa", "é_", "x.y-", "_u"])) + str(numbers[-1])
        kind = draw(st.sampled_from([*TYPES, "group", "repeat", "group", "repeat"] if depth < 3 else list(TYPES)))
        inside = draw(forms(depth + 1, numbers)) if kind in ("group", "repeat") else ()
        nodes.append(Node(kind, name, inside))
    return tuple(nodes)


@st.composite
def answers(draw: st.DrawFn, nodes: tuple[Node, ...]) -> tuple[Answer, ...]:
    """A submission of the form: every node or not, repeats any number of times."""
    found = []
    for node in nodes:
        if node.kind in ("group", "repeat"):
            count = 1 if node.kind == "group" else draw(st.integers(0, 3))
            found.append(Answer(node, copies=tuple(draw(answers(node.inside)) for _ in range(count))))
        elif draw(st.integers(0, 5)):
            found.append(Answer(node, text=draw(text)))
    return tuple(found)


def rows_of(nodes: tuple[Node, ...], labels: Iterator[str]) -> list[dict[str, str]]:
    """The survey sheet."""
    rows: list[dict[str, str]] = []
    for node in nodes:
        if node.kind in ("group", "repeat"):
            rows.append({"type": f"begin {node.kind}", "name": node.name, "label": next(labels)})
            rows += [*rows_of(node.inside, labels), {"type": f"end {node.kind}"}]
        else:
            rows.append({"type": node.kind, "name": node.name, "label": next(labels)})
    return rows


def compiled(nodes: tuple[Node, ...], labels: list[str]) -> FormDefinition:
    rows = rows_of(nodes, iter(labels * 200))
    header = [dict.fromkeys(("type", "name", "label"))]
    sheets: dict[str, Any] = {
        "survey": rows,
        "survey_header": header,
        "choices": CHOICES,
        "sheet_names": ["survey", "choices"],
    }
    sheets["choices_header"] = [dict.fromkeys(("list_name", "name", "label"))]
    return parse_xform(compile_workbook(sheets, "generated", [])[0])


def expected_fields(nodes: tuple[Node, ...], above: str = "") -> Iterator[tuple[str, str]]:
    for node in nodes:
        path = f"{above}/{node.name}"
        yield path, {"group": "structure", "repeat": "repeat"}.get(node.kind) or TYPES[node.kind]
        yield from expected_fields(node.inside, path)


def below(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from below(node.inside)


def xml_of(given_answers: tuple[Answer, ...]) -> str:
    pieces = []
    for answer in given_answers:
        name = answer.node.name
        if answer.text is not None:
            pieces.append(f"<{name}>{escape(answer.text)}</{name}>")
        pieces += [f"<{name}>{xml_of(copy)}</{name}>" for copy in answer.copies]
    return "".join(pieces)


def expected_rows(definition: FormDefinition, given_answers: tuple[Answer, ...]) -> Tables:
    """The tables, worked out another way than the server does: every text goes to its field by its path."""
    fields = {field.path: field for field in definition.fields}
    widths = [0] * len(definition.tables)
    for field in definition.fields:
        widths[field.table_no] += field.column_no is not None
    tables: Tables = {table.number: [] for table in definition.tables}
    tables[0].append([None] * widths[0])

    def fill(inside: tuple[Answer, ...], above: str, row: list[Any], ordinal: int) -> None:
        for answer in inside:
            field = fields[f"{above}/{answer.node.name}"]
            if answer.text is not None:
                assert field.column_no is not None
                row[field.column_no + (2 if field.table_no else 0)] = answer.text
            for number, copy in enumerate(answer.copies, start=1):
                if answer.node.kind == "group":
                    fill(copy, field.path, row, ordinal)
                else:
                    rows = tables[field.table_no]
                    rows.append([ordinal, number, *[None] * widths[field.table_no]])
                    fill(copy, field.path, rows[-1], len(rows) - 1)

    fill(given_answers, "", tables[0][0], 0)
    return tables


@settings(max_examples=100)
@given(st.data(), forms(), st.lists(label, min_size=1, max_size=5))
def test_nothing_is_lost_between_the_workbook_and_the_row(
    data: st.DataObject, nodes: tuple[Node, ...], labels: list[str]
) -> None:
    definition = compiled(nodes, labels)
    fields = [(field.path, field.type) for field in definition.fields if not field.path.startswith("/meta")]
    assert fields == list(expected_fields(nodes))
    multiple = {field.name for field in definition.fields if field.multiple}
    assert multiple == {node.name for node in below(nodes) if node.kind.startswith("select_multiple")}

    said = data.draw(answers(nodes))
    xml = f'<data id="generated">{xml_of(said)}<meta><instanceID>uuid:1</instanceID></meta></data>'
    read = read_answers(parse(xml.encode()), definition)
    assert (read.unknown, read.repeated) == ((), ())
    expected = expected_rows(definition, said)
    expected[0][0][-1] = "uuid:1"
    assert read.tables == expected
