"""JSON values as the sentences of ODK Central, a JavaScript program, write them."""

import json
from typing import Any


def as_javascript(value: Any) -> str:
    """A JSON value as Central's messages write it into a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join("" if each is None else as_javascript(each) for each in value)
    if isinstance(value, dict):
        return "[object Object]"
    return f"{value:.16g}" if isinstance(value, float) else str(value)


def as_text(value: Any) -> str:
    """A JSON value as it reaches Central's database, whose own refusals quote it."""
    return (
        json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if isinstance(value, dict | list)
        else as_javascript(value)
    )


def inspected(value: Any) -> str:
    """A JSON value as Central lists what it got."""
    if isinstance(value, str):
        quote = '"' if "'" in value and '"' not in value else "'"
        return quote + value.replace("\\", "\\\\").replace("\n", "\\n") + quote
    return as_javascript(value)


# What PostgreSQL, and so ODK Central, takes for true and false; any beginning of these words does too.
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def flag_of(given: Any) -> bool | None:
    """The truth a JSON value stands for in Central's database; None for what is none."""
    if isinstance(given, bool):
        return given
    text = given.strip().lower() if isinstance(given, str) else "0" if given == 0 else "1" if given == 1 else ""
    meant = {value for word, value in _WORDS.items() if text and word.startswith(text)}
    return meant.pop() if len(meant) == 1 else None
