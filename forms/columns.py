"""The columns that a version's answers have in exports, by table; names as ODK Central's CSV has them. Pure."""

from collections.abc import Mapping

from forms.xform import FormDefinition

_GEOPOINT = ("-Latitude", "-Longitude", "-Altitude", "-Accuracy")


def columns_of(definition: FormDefinition) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Path of a table ("" for the root's) → path of a question → its columns, both in the form's order."""
    tables = {table.number: table.path for table in definition.tables}
    found: dict[str, dict[str, tuple[str, ...]]] = {path: {} for path in tables.values()}
    for field in definition.fields:
        if field.column_no is None:
            continue
        table = tables[field.table_no]
        name = field.path.removeprefix(table).strip("/").replace("/", "-")
        endings = _GEOPOINT if field.type == "geopoint" else ("",)
        found[table][field.path] = tuple(name + ending for ending in endings)
    return found
