"""The tables of an export: their columns, and a submission as their rows of text. Pure; every format writes from these.

By default the columns are ODK Central's: SubmissionDate, the answers (groups joined by "-", geopoints in four columns), then
what the server knows; a repeat's end with PARENT_KEY and KEY. Facts from getodk/central-backend: lib/data/briefcase.js.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from collector.answers import Row, Tables
from collector.exported import ExportedSubmission, RootRow
from collector.odata.values import SPACE
from collector.projection import project
from config.clock import wire
from forms.xform import Field, FormDefinition, Table

NAMES, LABELS, BOTH = "names", "labels", "both"
GEOPOINT = ("Latitude", "Longitude", "Altitude", "Accuracy")
_SPACES = re.compile(f"[{SPACE}]+")
_PLAIN_SPACES = re.compile(r"\s+")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\d*\.\d+)(?:[eE][+-]?\d+)?")


class Words(Protocol):
    """What questions and choices are called, in the language of the export."""

    def question(self, path: str) -> str:
        """Its text; "" when it has none."""

    def is_choice(self, path: str) -> bool:
        """Whether its answers are chosen from a list."""

    def choice(self, path: str, value: str) -> str:
        """What a single chosen value says; the value itself when no list has it."""


@dataclass(frozen=True)
class Look:
    """How columns are named and cells written. `splits`: values of questions with several answers that get a column each,
    by path; `headers` and `choices`: names, labels or both, which need `words`."""

    group_paths: bool = True
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: str = NAMES
    choices: str = NAMES
    words: Words | None = None
    decimal_comma: bool = False


CENTRAL = Look()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` is its header. `kind` tells formats with types how to read its cells: text, int, decimal, calculated (a
    text that nobody was asked for), date, dateTime, time, boolean, choice (a single code; `labels` is for those that keep labels
    of values), split (0 or 1)."""

    name: str
    kind: str = "text"
    path: str = ""
    label: str = ""
    labels: bool = False


class Prepared(NamedTuple):
    """A submission in the columns of the export: `tables` are those of the target's definition, None when encrypted."""

    row: RootRow
    tables: Tables | None


def prepared(submission: ExportedSubmission, target: FormDefinition) -> Prepared:
    """`submission` as the version `target` would have asked it."""
    if submission.tables is None:
        return Prepared(submission.row, None)
    return Prepared(submission.row, project(submission.tables, submission.definition, target))


Expand = Callable[[str], list[str]]


class Sheet:
    """A table of the export: the root table, or a repeat."""

    def __init__(self, definition: FormDefinition, table: Table, look: Look = CENTRAL) -> None:
        self.definition = definition
        self.table = table
        answers, self.expands = _answer_columns(definition, table, look)
        self.places = frozenset(place for place, expand in self.expands if expand in (_geopoint, _geopoint_with_comma))
        self.comma = look.decimal_comma
        self._width = len(answers)
        self.columns = (*ROOT_START, *answers, *ROOT_END) if table.number == 0 else (*answers, *REPEAT_END)

    @property
    def name(self) -> str:
        """The repeat's name, "" for the root table."""
        return self.table.name

    def rows(self, each: Prepared) -> list[list[str]]:
        """The rows of a submission, in the order of its XML: one of the root table, none of repeats when encrypted."""
        if self.table.number == 0:
            return [root_cells(each.row, self._root_answers(each))]
        if each.tables is None or not each.tables.get(self.table.number):
            return []
        rows = each.tables[self.table.number]
        parents, keys = row_keys(self.definition, self.table, each.row.instance_id, each.tables)
        return [[*self.answers(row[2:]), parent, key] for row, parent, key in zip(rows, parents, keys, strict=True)]

    def row_count(self, each: Prepared) -> int:
        """How many rows `rows` must give."""
        if self.table.number == 0:
            return 1
        return 0 if each.tables is None else len(each.tables.get(self.table.number, ()))

    def _root_answers(self, each: Prepared) -> list[str]:
        return [""] * self._width if each.tables is None else self.answers(each.tables[0][0])

    def answers(self, values: Row) -> list[str]:
        """The cells of one row's answers."""
        cells = [value or "" for value in values]
        # From the last to the first, so that the positions of the others stay.
        for place, expand in self.expands:
            cells[place : place + 1] = expand(cells[place])
        return cells


def root_cells(row: RootRow, answers: list[str]) -> list[str]:
    """A row of the root table around its answers."""
    return [wire(row.created_at), *answers, *root_end(row)]


def root_end(row: RootRow) -> list[str]:
    """What the server knows of a submission, behind its answers."""
    return [
        row.instance_id,
        "" if row.submitter_id is None else str(row.submitter_id),
        row.submitter_name or "",
        str(row.attachments_present),
        str(row.attachments_expected),
        row.status or "",
        row.review_state or "",
        row.device_id or "",
        str(row.edits),
        row.form_version,
    ]


ROOT_START = (Column("SubmissionDate", "dateTime"),)
ROOT_END = (
    Column("KEY"),
    Column("SubmitterID", "int"),
    Column("SubmitterName"),
    Column("AttachmentsPresent", "int"),
    Column("AttachmentsExpected", "int"),
    Column("Status"),
    Column("ReviewState"),
    Column("DeviceID"),
    Column("Edits", "int"),
    Column("FormVersion"),
)
REPEAT_END = (Column("PARENT_KEY"), Column("KEY"))


