"""XPath values as JavaRosa has them: numbers, texts, booleans and dates, and how one becomes the other."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tests.respondent.tree import Node

Value = float | str | bool | date | datetime | time
Result = Value | Sequence[Node]
EPOCH = date(1970, 1, 1)
NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)\Z")


def typed(node: Node) -> Value:
    """A node's value by its type; a blank is always the empty text."""
    text = node.text
    if not text:
        return ""
    if node.kind in {"int", "integer", "decimal", "double"} and NUMBER.match(text):
        return float(text)
    if node.kind == "date":
        return date.fromisoformat(text[:10])
    if node.kind == "dateTime":
        return datetime.fromisoformat(text)
    if node.kind == "time":
        return time.fromisoformat(text)
    return text


def scalar(result: Result) -> Value:
    """A node set's only value, "" when it is empty or irrelevant; more nodes than one are a form error."""
    if not isinstance(result, list | tuple):
        return result  # type: ignore[return-value]
    if not result:
        return ""
    if len(result) > 1:
        raise ValueError(f"{len(result)} nodes at {result[0].path} where one is expected")
    return typed(result[0])


def to_number(result: Result) -> float:
    """A number; NaN when there is none. Dates count whole days since 1970, a time of day counts as today: two times
    compare equal, whatever they are, so that forms need decimal-time()."""
    value = scalar(result)
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, date | time):
        return float((_day(value) - EPOCH).days)
    return float(value) if NUMBER.match(value.strip()) else math.nan


def to_text(result: Result) -> str:
    """A text: whole numbers without decimals; of a dateTime the date only, of a time of day today's."""
    value = scalar(result)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return number_text(float(value))
    if isinstance(value, date | time):
        return _day(value).isoformat()
    return value


def _day(value: date | time) -> date:
    if isinstance(value, time):
        return datetime.now(value.tzinfo or UTC).date()
    return value.date() if isinstance(value, datetime) else value


def stored(result: Result, kind: str, zone: tzinfo) -> str:
    """What a node of type `kind` holds after a calculation gave this result."""
    value = scalar(result)
    if isinstance(value, bool) or (kind == "boolean" and value != ""):
        return "1" if to_boolean(value) else "0"
    if isinstance(value, float | int):
        if math.isnan(value):
            return ""
        return (
            str(int(max(-(2**31), min(2**31 - 1, value)))) if kind in {"int", "integer"} else number_text(float(value))
        )
    if isinstance(value, time):
        value = datetime.combine(_day(value), value)
    if not isinstance(value, date):
        return time_text(time.fromisoformat(value).replace(tzinfo=zone)) if kind == "time" and value else value
    if kind == "date":
        return _day(value).isoformat()
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), zone)
    return time_text(moment.timetz()) if kind == "time" else date_time_text(moment)


def to_boolean(result: Result) -> bool:
    """True for a true, a number other than 0 and NaN, a text that is not empty, a date, a node set with a value."""
    if isinstance(result, list | tuple):
        result = scalar(result[:1])
    if isinstance(result, float | int):
        return bool(result) and not math.isnan(result)
    return bool(result) if isinstance(result, str) else True


def number_text(number: float) -> str:
    """17, 0.5, NaN, Infinity: never an exponent."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number):
        return str(int(number))
    return repr(number) if "e" not in repr(number) else f"{number:.12f}".rstrip("0")


def offset_text(moment: datetime | time) -> str:
    """`Z` at UTC, else +01:00, as JavaRosa writes it."""
    offset = moment.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds() // 60)
    if minutes == 0:
        return "Z"
    return f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def date_time_text(moment: datetime) -> str:
    """2026-11-22T10:22:03.439+03:00."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}{offset_text(moment)}"


def time_text(moment: time) -> str:
    """10:22:03.000+03:00."""
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}{offset_text(moment)}"


def to_date(result: Result, zone: tzinfo) -> date | time | str:
    """A date from a text or a number of days; "" stays ""."""
    value = scalar(result)
    if isinstance(value, date | time):
        return value
    if isinstance(value, float | int) and not isinstance(value, bool):
        if value == int(value):
            return EPOCH + timedelta(days=int(value))
        return datetime.fromtimestamp(float(value) * 86400, UTC).astimezone(zone)
    text = to_text(value)
    if not text:
        return ""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text[:10])
