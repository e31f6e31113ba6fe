"""A submission as rows of one OData table: nested groups, ids, links to the repeats inside. Pure."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from collector.answers import Row, Tables
from collector.exported import NOT_DECRYPTED, ExportedSubmission, RootRow
from collector.odata.names import ROOT_TABLE, identifier, parent_key, table_name
from collector.odata.values import Convert, converter
from collector.projection import project
from config.clock import wire
from forms.xform import FormDefinition, Table

JsonRow = dict[str, Any]
_PLAIN = re.compile("[0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a table is shown, and how.

    `fields`: paths shown, None for all; `metadata`: properties that begin with `__`, None for all; `expand`: the rows of
    repeats inside their parents; `wkt`: places as WKT, not GeoJSON.
    """

    fields: frozenset[str] | None = None
    metadata: frozenset[str] | None = None
    expand: bool = False
    wkt: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A question (`column`, how its text is converted), a group (`group`) or a repeat (`table`)."""

    name: str
    column: int | None = None
    convert: Convert | None = None
    group: "list[_Part] | None" = None
    table: int = 0


class TableWriter:
    """Makes the rows of one table of `definition`, whatever version a submission is of."""

    def __init__(self, definition: FormDefinition, table: Table, shape: Shape) -> None:
        self.definition = definition
        self.table = table
        self._shape = shape
        self._parts = _lay_out(definition, shape)
        self._parent_key = parent_key(definition, table)

    def rows(self, submission: ExportedSubmission) -> list[JsonRow]:
        """The rows of the table in the order of the submission's XML; one for the root table, none when encrypted."""
        if submission.tables is None:
            return [self._root(submission.row, None)] if self.table.number == 0 else []
        copy = self._copy(submission)
        if self.table.number == 0:
            return [self._root(submission.row, copy)]
        return [self._repeat(copy, number) for number in range(len(copy.rows(self.table.number)))]

    def ids(self, submission: ExportedSubmission) -> list[str]:
        """The `__id` of each row, whether it is shown or not."""
        if self.table.number == 0:
            return [submission.row.instance_id]
        copy = self._copy(submission)
        return [copy.id(self.table.number, number) for number in range(len(copy.rows(self.table.number)))]

    def way(self, submission: ExportedSubmission, number: int) -> set[tuple[str, str]]:
        """The rows that a row of a repeat lies in, and itself: (table name, `__id`)."""
        copy, table, found = self._copy(submission), self.table, set()
        while table.number:
            found.add((table_name(table), copy.id(table.number, number)))
            number = copy.rows(table.number)[number][0]
            table = self.definition.tables[table.parent or 0]
        return found

    def _copy(self, submission: ExportedSubmission) -> "_Copy":
        tables = {} if submission.tables is None else project(submission.tables, submission.definition, self.definition)
        return _Copy(self.definition, submission.row.instance_id, tables)

    def _root(self, facts: RootRow, copy: "_Copy | None") -> JsonRow:
        made: JsonRow = {"__id": facts.instance_id} if self._shows("__id") else {}
        system = self._system(facts)
        if system is not None:
            made["__system"] = system
        if copy is not None:
            self._fill(made, self._parts[0], copy.rows(0)[0], copy, 0, 0)
        return made

    def _repeat(self, copy: "_Copy", number: int) -> JsonRow:
        table = self.table.number
        row = copy.rows(table)[number]
        made: JsonRow = {}
        if self._shows("__id"):
            made["__id"] = copy.id(table, number)
        if self._shows(self._parent_key):
            made[self._parent_key] = copy.id(self.table.parent or 0, row[0])
        self._fill(made, self._parts[table], row[2:], copy, table, number)
        return made

    def _shows(self, name: str) -> bool:
        return self._shape.metadata is None or name in self._shape.metadata

    def _system(self, facts: RootRow) -> JsonRow | None:
        wanted = self._shape.metadata
        if wanted is None or "__system" in wanted:
            return system_of(facts)
        names = {name.removeprefix("__system/") for name in wanted if name.startswith("__system/")}
        return {name: value for name, value in system_of(facts).items() if name in names} if names else None

    def _fill(self, made: JsonRow, parts: list[_Part], values: Row, copy: "_Copy", table: int, number: int) -> None:
        for part in parts:
            if part.column is not None:
                text = values[part.column]
                made[part.name] = (part.convert(text) if part.convert else text) if text else None
            elif part.group is not None:
                self._fill(made.setdefault(part.name, {}), part.group, values, copy, table, number)
            elif copies := copy.inside(part.table, number):
                made[f"{part.name}@odata.navigationLink"] = copy.link(table, number) + copy.step(part.table)
                if self._shape.expand:
                    made[part.name] = [self._expanded(copy, part.table, each) for each in copies]

    def _expanded(self, copy: "_Copy", table: int, number: int) -> JsonRow:
        made: JsonRow = {"__id": copy.id(table, number)}
        self._fill(made, self._parts[table], copy.rows(table)[number][2:], copy, table, number)
        return made


