"""The sheets of a workbook as its author sees them: rows with their numbers, columns under any of their many names.

pyxform understands far more spellings than its documentation tells; those that real workbooks use are understood here
the same way, so that a remark can name the very cell.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

# Column names as pyxform aliases them (its aliases.py), `bind::`, `control::` and `media::` forms included.
_COLUMNS = {
    "caption": "label",
    "command": "type",
    "tag": "name",
    "value": "name",
    "list name": "list_name",
    "dataset": "list_name",
    "relevance": "relevant",
    "calculate": "calculation",
    "readonly": "read_only",
    "constraining_message": "constraint_message",
    "jr:constraintmsg": "constraint_message",
    "jr:requiredmsg": "required_message",
    "requiredmsg": "required_message",
    "count": "repeat_count",
    "jr:count": "repeat_count",
    "title": "form_title",
    "set_form_title": "form_title",
    "id_string": "form_id",
    "set_form_id": "form_id",
}
_PREFIXES = ("bind", "control", "body", "media", "instance")
_TYPES = {
    "image": "photo",
    "add image prompt": "photo",
    "add photo prompt": "photo",
    "add audio prompt": "audio",
    "add video prompt": "video",
    "add file prompt": "file",
    "string": "text",
    "int": "integer",
    "add note prompt": "note",
    "add text prompt": "text",
    "add integer prompt": "integer",
    "add decimal prompt": "decimal",
    "add date prompt": "date",
}
_SELECTS = {
    "add select one prompt using": "select_one",
    "add select multiple prompt using": "select_multiple",
    "select all that apply from": "select_multiple",
    "select one from": "select_one",
    "select1": "select_one",
    "select_one": "select_one",
    "select one": "select_one",
    "select_multiple": "select_multiple",
    "select all that apply": "select_multiple",
    "select_one_external": "select_one_external",
    "select_one_from_file": "select_one_from_file",
    "select_multiple_from_file": "select_multiple_from_file",
    "select one from file": "select_one_from_file",
    "select multiple from file": "select_multiple_from_file",
    "rank": "rank",
}
_SELECT = re.compile(rf"({'|'.join(_SELECTS)}) (\S+)( or specify other| or_other| or other)?")
_CONTROL = re.compile(r"(begin|end)[ _](group|repeat|lgroup|looped group|loop)(?: (?:over )?(\S+))?")
_REPEATS = ("repeat", "lgroup", "looped group")


@dataclass(frozen=True, slots=True)
class Column:
    """A header as `written`, what it means (`key`) and the language behind it, None without one."""

    written: str
    key: str
    language: str | None


@dataclass(frozen=True)
class Row:
    """One row; `number` is Excel's. Cells are looked up by a column's meaning."""

    number: int
    cells: Mapping[str, str]
    columns: Sequence[Column] = field(repr=False)

    def text(self, key: str) -> str:
        """The first filled cell of that meaning in any language, "" when there is none."""
        return next((self.cells[each.written] for each in self._filled(key)), "")

    def texts(self, key: str) -> dict[str | None, str]:
        """The filled cells of that meaning by language."""
        return {each.language: self.cells[each.written] for each in self._filled(key)}

    def written(self, key: str) -> str:
        """The header of the first filled cell of that meaning, else of the first such column, else the meaning."""
        filled = next((each.written for each in self._filled(key)), None)
        return filled or next((each.written for each in self.columns if each.key == key), key)

    def _filled(self, key: str) -> Iterator[Column]:
        return (each for each in self.columns if each.key == key and each.written in self.cells)


@dataclass(frozen=True)
class Sheet:
    """A sheet's columns and its rows that are not empty."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def languages(self, key: str) -> tuple[str | None, ...]:
        """The languages this sheet has a column of that meaning for; None for a column without a language."""
        return tuple(each.language for each in self.columns if each.key == key)