def sheets_of(definition: FormDefinition, look: Look = CENTRAL) -> list[Sheet]:
    """Every table of the form, the root table first."""
    return [Sheet(definition, table, look) for table in definition.tables]


def row_keys(definition: FormDefinition, table: Table, instance_id: str, tables: Tables) -> tuple[list[str], list[str]]:
    """PARENT_KEY and KEY of every row of a repeat: `uuid:…/house/member[2]/child[1]`."""
    above = definition.tables[table.parent or 0]
    around = row_keys(definition, above, instance_id, tables)[1] if above.number else [instance_id]
    step = table.path[len(above.path) :]
    rows = tables[table.number]
    parents = [around[row[0]] for row in rows]
    return parents, [f"{parent}{step}[{row[1]}]" for parent, row in zip(parents, rows, strict=True)]


def _answer_columns(
    definition: FormDefinition, table: Table, look: Look
) -> tuple[list[Column], list[tuple[int, Expand]]]:
    """(columns, how answers become several cells or other ones, the last first)."""
    columns: list[Column] = []
    expands: list[tuple[int, Expand]] = []
    for each in definition.fields:
        if each.table_no != table.number or each.column_no is None:
            continue
        made, expand = _columns_of(each, table, look)
        columns.extend(made)
        if expand is not None:
            expands.insert(0, (each.column_no, expand))
    return columns, expands


def _columns_of(each: Field, table: Table, look: Look) -> tuple[list[Column], Expand | None]:
    name = each.path[len(table.path) + 1 :].replace("/", "-") if look.group_paths else each.name
    label = look.words.question(each.path) if look.words else ""
    shown = {NAMES: name, LABELS: label or name, BOTH: f"{label} [{name}]" if label else name}[look.headers]
    if each.type == "geopoint":
        parts = [Column(f"{shown}-{part}", "decimal", each.path, f"{label or name} – {part}") for part in GEOPOINT]
        return parts, _geopoint_with_comma if look.decimal_comma else _geopoint
    if each.multiple:
        return _several(each, shown, label or name, look)
    if look.words is not None and look.words.is_choice(each.path):
        return _choice(each, shown, label or name, look)
    kind = each.type if each.type in ("int", "decimal", "date", "dateTime", "time", "boolean") else "text"
    if kind == "text" and look.words and not label and each.type == "string" and not each.path.startswith("/meta/"):
        # Nobody was asked: what a form calculates has no type, and is a number more often than not.
        kind = "calculated"
    expand = _with_comma if look.decimal_comma and kind in ("decimal", "calculated") else None
    return [Column(shown, kind, each.path, label or name)], expand


def _choice(each: Field, shown: str, label: str, look: Look) -> tuple[list[Column], Expand | None]:
    words, path = look.words, each.path
    assert words is not None
    if look.choices == NAMES:
        return [Column(shown, "choice", path, label, labels=True)], None
    said = _memory(lambda value: words.choice(path, value) if value else "")
    if look.choices == LABELS:
        return [Column(shown, "text", path, label)], lambda value: [said(value)]
    columns = [Column(shown, "choice", path, label, labels=True), Column(f"{shown}:label", "text", path, label)]
    return columns, lambda value: [value, said(value)]


def _several(each: Field, shown: str, label: str, look: Look) -> tuple[list[Column], Expand | None]:
    words, path = look.words, each.path
    values = list(look.splits.get(path, ()))
    single = _memory(lambda value: words.choice(path, value) if words else value)

    def said(value: str) -> str:
        return ", ".join(single(one) for one in value.split())

    columns = [Column(shown, "text", path, label)]
    if look.choices == BOTH and words is not None:
        columns.append(Column(f"{shown}:label", "text", path, label))
    named = single if look.choices == LABELS else str
    columns += [Column(f"{shown}/{named(value)}", "split", path, f"{label} – {single(value)}") for value in values]
    if not values and (look.choices == NAMES or words is None):
        return columns, None

    def expand(value: str) -> list[str]:
        chosen = set(_PLAIN_SPACES.split(value))
        texts = {NAMES: [value], LABELS: [said(value)], BOTH: [value, said(value)]}[look.choices] if words else [value]
        return [*texts, *("1" if one in chosen else "0" for one in values)]

    return columns, expand


def _memory(say: Callable[[str], str]) -> Callable[[str], str]:
    """`say`, asked once for each value; lists are short, but an answer may be anything."""
    known: dict[str, str] = {}

    def remembered(value: str) -> str:
        if value not in known:
            if len(known) > 10_000:
                known.clear()
            known[value] = say(value)
        return known[value]

    return remembered


def _geopoint(value: str) -> list[str]:
    return [*_SPACES.split(value), "", "", ""][:4]


def _geopoint_with_comma(value: str) -> list[str]:
    return [with_comma(part) for part in _geopoint(value)]


def _with_comma(value: str) -> list[str]:
    return [with_comma(value)]


def with_comma(value: str) -> str:
    """A decimal number with a comma; anything else as it is."""
    return value.replace(".", ",") if _DECIMAL.fullmatch(value) else value