def system_of(facts: RootRow) -> JsonRow:
    """`__system` of a submission, with Central's names."""
    status = None
    if facts.status is not None:
        status = "notDecrypted" if facts.status == NOT_DECRYPTED else "missingEncryptedFormData"
    return {
        "submissionDate": wire(facts.created_at),
        "updatedAt": wire(facts.updated_at) if facts.updated_at else None,
        "submitterId": None if facts.submitter_id is None else str(facts.submitter_id),
        "submitterName": facts.submitter_name or None,
        "attachmentsPresent": facts.attachments_present,
        "attachmentsExpected": facts.attachments_expected,
        "status": status,
        "reviewState": facts.review_state,
        "deviceId": facts.device_id or None,
        "edits": facts.edits,
        "formVersion": facts.form_version,
        "deletedAt": wire(facts.deleted_at) if facts.deleted_at else None,
    }


class _Copy:
    """One submission: where its rows hang, what they are called. Rows of a repeat begin with their two ordinals."""

    def __init__(self, definition: FormDefinition, instance_id: str, tables: Tables) -> None:
        self._definition = definition
        self._instance_id = instance_id
        self._tables = tables
        self._named: dict[int, list[str]] = {}
        self._inside: dict[int, dict[int, list[int]]] = {}

    def rows(self, table: int) -> list[Row]:
        return self._tables.get(table, [])

    def inside(self, table: int, parent: int) -> list[int]:
        """Which rows of `table` hang below row `parent` of the table around it."""
        if table not in self._inside:
            found: dict[int, list[int]] = {}
            for number, row in enumerate(self.rows(table)):
                found.setdefault(row[0], []).append(number)
            self._inside[table] = found
        return self._inside[table].get(parent, [])

    def id(self, table: int, number: int) -> str:
        """The `__id`, the same for ever as long as the copies before it stay: SHA-1 over the way to it, as Central's."""
        if table == 0:
            return self._instance_id
        return hashlib.sha1(self._way(table)[number].encode(), usedforsecurity=False).hexdigest()

    def link(self, table: int, number: int) -> str:
        """The address of a row, relative to the service."""
        if table == 0:
            return self._link
        facts = self._definition.tables[table]
        row = self.rows(table)[number]
        return f"{self.link(facts.parent or 0, row[0])}{self.step(table)}('{self.id(table, number)}')"

    def step(self, table: int) -> str:
        """What leads from a row to the copies of a repeat inside it."""
        facts = self._definition.tables[table]
        return "".join(f"/{identifier(name)}" for name in _names_between(self._definition, facts))

    @cached_property
    def _link(self) -> str:
        # Nearly all are a UUID, in which nothing is to be quoted.
        rest = self._instance_id.removeprefix("uuid:")
        plain = rest is not self._instance_id and _PLAIN.fullmatch(rest) is not None
        name = f"uuid%3A{rest}" if plain else quote(self._instance_id, safe="!~*'()")
        return f"{ROOT_TABLE}('{name}')"

    def _way(self, table: int) -> list[str]:
        if table == 0:
            return [f"{ROOT_TABLE}#{self._instance_id}"]
        if table not in self._named:
            facts = self._definition.tables[table]
            around = self._way(facts.parent or 0)
            *groups, name = _names_between(self._definition, facts)
            step = "".join(f"%%{group}#" for group in groups) + f"%%{name}#"
            self._named[table] = [f"{around[row[0]]}{step}{row[1] - 1}" for row in self.rows(table)]
        return self._named[table]


def _names_between(definition: FormDefinition, table: Table) -> list[str]:
    above = definition.tables[table.parent or 0].path
    return table.path[len(above) + 1 :].split("/")


def _lay_out(definition: FormDefinition, shape: Shape) -> dict[int, list[_Part]]:
    """The parts of every table, in the form's order."""
    tables: dict[int, list[_Part]] = {table.number: [] for table in definition.tables}
    holders = {"": tables[0]}
    for each in definition.fields:
        holder = holders.get(each.path.rpartition("/")[0])
        if holder is None or not (shape.fields is None or each.path in shape.fields):
            continue
        name = identifier(each.name)
        if each.type == "repeat":
            holders[each.path] = tables[each.table_no]
            holder.append(_Part(name, table=each.table_no))
        elif each.column_no is None:
            holders[each.path] = []
            holder.append(_Part(name, group=holders[each.path]))
        else:
            holder.append(_Part(name, each.column_no, converter(each.type, wkt=shape.wkt)))
    return tables
