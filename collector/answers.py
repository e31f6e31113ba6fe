"""A submission's answers as rows: one table for the root, one per repeat, exactly the text of the XML."""

from dataclasses import dataclass
from typing import Any, Final

from lxml.etree import _Element

from collector.submission_xml import XML_SPACE, encrypted_parts, text_of
from forms.xform import FormDefinition

Row = list[Any]
"""Values in column order (str, None), in a repeat after its two ordinals (int); as JSON it is what is stored."""

Tables = dict[int, list[Row]]
"""Rows by table number; a repeat without rows may be missing, the root table has exactly one."""

# Enough to show a supervisor what a phone sent too much of; a hostile submission could name millions.
_MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Answers:
    """What one submission says, and what of it the form has no place for.

    `tables` is by table number: the root table has exactly one row, its values in column order; a repeat's row is
    `[parent ordinal, own ordinal, *values]`, where parent ordinal is the 0-based index of the parent's row in the
    parent's table of this submission, own ordinal the 1-based position among its siblings under that parent (the [n]
    of ODK Central's KEY). A value is the text exactly as in the XML; None = node absent, "" = blank node.
    `files` are the names in file questions, each once, in document order. `unknown` are the paths the form lacks,
    `repeated` those that occurred again without being a repeat (the first one counts); at most 50 of each.
    """

    tables: Tables
    files: tuple[str, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]


def read_answers(root: _Element, definition: FormDefinition) -> Answers:
    """Everything of a plain (not encrypted) submission, in one walk; never raises for odd structure."""
    shape = _shape_of(definition)
    walk = _Walk(shape.widths)
    walk.fill(root, shape.root, walk.rows[0][0], 0)
    return Answers(
        tables=walk.rows,
        files=tuple(walk.files),
        unknown=tuple(walk.unknown),
        repeated=tuple(walk.repeated),
    )


def flatten(root: _Element, definition: FormDefinition) -> Tables:
    """The tables of `read_answers`, for callers that need nothing else."""
    return read_answers(root, definition).tables


def expected_files(root: _Element, definition: FormDefinition) -> tuple[str, ...]:
    """Names of the files the XML promises, each once: what an envelope lists, else what file questions hold."""
    encrypted = encrypted_parts(root)
    return read_answers(root, definition).files if encrypted is None else encrypted.file_names


class _Nodes(dict[str, "int | _File | _Group | _Repeat | None"]):
    """What may stand below a node, by local name: an int is a leaf's place in its row, None is known but not kept."""


class _File(int):
    """A leaf's place in its row; its value names a file."""


class _Group(_Nodes):
    """A structure: its leaves belong to the row of the node around it."""


class _Repeat(_Nodes):
    """A repeat: each occurrence opens a row of its table."""

    table_no: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """A definition turned into look-ups; `widths` is the length of an empty row of each table, ordinals included."""

    root: _Group
    widths: tuple[int, ...]


class _Walk:
    """The state of reading one submission."""

    __slots__ = ("files", "repeated", "rows", "unknown", "widths")

    def __init__(self, widths: tuple[int, ...]) -> None:
        self.widths = widths
        self.rows: Tables = {number: [] for number in range(len(widths))}
        self.rows[0].append([None] * widths[0])
        # Used as ordered sets.
        self.files: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.repeated: dict[str, None] = {}

    def fill(self, node: _Element, nodes: _Nodes, row: Row, ordinal: int) -> None:
        """Read the children of `node` into `row`, which is number `ordinal` of its table."""
        for child in node:
            tag = child.tag
            place = nodes.get(tag, _MISSING)
            if place is _MISSING:
                place = self._find(child, nodes)
            if type(place) is int:
                if row[place] is not None:
                    self._note(self.repeated, child)
                else:
                    row[place] = (child.text or "") if not len(child) else self._odd_text(child)
            elif type(place) is _Group:
                if not len(child):
                    self._expect_blank(child)
                self.fill(child, place, row, ordinal)
            elif type(place) is _Repeat:
                self._open_row(child, place, ordinal)
            elif type(place) is _File:
                self._fill_file(child, place, row)

    def _open_row(self, child: _Element, repeat: _Repeat, parent_ordinal: int) -> None:
        if not len(child):
            self._expect_blank(child)
        rows = self.rows[repeat.table_no]
        last = rows[-1] if rows else None
        # Rows under one parent follow each other, so the last one tells how many there are.
        own = last[1] + 1 if last is not None and last[0] == parent_ordinal else 1
        row: Row = [None] * self.widths[repeat.table_no]
        row[0] = parent_ordinal
        row[1] = own
        rows.append(row)
        self.fill(child, repeat, row, len(rows) - 1)

    def _fill_file(self, child: _Element, place: int, row: Row) -> None:
        text = self._odd_text(child)
        name = text.strip()
        if name:
            self.files[name] = None
        if row[place] is None:
            row[place] = text
        else:
            self._note(self.repeated, child)

    def _find(self, child: _Element, nodes: _Nodes) -> "int | _File | _Group | _Repeat | None":
        """The place of a node in a namespace; None, and a note, for one the form does not have."""
        tag: object = child.tag
        if not isinstance(tag, str):
            return None  # a comment or processing instruction
        name = tag.rpartition("}")[2]
        if name not in nodes:
            self._note(self.unknown, child)
            return None
        return nodes[name]

    def _odd_text(self, leaf: _Element) -> str:
        """The text of a leaf that may have children, which the form does not know."""
        for child in leaf.iterchildren("*"):
            self._note(self.unknown, child)
        return text_of(leaf)

    def _expect_blank(self, structure: _Element) -> None:
        if structure.text and structure.text.strip(XML_SPACE):
            self._note(self.unknown, structure)

    def _note(self, notes: dict[str, None], node: _Element) -> None:
        if len(notes) < _MOST_NOTES:
            above = [str(each.tag).rpartition("}")[2] for each in node.iterancestors()]
            names = [*above[-2::-1], node.tag.rpartition("}")[2]]
            notes["/" + "/".join(names)] = None


_MISSING: Final = _Group()
_MOST_SHAPES = 1000
_shapes: dict[bytes, _Shape] = {}


def _shape_of(definition: FormDefinition) -> _Shape:
    shape = _shapes.get(definition.schema_sha256)
    if shape is None:
        if len(_shapes) >= _MOST_SHAPES:
            _shapes.clear()
        shape = _shapes[definition.schema_sha256] = _compile(definition)
    return shape


def _compile(definition: FormDefinition) -> _Shape:
    root = _Group()
    places: dict[str, _Nodes] = {"": root}
    widths = [0] + [2] * (len(definition.tables) - 1)
    for field in definition.fields:
        place: int | _Group | _Repeat
        if field.type == "repeat":
            place = places[field.path] = _Repeat()
            place.table_no = field.table_no
        elif field.column_no is None:
            place = places[field.path] = _Group()
        else:
            column = field.column_no + (2 if field.table_no else 0)
            place = _File(column) if field.binary else column
            widths[field.table_no] += 1
        parent = places[field.path.rpartition("/")[0]]
        parent[field.name] = place
    # The phone adds deprecatedID to every edit (C53), and any form may lack the others: ids, not answers.
    meta = places.get("/meta")
    if meta is not None:
        for name in ("instanceID", "deprecatedID", "instanceName"):
            meta.setdefault(name, None)
    return _Shape(root, tuple(widths))
