"""Where submissions were made: GeoJSON of one geopoint, geotrace or geoshape question, as ODK Central draws it. Pure.

Coordinates keep the digits they were answered with. A value that is not wholly a place is none: no point is invented.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import orjson

from collector.answers import Tables
from forms.xform import Field, FormDefinition

KINDS = ("geopoint", "geotrace", "geoshape")
SHORTEST = {"geotrace": 2, "geoshape": 4}
_NAMES = {"geopoint": "Point", "geotrace": "LineString", "geoshape": "Polygon"}
_POINT = re.compile(
    r"\s*(-?(?:0|[1-9][0-9]?)(?:\.[0-9]+)?)\s+(-?(?:0|[1-9][0-9]{0,2})(?:\.[0-9]+)?)"
    r"(?:\s+(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?))?(?:\s+(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)?\s*",
    re.ASCII,
)
Position = list[orjson.Fragment]


def default_field(definition: FormDefinition, hidden: frozenset[str] = frozenset()) -> Field | None:
    """The first such question outside of repeats, if the reader may see it."""
    field = next((each for each in definition.fields if each.type in KINDS and each.table_no == 0), None)
    return None if field is None or field.sensitivity in hidden else field


def named_fields(definition: FormDefinition, paths: Sequence[str], hidden: frozenset[str]) -> list[Field]:
    """Those of these paths that a version has and the reader may see, in the order of the form."""
    return [
        each
        for each in definition.fields
        if each.path in paths and each.type in KINDS and each.sensitivity not in hidden
    ]


def features(
    instance_id: str, definition: FormDefinition, tables: Tables | None, paths: Sequence[str], hidden: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """The feature of a submission, if it has a place: of the default question, which is then named in its properties, or of
    the questions asked for."""
    if tables is None:
        return
    if paths:
        found = [place for field in named_fields(definition, paths, hidden) if (place := _place(field, tables))]
        if found:
            geometry = found[0] if len(found) == 1 else {"type": "GeometryCollection", "geometries": found}
            yield {"type": "Feature", "id": instance_id, "geometry": geometry, "properties": None}
        return
    only = default_field(definition, hidden)
    place = _place(only, tables) if only else None
    if only is not None and place:
        yield {"type": "Feature", "id": instance_id, "geometry": place, "properties": {"fieldpath": only.path}}


def collection(pieces: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A FeatureCollection, written as its features come."""
    yield b'{"type":"FeatureCollection","features":['
    for number, piece in enumerate(pieces):
        yield (b"," if number else b"") + orjson.dumps(piece)
    yield b"]}"


def _place(field: Field, tables: Tables) -> dict[str, Any] | None:
    column = (field.column_no or 0) + (2 if field.table_no else 0)
    values = [row[column] for row in tables.get(field.table_no, []) if row[column]]
    if not field.table_no:
        coordinates = _coordinates(field.type, values[0]) if values else None
        return None if coordinates is None else {"type": _NAMES[field.type], "coordinates": coordinates}
    several = [each for each in (_coordinates(field.type, value) for value in values) if each is not None]
    return {"type": f"Multi{_NAMES[field.type]}", "coordinates": several} if several else None


def _coordinates(kind: str, text: str) -> Any:
    if kind == "geopoint":
        return _position(text)
    positions = [_position(part) for part in text.split(";")]
    if None in positions or len(positions) < SHORTEST[kind]:
        return None
    if kind == "geotrace":
        return positions
    return [positions] if _same(positions[0], positions[-1]) else None


def _position(text: str) -> Position | None:
    match = _POINT.fullmatch(text)
    if match is None or abs(Decimal(match[1])) > 90 or abs(Decimal(match[2])) > 180:
        return None
    # GeoJSON has the longitude first.
    numbers = [match[2], match[1], *([match[3]] if match[3] else [])]
    return [orjson.Fragment(number) for number in numbers]


def _same(one: Position | None, other: Position | None) -> bool:
    return _numbers(one) == _numbers(other)


def _numbers(position: Position | None) -> list[Decimal]:
    return [Decimal(orjson.dumps(each).decode()) for each in position or ()]
