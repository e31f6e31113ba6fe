"""Giving an XForm another version without touching any other byte of it. Pure."""

import re
from datetime import date
from xml.parsers import expat
from xml.sax.saxutils import escape

from forms.errors import xform_unreadable

# Attributes of one start tag: name, what stands around the value, the value with its quotes.
_ATTRIBUTE = re.compile(rb"""([^\s=/>]+)(\s*=\s*)("[^"]*"|'[^']*')""")
# Longer figures are no counters.
MOST_DIGITS = 15
_ABOVE = ["html", "head", "model", "instance"]


class _Found(Exception):
    """The start tag of the primary instance's root begins at `at`."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


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
    start = _root_tag(xform)
    end = _end_of_tag(xform, start)
    tag = xform[start:end]
    value = b'"' + escape(version, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}).encode() + b'"'
    for match in _ATTRIBUTE.finditer(tag):
        if match[1].rpartition(b":")[2] == b"version":
            return xform[: start + match.start(3)] + value + xform[start + match.end(3) :]
    # Before the `>` or `/>`.
    place = start + len(tag.rstrip(b">").rstrip(b"/").rstrip())
    return xform[:place] + b" version=" + value + xform[place:]


def _root_tag(xform: bytes) -> int:
    parser = expat.ParserCreate()
    stack: list[str] = []

    def opened(name: str, _attributes: object) -> None:
        if stack == _ABOVE:
            raise _Found(parser.CurrentByteIndex)
        stack.append(name.rpartition(":")[2])

    parser.StartElementHandler = opened
    parser.EndElementHandler = lambda _name: stack.pop()
    try:
        parser.Parse(xform, True)
    except _Found as found:
        return found.at
    except expat.ExpatError:
        pass
    raise xform_unreadable(
        "This form has no primary instance, so it cannot be given a version.",
        "Ce formulaire n’a pas d’instance principale : on ne peut pas lui donner de version.",
        len(xform),
    )


def _end_of_tag(xform: bytes, start: int) -> int:
    """Where the tag ends, behind its `>`; one inside quotes does not count."""
    quote = 0
    for index in range(start, len(xform)):
        character = xform[index]
        if quote:
            quote = 0 if character == quote else quote
        elif character in b"\"'":
            quote = character
        elif character == ord(">"):
            return index + 1
    return len(xform)