@dataclass(frozen=True)
class Question:
    """A row of the survey sheet that makes a node: a question, a group or a repeat.

    `kind` is the type under one spelling (`select_one`, `photo`, `group`, `repeat` …); `list_name` the choice list, or
    the file of a select from file; `path` as in Field.
    """

    row: Row
    kind: str
    name: str
    path: str
    list_name: str | None = None
    or_other: bool = False

    @property
    def is_select(self) -> bool:
        """Whether it is answered by choosing from a list."""
        return self.kind in _SELECTS.values()


@dataclass(frozen=True)
class Tables:
    """The sheets by their lower-case names; absent ones are empty."""

    sheets: Mapping[str, Sheet]

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name, an empty one when the workbook has none."""
        return self.sheets.get(name, Sheet((), ()))

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Questions, groups and repeats in order."""
        return tuple(_questions(self.sheet("survey").rows))

    @cached_property
    def by_path(self) -> Mapping[str, Question]:
        """Questions, groups and repeats by path."""
        return {each.path: each for each in reversed(self.questions)}

    @cached_property
    def lists(self) -> Mapping[str, tuple[Row, ...]]:
        """The rows of the choices sheet by list."""
        lists: dict[str, list[Row]] = {}
        for row in self.sheet("choices").rows:
            if name := row.text("list_name"):
                lists.setdefault(name, []).append(row)
        return {name: tuple(rows) for name, rows in lists.items()}

    def setting(self, key: str) -> str:
        """The cell of the settings sheet, "" when absent."""
        rows = self.sheet("settings").rows
        return rows[0].text(key) if rows else ""


def tables_from(sheets: Mapping[str, Mapping[str, Any]]) -> Tables:
    """What the compiling child reports, `{sheet: {"columns": [header, …], "rows": [{header: text}, …]}}`, as Tables."""
    return Tables({name: _sheet(facts["columns"], facts["rows"]) for name, facts in sheets.items()})


def _sheet(headers: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Sheet:
    double = any("::" in header for header in headers)
    columns = tuple(column_of(header, double_colon=double) for header in headers)
    return Sheet(columns, tuple(Row(number, cells, columns) for number, cells in enumerate(rows, start=2) if cells))


def column_of(header: str, *, double_colon: bool) -> Column:
    """What a header means: `Label :: Français (fr)` is the label in `Français (fr)`."""
    parts = [part.strip() for part in header.split("::" if double_colon else ":")]
    if not double_colon and "jr" in parts:  # jr:count, jr:constraintMsg
        at = parts.index("jr")
        parts[at : at + 2] = [":".join(parts[at : at + 2])]
    key = "_".join(parts[0].split()).lower()
    if key in _PREFIXES and len(parts) > 1:
        known = _COLUMNS.get(parts[1].lower(), parts[1].lower() if ":" not in parts[1] else None)
        key, parts = (known, parts[1:]) if known is not None else (f"{key}::{parts[1]}", parts[1:])
    return Column(header, _COLUMNS.get(key, key), parts[-1] if len(parts) > 1 else None)


def _questions(rows: Sequence[Row]) -> Iterator[Question]:
    inside: list[str] = []
    for row in rows:
        if row.text("disabled").lower() in ("yes", "true", "true()"):
            continue
        kind, name = row.text("type"), row.text("name")
        control = _CONTROL.fullmatch(kind)
        if control and control[1] == "end":
            del inside[-1:]
            continue
        question = _question(row, kind, name, "/".join(["", *inside, name]), control)
        if question is not None:
            yield question
        if control:
            inside.append(name)


def _question(row: Row, kind: str, name: str, path: str, control: re.Match[str] | None) -> Question | None:
    if control:
        return Question(row, "repeat" if control[2] in _REPEATS else "group", name, path, control[3])
    select = _SELECT.fullmatch(kind)
    if select:
        return Question(row, _SELECTS[select[1]], name, path, select[2], select[3] is not None)
    if kind == "audit":
        return Question(row, kind, "audit", "/meta/audit")
    return Question(row, _TYPES.get(kind, kind), name, path) if kind and name else None
