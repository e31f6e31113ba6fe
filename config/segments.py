"""Addresses whose parts may hold a slash: form ids and file names are free text (`%2F` on the wire). And bytes that no address
may hold, which come all the same."""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter, IntegerConverter, Map, ValidationError

from config.api_errors import out_of_range, wrong_type

# A Unicode non-character, which no program exchanges with another: publishing refuses names that hold it.
SLASH = "\ufdd0"
# What a database can count up to.
LARGEST_NUMBER = 2**63 - 1
# What ODK Central can count up to; numbers on the wire are no larger.
LARGEST_ID = 2**31 - 1

_ENCODED_SLASH = re.compile(b"%2[Ff]")
_NOT_ASCII = re.compile(b"[^\x00-\x7f]")
_NUMBER = re.compile("-?[0-9]{1,19}")
_SLASHES = re.compile("//+")


class SegmentConverter(BaseConverter):
    """One segment of a path, any text, slashes included (see `keep_slashes`)."""

    regex = "[^/]+?"
    # Werkzeug would guess otherwise from the slash above, and then lose a slash after the last segment (C90).
    part_isolating = True

    def to_python(self, value: str) -> str:
        # PostgreSQL has no such character, so nothing can have that name.
        if "\0" in value:
            raise ValidationError
        return value.replace(SLASH, "/")

    def to_url(self, value: str) -> str:
        return str(super().to_url(value.replace("/", SLASH))).replace("%EF%B7%90", "%2F")


class NotANumber(str):
    """What stands in an address where a number belongs; no view ever sees it (config.api_edge)."""

    __slots__ = ()


def as_number(text: str) -> int:
    """The number a segment stands for, where views must look at other things first; Problem 400.11 or 400.22."""
    plain = _NUMBER.fullmatch(text)
    if plain is None and not text.lstrip("-").isdecimal():
        raise wrong_type("type integer", value=text)
    if plain is None or abs(int(text)) > LARGEST_ID:
        raise out_of_range(text)
    return int(text)


class NumberConverter(IntegerConverter):
    """A number no larger than a database can hold; anything else becomes NotANumber, to be refused in words."""

    regex = "[^/]+?"
    part_isolating = True

    def __init__(self, map: Map, *choices: Any, **named: Any) -> None:  # noqa: A002 - werkzeug's name
        super().__init__(map, *choices, **named)

    def to_python(self, value: str) -> int | NotANumber:
        plain = _NUMBER.fullmatch(value)
        return int(value) if plain and abs(int(value)) <= LARGEST_NUMBER else NotANumber(value.replace(SLASH, "/"))


def single_slashes(path: str) -> str:
    """`path` with one slash wherever there were several."""
    return _SLASHES.sub("/", path)


def readable_query(query: str) -> str:
    """`query` in ASCII, and without NUL: Werkzeug takes it for UTF-8, and PostgreSQL cannot even be asked for a text with NUL."""
    while "%00" in query or "\0" in query:
        query = query.replace("%00", "").replace("\0", "")
    if query.isascii():
        return query
    return _NOT_ASCII.sub(lambda found: b"%%%02X" % ord(found[0]), query.encode("latin-1")).decode()


def keep_slashes(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """WSGI: PATH_INFO is decoded before Flask sees it, so an encoded slash would split a segment; keep it apart.

    Several slashes in a row count as one: Flask would redirect, and a phone whose server address ends with a slash too
    many would send every photo twice (C37, C72).
    """

    def keeping(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raw = environ.get("REQUEST_URI", "").partition("?")[0]
        if raw.startswith("/"):
            marked, encoded = _ENCODED_SLASH.subn(SLASH.encode(), raw.encode("latin-1", "replace"))
            if encoded:
                environ["PATH_INFO"] = unquote_to_bytes(marked).decode("latin-1")
        environ["PATH_INFO"] = single_slashes(environ["PATH_INFO"])
        environ["QUERY_STRING"] = readable_query(environ.get("QUERY_STRING", ""))
        return app(environ, start_response)

    return keeping
