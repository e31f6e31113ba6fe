"""Values that ODK writes for machines, as people say them: days, times, places. Pure."""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime

from config import formats

_TIME = re.compile(r"(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_BOOLEAN = {"fr": {"true": "oui", "false": "non"}, "en": {"true": "yes", "false": "no"}}


@dataclass(frozen=True, slots=True)
class Point:
    """A place as the phone measured it: degrees, and metres or None."""

    latitude: float
    longitude: float
    altitude: float | None
    accuracy: float | None

    @property
    def address(self) -> str:
        """What a phone opens in the map it has (RFC 5870); no other server is asked."""
        return f"geo:{self.latitude:.6f},{self.longitude:.6f}"


def answer_text(kind: str, value: str, language: str) -> str | None:
    """`value` of a field of type `kind` in words; None when its type says nothing of how to read it."""
    if kind == "date":
        return _day(value, language)
    if kind == "dateTime":
        return _moment(value, language)
    if kind == "time":
        found = _TIME.fullmatch(value)
        return found[1] if found else value
    if kind == "boolean":
        return _BOOLEAN[language].get(value, value)
    if kind == "geopoint":
        point = point_of(value)
        return value if point is None else _place(point, language)
    if kind in ("geotrace", "geoshape"):
        return f"{sum(bool(each.strip()) for each in value.split(';'))} points"
    return None


def point_of(value: str) -> Point | None:
    """`latitude longitude altitude accuracy` (the last two may be missing); None for anything else."""
    try:
        numbers = [float(each) for each in value.split()]
    except ValueError:
        return None
    if not 2 <= len(numbers) <= 4 or not all(map(math.isfinite, numbers)):
        return None
    latitude, longitude = numbers[:2]
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    altitude = numbers[2] if len(numbers) > 2 else None
    accuracy = numbers[3] if len(numbers) > 3 else None
    return Point(latitude, longitude, altitude, accuracy)


def _place(point: Point, language: str) -> str:
    west = "O" if language == "fr" else "W"
    north_south = f"{abs(point.latitude):.5f}°\u00a0{'N' if point.latitude >= 0 else 'S'}"
    east_west = f"{abs(point.longitude):.5f}°\u00a0{'E' if point.longitude >= 0 else west}"
    about = f" (±\u00a0{formats.number(round(point.accuracy), language)}\u00a0m)" if point.accuracy else ""
    return f"{north_south}, {east_west}{about}"


def _day(value: str, language: str) -> str:
    try:
        return formats.day(date.fromisoformat(value[:10]), language)
    except ValueError:
        return value


def _moment(value: str, language: str) -> str:
    """In the time zone the phone wrote, since that is what its owner saw on the screen."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return formats.exact(moment, language, moment.tzinfo)
