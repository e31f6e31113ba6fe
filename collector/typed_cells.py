"""Cells of text as numbers, days and moments, where nothing is lost by it. Pure."""

import re
from datetime import date, datetime

from collector.odata.values import moment

# A float holds so many digits for certain.
_DIGITS = 15
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_SHORT = re.compile(r"-?[0-9]{0,9}(?:\.|\Z)")
_DECIMAL = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")


def number_of(text: str) -> int | float | None:
    """The number, if writing it as one loses no digit and no leading zero."""
    if len(text) <= _DIGITS and (plain := _PLAIN.match(text)):
        return int(text) if plain[1] is None else float(text)
    if _INTEGER.match(text) and (len(text) <= _DIGITS or len(text.lstrip("-")) <= _DIGITS):
        return int(text)
    if _DECIMAL.match(text) and (len(text) <= _DIGITS or sum(map(str.isdigit, text)) <= _DIGITS):
        found = float(text)
        # Beyond these a float loses digits, or becomes nothing or everything.
        return found if 1e-290 < abs(found) < 1e300 or not text.strip("-0.") else None
    return None


def calculated_number(text: str) -> int | float | None:
    """The number in what a form calculated, which has no type: not the digits of a telephone or of a device."""
    return number_of(text) if _SHORT.match(text) else None


def day_of(text: str) -> date | None:
    """The day, if it is one."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # Weeks of a year are read too, and would be written otherwise.
    return found if found.isoformat() == text else None


def clock_of(text: str) -> datetime | None:
    """The day and time that the clock of whoever wrote it showed, if it is a moment: the zone is left out."""
    try:
        return datetime.fromisoformat(moment(text)).replace(tzinfo=None) if "T" in text else None
    except ValueError:
        return None
