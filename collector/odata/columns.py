"""What a filter may name of a table: what the server knows of submissions, as in ODK Central, and beyond it the answers."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from collector.exported import ExportedSubmission
from collector.odata.conditions import ROOT, Column, metadata_columns
from collector.odata.names import identifier
from collector.odata.repeat_pages import RepeatRow
from collector.odata.values import SPACE, moment
from collector.projection import project
from forms.xform import Field, FormDefinition, Table

_NUMBER = re.compile(f"[{SPACE}]*([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?)")


def filterable(definition: FormDefinition, table: Table) -> dict[str, Column]:
    """By name: in a repeat's table its own questions by their paths inside it, all else with `$root/Submissions/`."""
    columns: dict[str, Column] = {}
    for each in definition.fields:
        if each.column_no is None or each.table_no not in (0, table.number):
            continue
        path = "/".join(map(identifier, each.path[1:].split("/")))
        if table.number == 0:
            column = Column(_kind(each), _of_submission(definition, each))
            columns[path] = columns[ROOT + path] = column
        elif each.table_no == 0:
            columns[ROOT + path] = Column(_kind(each), _around(each))
        else:
            inside = "/".join(map(identifier, each.path[len(table.path) + 1 :].split("/")))
            columns[inside] = Column(_kind(each), _of_repeat(each))
    return {**columns, **metadata_columns(prefixed=table.number != 0)}


def _kind(field: Field) -> str:
    return {"int": "number", "decimal": "number", "date": "date", "dateTime": "moment"}.get(field.type, "text")


def _of_submission(definition: FormDefinition, field: Field) -> Callable[[ExportedSubmission], Any]:
    convert, column = _CONVERSIONS[_kind(field)], field.column_no
    assert column is not None

    def read(submission: ExportedSubmission) -> Any:
        if submission.tables is None:
            return None
        text = project(submission.tables, submission.definition, definition)[0][0][column]
        return convert(text) if text else None

    return read


def _of_repeat(field: Field) -> Callable[[RepeatRow], Any]:
    convert, column = _CONVERSIONS[_kind(field)], (field.column_no or 0) + 2

    def read(row: RepeatRow) -> Any:
        text = row.own[column]
        return convert(text) if text else None

    return read


def _around(field: Field) -> Callable[[RepeatRow], Any]:
    convert, column = _CONVERSIONS[_kind(field)], field.column_no or 0

    def read(row: RepeatRow) -> Any:
        text = row.root[column]
        return convert(text) if text else None

    return read


def _as_number(text: str) -> Decimal | None:
    match = _NUMBER.match(text)
    return Decimal(match[1]) if match else None


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _as_moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(moment(text))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "number": _as_number,
    "date": _as_date,
    "moment": _as_moment,
}
