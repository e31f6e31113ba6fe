"""Giving an XForm another version without touching any other byte of it. Pure."""

import re
from datetime import date

from forms.errors import xform_unreadable
from forms.start_tag import find_tag, with_attribute

# Longer figures are no counters.
MOST_DIGITS = 15
_ABOVE = ["html", "head", "model", "instance"]


def next_version(version: str, today: date) -> str:
    """A name for what comes after `version`, of the same kind: a date with its counter, a number, or a number at the end."""
    dated = re.fullmatch(r"(20\d{6})(\d{2})", version)
    if dated:
        day = f"{today:%Y%m%d}"
        return f"{day}01" if dated[1] < day else f"{int(version) + 1}"
    counted = re.fullmatch(r"(.*?)(\d+)", version, re.DOTALL)
    if counted is None or len(counted[2]) > MOST_DIGITS:
        return f"{version}-2" if version else "1"
    return f"{counted[1]}{int(counted[2]) + 1:0{len(counted[2])}d}"


def with_version(xform: bytes, version: str) -> bytes:
    """`xform` with its `version` attribute set; Problem 400.1 for what has no primary instance."""
    root = find_tag(xform, opening=lambda around, _name: list(around) == _ABOVE)
    if root is None:
        raise xform_unreadable(
            "This form has no primary instance, so it cannot be given a version.",
            "Ce formulaire n’a pas d’instance principale : on ne peut pas lui donner de version.",
            len(xform),
        )
    return with_attribute(xform, root, "version", version)
