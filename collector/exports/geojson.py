"""GeoJSON (RFC 7946): a feature for each submission, and for each row of a repeat that asks for a place.

A row without a place, or with one that is not on Earth, has a null geometry; its properties hold the text all the same.
Numbers are numbers where no digit is lost by it.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from collector.export_format import Export, Format
from collector.places import TABLE, Feature, features, property_names, with_places
from collector.typed_cells import number_of

PIECE = 1 << 16
NUMBERS = ("int", "decimal", "split")


def write(export: Export) -> Iterator[bytes]:
    """A FeatureCollection; `table` tells which table a feature is a row of."""
    export.sheets = with_places(export.definition, export.sheets)
    names = [property_names(sheet) for sheet in export.sheets]
    numbers = [
        [name for name, column in zip(names[number], sheet.columns, strict=True) if column.kind in NUMBERS]
        for number, sheet in enumerate(export.sheets)
    ]
    held, size, first = [b'{"type":"FeatureCollection","features":['], 0, True
    for each in export.submissions():
        for number, sheet in enumerate(export.sheets):
            for feature in features(export.definition, sheet, names[number], each):
                made = orjson.dumps(_feature(feature, numbers[number]))
                held += [made] if first else [b",\n", made]
                size, first = size + len(made), False
                export.ledger.wrote(number, 1)
        if size > PIECE:
            yield b"".join(held)
            held, size = [], 0
    export.verify()
    held.append(b"]}\n")
    yield b"".join(held)


def _feature(feature: Feature, numbers: list[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {name: cell or None for name, cell in feature.cells.items()}
    for name in numbers:
        if (cell := properties[name]) is not None and (number := number_of(cell)) is not None:
            properties[name] = number
    return {
        "type": "Feature",
        "id": feature.key,
        "geometry": feature.geometry,
        "properties": {TABLE: feature.sheet.name or "Submissions", **properties},
    }


FORMATS = (
    Format(
        "geojson",
        ".geojson",
        "application/geo+json",
        ("GeoJSON, pour une carte", "GeoJSON, for a map"),
        ("Les lieux des fiches, pour QGIS ou une carte en ligne.", "The places of submissions, for QGIS or a web map."),
        write,
        typed=True,
    ),
)
