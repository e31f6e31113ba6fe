"""The places in the answers of an export: where each row is on a map. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from collector.odata.values import converter
from collector.sheets import Prepared, Sheet
from forms.xform import Field, FormDefinition

# The property that tells which table a row is of.
TABLE = "table"
GEOMETRIES = ("geopoint", "geotrace", "geoshape")


@dataclass(frozen=True, slots=True)
class Feature:
    """A row of a sheet: its geometry as GeoJSON (None: no place, or none that exists), its cells by column, its KEY."""

    sheet: Sheet
    geometry: dict[str, Any] | None
    cells: dict[str, str]
    key: str


def with_places(definition: FormDefinition, sheets: list[Sheet]) -> list[Sheet]:
    """The sheets that are shown on a map: the submissions, and the repeats that ask for a place."""
    return [sheet for sheet in sheets if sheet.table.number == 0 or questions(definition, sheet)]


def property_names(sheet: Sheet) -> list[str]:
    """A name for each column, no two alike: what is asked gives way to what the server says, and to `table`."""
    names, taken = [""] * len(sheet.columns), {TABLE}
    for place in sorted(range(len(names)), key=lambda place: bool(sheet.columns[place].path)):
        unique, number = sheet.columns[place].name, 2
        while unique in taken:
            unique, number = f"{sheet.columns[place].name}~{number}", number + 1
        names[place] = unique
        taken.add(unique)
    return names


def questions(definition: FormDefinition, sheet: Sheet) -> list[Field]:
    """The questions of a sheet that are answered by places."""
    return [each for each in definition.fields if each.table_no == sheet.table.number and each.type in GEOMETRIES]


def features(definition: FormDefinition, sheet: Sheet, names: Sequence[str], each: Prepared) -> Iterator[Feature]:
    """The rows of a submission in a sheet, by `property_names`; the first question that was answered by a place tells where."""
    asked = questions(definition, sheet)
    rows = (each.tables or {}).get(sheet.table.number, [])
    for place, cells in enumerate(sheet.rows(each)):
        values = rows[place][2 if sheet.table.number else 0 :] if place < len(rows) else []
        found = (_geometry(question, values) for question in asked) if values else iter(())
        geometry = next((geometry for geometry in found if geometry is not None), None)
        named = dict(zip(names, cells, strict=True))
        yield Feature(sheet, geometry, named, named["KEY"])


def _geometry(question: Field, values: list[str | None]) -> dict[str, Any] | None:
    text, convert = values[question.column_no or 0], converter(question.type, wkt=False)
    if not text or convert is None:
        return None
    found: dict[str, Any] | None = convert(text)
    if found is None:
        return None
    found.pop("properties", None)
    points = found["coordinates"]
    if found["type"] == "Point":
        points = [points]
    elif found["type"] == "Polygon":
        points = _closed(points[0])
        if len(points) < 4:
            return None
        found["coordinates"] = [points]
    elif len(points) < 2:
        return None
    return found if all(abs(point[0]) <= 180 and abs(point[1]) <= 90 for point in points) else None


def _closed(ring: list[list[float]]) -> list[list[float]]:
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]
