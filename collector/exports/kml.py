"""KML 2.2, for Google Earth and GPS devices: a placemark for each submission, and for each row of a repeat that asks for a place.

A row without a place is a placemark without geometry: it is listed and not drawn.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from collector.export_format import Export, Format
from collector.odata.values import written
from collector.places import Feature, features, property_names, with_places

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>{}</name>\n'
)
# XML knows no others; answers come from XML, names of files may not.
_UNKNOWN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Whatever cannot stand as it is.
_ODD = re.compile(f"[&<>]|{_UNKNOWN.pattern}")


def write(export: Export) -> Iterator[bytes]:
    """The document, a submission at a time."""
    export.sheets = with_places(export.definition, export.sheets)
    # What stands before the values of a column is the same in each placemark.
    names = [property_names(sheet) for sheet in export.sheets]
    before = [{name: f"<Data name={quoteattr(_known(name))}><value>" for name in each} for each in names]
    yield _HEAD.format(_text(export.title)).encode()
    for each in export.submissions():
        made = []
        for number, sheet in enumerate(export.sheets):
            for feature in features(export.definition, sheet, names[number], each):
                made.append(_placemark(feature, before[number]))
                export.ledger.wrote(number, 1)
        yield "".join(made).encode()
    export.verify()
    yield b"</Document></kml>\n"


def _placemark(feature: Feature, before: dict[str, str]) -> str:
    name = feature.cells.get("meta-instanceName") or feature.key
    data = "".join([f"{before[column]}{_text(cell)}</value></Data>" for column, cell in feature.cells.items() if cell])
    shape = "" if feature.geometry is None else _shape(feature.geometry)
    return f"<Placemark><name>{_text(name)}</name><ExtendedData>{data}</ExtendedData>{shape}</Placemark>\n"


def _shape(geometry: dict[str, Any]) -> str:
    kind, points = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return f"<Point><coordinates>{_point(points)}</coordinates></Point>"
    if kind == "LineString":
        return f"<LineString><coordinates>{' '.join(map(_point, points))}</coordinates></LineString>"
    ring = f"<LinearRing><coordinates>{' '.join(map(_point, points[0]))}</coordinates></LinearRing>"
    return f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"


def _point(point: list[float]) -> str:
    return ",".join(map(written, point))


def _known(text: str) -> str:
    return _UNKNOWN.sub("\ufffd", text)


def _text(text: str) -> str:
    # Readers make a line feed of a carriage return that is not written as a reference.
    return escape(_known(text)).replace("\r", "&#13;")


FORMATS = (
    Format(
        "kml",
        ".kml",
        "application/vnd.google-earth.kml+xml",
        ("KML, pour Google Earth", "KML, for Google Earth"),
        ("Les lieux des fiches, avec leurs réponses.", "The places of submissions, with their answers."),
        write,
    ),
)
