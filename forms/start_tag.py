"""Changing one start tag of an XForm and no other byte of it. Pure."""

import re
from collections.abc import Callable, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape

# Attributes of one start tag: name, what stands around the value, the value with its quotes.
_ATTRIBUTE = re.compile(rb"""([^\s=/>]+)(\s*=\s*)("[^"]*"|'[^']*')""")


class _Found(Exception):
    """What was looked for begins at `at`."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


# Called with the local names of the elements around a tag, and that of the tag's own element.
Wanted = Callable[[Sequence[str], str], bool]


def find_tag(xform: bytes, opening: Wanted | None = None, closing: Wanted | None = None) -> int | None:
    """Where the first wanted start or end tag begins; None without one."""
    parser = expat.ParserCreate()
    stack: list[str] = []

    def opened(name: str, _attributes: object) -> None:
        local = name.rpartition(":")[2]
        if opening is not None and opening(stack, local):
            raise _Found(parser.CurrentByteIndex)
        stack.append(local)

    def closed(_name: str) -> None:
        local = stack.pop()
        if closing is not None and closing(stack, local):
            raise _Found(parser.CurrentByteIndex)

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(xform, True)
    except _Found as found:
        return found.at
    except expat.ExpatError:
        pass
    return None


def attribute_of(xform: bytes, start: int, name: str) -> tuple[int, int] | None:
    """Where the value of an attribute (whatever its prefix) of the tag at `start` stands, its quotes included."""
    for match in _ATTRIBUTE.finditer(xform[start : _end(xform, start)]):
        if match[1].rpartition(b":")[2] == name.encode():
            return start + match.start(3), start + match.end(3)
    return None


def with_attribute(xform: bytes, start: int, name: str, value: str) -> bytes:
    """The XForm with that attribute of the tag at `start` set, or added at its end."""
    quoted = b'"' + escape(value, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}).encode() + b'"'
    known = attribute_of(xform, start, name)
    if known is not None:
        return xform[: known[0]] + quoted + xform[known[1] :]
    tag = xform[start : _end(xform, start)]
    # Before the `>` or `/>`.
    place = start + len(tag.rstrip(b">").rstrip(b"/").rstrip())
    return xform[:place] + b" %b=" % name.encode() + quoted + xform[place:]


def _end(xform: bytes, start: int) -> int:
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
