"""Values that expressions of a form calculate with, and how phones turn one kind into another. Pure."""

import math
import re
from dataclasses import dataclass

Value = str | float | bool


class Beyond(Exception):
    """Not calculated here; the text says what is beyond us."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node that holds a text; its `type` is the bind's. A group or a copy of a repeat has no text that counts."""

    text: str
    type: str


NUMBERS = frozenset({"int", "integer", "decimal", "double", "float", "long", "range"})
_TEXTS = frozenset({"string", "select", "select1", "odk:rank", "unknown", "barcode", ""})
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
# Java writes numbers beyond these with an exponent.
_SMALLEST, _LARGEST = 1e-3, 1e7


def stored(value: Value, kind: str) -> str:
    """What a node of this type holds after a calculation gave this value; raises Beyond."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if kind in NUMBERS:
        number = number_of(value)
        if math.isnan(number):
            return ""
        return _written(float(math.trunc(number)) if kind in ("int", "integer", "long") else number)
    if kind not in _TEXTS:
        raise Beyond(f"a value of type {kind}")
    if isinstance(value, float) and math.isnan(value):
        return ""
    return text_of(value)


def value_of(node: Node) -> Value:
    """What an answer is to an expression: a number where its type says so; raises Beyond for types that are neither text nor number."""
    if not node.text.strip():
        return ""
    if node.type in NUMBERS:
        return number_of(node.text)
    if node.type in _TEXTS or node.type == "date":
        return _Day(node.text) if node.type == "date" else node.text
    raise Beyond(f"an answer of type {node.type}")


class _Day(str):
    """A date: as a text it is what it says, as a number it is refused."""

    __slots__ = ()


def number_of(value: Value) -> float:
    """As a number, NaN for a text that is none; raises Beyond for a date."""
    if isinstance(value, _Day):
        raise Beyond("counting with dates")
    if isinstance(value, bool | float):
        return float(value)
    text = value.strip()
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def text_of(value: Value) -> str:
    """As a text; raises Beyond for numbers that Java writes otherwise."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _written(value) if isinstance(value, float) else str(value)


def _written(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        raise Beyond("a number without end")
    if number == math.trunc(number) and abs(number) < 2**53:
        return str(int(number))
    if not _SMALLEST <= abs(number) < _LARGEST:
        raise Beyond("a number that is written with an exponent")
    return repr(number)


def truth_of(value: Value) -> bool:
    """As true or false: blank texts, nothing and what is no number are false."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value)
