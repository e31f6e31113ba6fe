"""What people typed into a form or an address, made fit for a database. Pure."""

from collections.abc import Mapping

# What fits SQLite's and PostgreSQL's largest integers.
MOST_DIGITS = 18


def typed_text(values: Mapping[str, str], name: str, longest: int = 10_000) -> str:
    """The text of one field, "" when it is missing: trimmed, cut, and without NUL, which PostgreSQL refuses."""
    return values.get(name, "").replace("\0", "").strip()[:longest]


def typed_number(values: Mapping[str, str], name: str) -> int | None:
    """The number of one field; None for anything that is not a plain one."""
    value = values.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS else None
