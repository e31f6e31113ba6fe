"""Form definitions for tests, written as nested nodes or drawn by hypothesis, without any XForm."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from forms.xform import Field, FormDefinition, Table


@dataclass(frozen=True)
class Node:
    """A question (`kind` is its type), a group (`structure`) or a `repeat`."""

    name: str
    kind: str = "string"
    children: tuple["Node", ...] = field(default=())


def question(name: str, kind: str = "string") -> Node:
    return Node(name, kind)


def group(name: str, *children: Node) -> Node:
    return Node(name, "structure", children)


def repeat(name: str, *children: Node) -> Node:
    return Node(name, "repeat", children)


META = group("meta", question("instanceID"), question("instanceName"))


def define(*nodes: Node, xml_form_id: str = "survey", version: str = "1") -> FormDefinition:
    """The definition parse_xform would give for these nodes in this order."""
    fields: list[Field] = []
    tables = [Table(0, "", "", None)]
    columns = [0]

    def add(children: Sequence[Node], above: str, table: int) -> None:
        for node in children:
            path, inside, column = f"{above}/{node.name}", table, None
            if node.kind == "repeat":
                tables.append(Table(len(tables), path, node.name, table))
                columns.append(0)
                inside = len(tables) - 1
            elif node.kind != "structure":
                column = columns[table]
                columns[table] += 1
            binary = node.kind == "binary" or path == "/meta/audit"
            fields.append(Field(len(fields), path, node.name, node.kind, inside, column, binary, False, None))
            add(node.children, path, inside)

    add(nodes, "", 0)
    return FormDefinition(
        xml_form_id=xml_form_id,
        version=version,
        title="Survey",
        root_name="data",
        fields=tuple(fields),
        tables=tuple(tables),
        slots=(),
        languages=(),
        public_key=None,
        client_editable=False,
    )


NAMES = ("a", "b", "c", "d", "é", "name-x")
KINDS = ("string", "int", "geopoint", "binary", "select")


def _siblings(children: st.SearchStrategy[Node]) -> st.SearchStrategy[tuple[Node, ...]]:
    return st.lists(children, max_size=5, unique_by=lambda node: node.name).map(tuple)


def _wrapped(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(Node, st.sampled_from(NAMES), st.sampled_from(("structure", "repeat")), _siblings(children))


_QUESTIONS = st.builds(Node, st.sampled_from(NAMES), st.sampled_from(KINDS))

trees = _siblings(st.recursive(_QUESTIONS, _wrapped, max_leaves=12))
"""Random nodes: groups and repeats in each other, up to twelve questions."""

forms = trees.map(lambda nodes: define(*nodes, META))
"""Random definitions of them, and meta."""
