"""Names in OData: of fields, tables and types. Pure."""

import re

from forms.xform import FormDefinition, Table

ROOT_TABLE = "Submissions"

_BAD_START = re.compile(r"^([^A-Za-z_])")
_BAD = re.compile(r"[^A-Za-z0-9_]+")


def identifier(name: str) -> str:
    """`name` as an OData identifier: an underscore before a bad first character, one for every other bad run."""
    return _BAD.sub("_", _BAD_START.sub(r"_\1", name))


def dotted(path: str) -> str:
    """A field's path as part of a table or type name: `/home/member` is `home.member`."""
    return ".".join(map(identifier, path[1:].split("/")))


def table_name(table: Table) -> str:
    """`Submissions`, or `Submissions.home.member` for a repeat."""
    return f"{ROOT_TABLE}.{dotted(table.path)}" if table.number else ROOT_TABLE


def find_table(definition: FormDefinition, name: str) -> Table | None:
    """The table of that name."""
    return next((table for table in definition.tables if table_name(table) == name), None)


def parent_key(definition: FormDefinition, table: Table) -> str:
    """The property of a repeat's rows that holds the `__id` of the row they belong to."""
    around = definition.tables[table.parent or 0]
    return f"__{table_name(around).replace('.', '-')}-id"
