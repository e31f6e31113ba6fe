"""Literals of a filter as values of what they are compared with. Pure."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from config.api_errors import out_of_range, wrong_type

LARGEST_ID = 2**31 - 1
_EXPECTED = {
    "moment": "type timestamp with time zone",
    "date": "type date",
    "id": "type integer",
    "number": "type numeric",
    "text": "type text",
}


def converted(given: Any, kind: str) -> Any:
    """A literal as a value of `kind`; Problem 400.11 or 400.22 for one that is none."""
    if given is None or (kind == "moment" and isinstance(given, datetime)) or isinstance(given, Decimal):
        return given
    try:
        return _CONVERSIONS[kind](str(given))
    except (ValueError, OverflowError, InvalidOperation):
        raise wrong_type(_EXPECTED[kind], value=str(given)) from None


def _as_moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    # A day of room: a millisecond may be added, and other zones are up to 14 hours away.
    if not 1 < found.year < 9999:
        raise ValueError(text)
    return found.astimezone(UTC)


def _as_date(text: str) -> date:
    return date.fromisoformat(text[:10]) if len(text) <= 10 else _as_moment(text).date()


def _as_number(text: str) -> Decimal:
    found = Decimal(text.replace("INF", "Infinity"))
    if not found.is_finite():
        raise ValueError(text)
    return found


def _as_id(text: str) -> int:
    found = int(text)
    if abs(found) > LARGEST_ID:
        raise out_of_range(text)
    return found


_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "number": _as_number,
    "id": _as_id,
    "moment": _as_moment,
    "date": _as_date,
}
