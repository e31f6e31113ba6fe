"""An answer's text as a JSON value of its question's type: numbers, GeoJSON or WKT, moments. Pure; never raises.

Text that is not of the type is null, as in ODK Central, except for moments and what has no type of its own: these stay
text. Numbers are read as JavaScript reads them, from the front: `12 years` is 12.
"""

import math
import re
from collections.abc import Callable
from typing import Any

Convert = Callable[[str], Any]

# What JavaScript calls white space; Python's \s knows a few more and lacks U+FEFF.
SPACE = "\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_SPACES = re.compile(f"[{SPACE}]+")
_INTEGER = re.compile(f"[{SPACE}]*([+-]?[0-9]+)")
_DECIMAL = re.compile(f"[{SPACE}]*([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_POINTS = re.compile("; ?")
_NUMBER = r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,20})?"
# A place as phones write it.
_PLACE = re.compile(f"{_NUMBER}(?: {_NUMBER}){{1,3}}")
_SHORT_ZONE = re.compile(r"T.*[+-][0-9]{2}$", re.DOTALL)
_LARGEST = 2**63 - 1
# Python refuses to read longer ones.
_MOST_DIGITS = 4000


def converter(kind: str, *, wkt: bool) -> Convert | None:
    """How texts of questions of type `kind` become values; None when they stay as they are."""
    if kind in ("geopoint", "geotrace", "geoshape"):
        return (_WKT if wkt else _GEOJSON)[kind]
    return _PLAIN.get(kind)


def integer(text: str) -> int | float | None:
    """The number at the front of the text; beyond 64 bits an approximation, None for none."""
    if len(text) < 16 and text.isascii() and text.isdigit():
        return int(text)
    match = _INTEGER.match(text)
    if match is None or len(match[1]) > _MOST_DIGITS:
        return None
    number = int(match[1])
    return number if -_LARGEST <= number <= _LARGEST else _finite(float(number)) if abs(number) < 10**300 else None


def decimal(text: str) -> float | None:
    """The number at the front of the text."""
    match = _DECIMAL.match(text)
    return _finite(float(match[1])) if match else None


def moment(text: str) -> str:
    """Trimmed; a zone of hours alone, as Collect writes it, gets its minutes."""
    trimmed = text.strip()
    return f"{trimmed}:00" if _SHORT_ZONE.search(trimmed) else trimmed


def position(text: str) -> tuple[list[float], float | None] | None:
    """([longitude, latitude, altitude if known], accuracy if known) of `lat lon alt accuracy`; None for no position."""
    if _PLACE.fullmatch(text):
        latitude, longitude, *others = map(float, text.split(" "))
        return [longitude, latitude, *others[:1]], others[1] if len(others) > 1 else None
    parts = [decimal(part) for part in _SPACES.split(text)[:4]]
    if len(parts) < 2 or parts[0] is None or parts[1] is None:
        return None
    coordinates = [parts[1], parts[0]]
    if len(parts) > 2 and parts[2] is not None:
        coordinates.append(parts[2])
    return coordinates, parts[3] if len(parts) > 3 else None


def written(number: float) -> str:
    """A number as JavaScript writes it: `4`, `0.5`, `1e-7`."""
    if number == int(number) and abs(number) < 1e21:
        return str(int(number))
    mantissa, e, exponent = repr(number).partition("e")
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}" if e else mantissa


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _geojson_point(text: str) -> dict[str, Any] | None:
    found = position(text)
    if found is None:
        return None
    coordinates, accuracy = found
    point: dict[str, Any] = {"type": "Point", "coordinates": coordinates}
    if accuracy is not None:
        point["properties"] = {"accuracy": accuracy}
    return point


def _wkt_point(text: str) -> str | None:
    found = position(text)
    return f"POINT ({_wkt_numbers(found[0])})" if found else None


def positions(text: str) -> list[tuple[list[float], float | None]]:
    """The positions of a line or shape, in order."""
    return [found for part in _POINTS.split(text) if (found := position(part))]


def _geojson_line(text: str) -> dict[str, Any] | None:
    return _geojson(text, "LineString", lambda line: line)


def _geojson_shape(text: str) -> dict[str, Any] | None:
    return _geojson(text, "Polygon", lambda ring: [ring])


def _geojson(text: str, kind: str, around: Callable[[list[list[float]]], Any]) -> dict[str, Any] | None:
    found = positions(text)
    if not found:
        return None
    shape: dict[str, Any] = {"type": kind, "coordinates": around([coordinates for coordinates, _ in found])}
    accuracies = [accuracy or None for _, accuracy in found]
    if any(accuracies):
        shape["properties"] = {"accuracies": accuracies}
    return shape


def _wkt_line(text: str) -> str | None:
    points = _wkt_points(text)
    return f"LINESTRING ({points})" if points else None


def _wkt_shape(text: str) -> str | None:
    points = _wkt_points(text)
    return f"POLYGON (({points}))" if points else None


def _wkt_points(text: str) -> str:
    return ",".join(_wkt_numbers(coordinates) for coordinates, _ in positions(text))


def _wkt_numbers(coordinates: list[float]) -> str:
    return " ".join(map(written, coordinates))


_PLAIN: dict[str, Convert] = {"int": integer, "decimal": decimal, "dateTime": moment}
_GEOJSON: dict[str, Convert] = {"geopoint": _geojson_point, "geotrace": _geojson_line, "geoshape": _geojson_shape}
_WKT: dict[str, Convert] = {"geopoint": _wkt_point, "geotrace": _wkt_line, "geoshape": _wkt_shape}
