"""Is the content of two submissions the same, whatever their instanceIDs? Two keyed hashes of the answers, not of the XML.

Attribute order, layout, blank nodes, spaces around answers, ways of writing a number, the order of ticked choices and the names of
photos make no difference; a new question that stands blank makes none either, so that versions of a form can be compared.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

import orjson

from collector.answers import Tables, read_answers
from collector.submission_xml import parse
from forms.xform import Field, FormDefinition

# What the phone writes by itself about who, with what and when it sends; found by the names XLSForm gives.
_DEVICE = frozenset(
    [
        *("deviceid", "subscriberid", "simserial", "phonenumber", "username", "email"),
        *("audit", "entity", "instanceID", "instanceName", "deprecatedID"),
    ]
)
_TIMES = frozenset(("start", "end", "today", "starttime", "endtime"))
_NUMBERS = frozenset(("int", "integer", "decimal", "range"))
_POINTS = frozenset(("geopoint", "geotrace", "geoshape"))


@dataclass(frozen=True, slots=True)
class ContentHashes:
    """16 bytes each. `exact` has start, end and today in it: equal means one and the same interview on a restored or copied phone.
    `answers` has not: equal means the same answers given again. `said` counts the answers behind `answers`: few say little."""

    exact: bytes
    answers: bytes
    said: int


class Content:
    """The questions of one form version whose answers are its content: worked out once, hashed for every submission."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._columns = [
            (
                field.table_no,
                field.column_no + (2 if field.table_no else 0),
                field.path,
                _kind(field),
                field.name in _TIMES and field.table_no == 0,
            )
            # In the order in which they are hashed: what is nearly in order is sorted soon.
            for field in sorted(fields, key=lambda field: field.path)
            if field.column_no is not None and field.name not in _DEVICE
        ]

    def hashes(self, tables: Tables, secret: bytes, files: Mapping[str, bytes] | None = None) -> ContentHashes:
        """Of the answers as `collector.answers` lays them out. `files`: SHA-256 of the submission's files by name, as far as they are
        here; a file that is not counts as "some file"."""
        answers: list[tuple[str, int, int, str]] = []
        times: list[tuple[str, int, int, str]] = []
        for table_no, at, path, kind, is_time in self._columns:
            into = times if is_time else answers
            for row in tables.get(table_no, ()):
                value = row[at]
                if value:
                    plain = _plain(value, kind, files or {})
                    if plain:
                        into.append((path, row[0], row[1], plain) if table_no else (path, 0, 0, plain))
        answers.sort()
        times.sort()
        return ContentHashes(_digest(answers + times, secret), _digest(answers, secret), len(answers))


def content_hashes(
    fields: Sequence[Field], tables: Tables, secret: bytes, files: Mapping[str, bytes] | None = None
) -> ContentHashes:
    """Those of one submission alone; see `Content`."""
    return Content(fields).hashes(tables, secret, files)


def xml_content_hashes(
    xml: bytes, definition: FormDefinition, secret: bytes, files: Mapping[str, bytes] | None = None
) -> ContentHashes:
    """The same from the submission as received. Raises Problem 400.1 for what is no safe XML."""
    return content_hashes(definition.fields, read_answers(parse(xml), definition).tables, secret, files)


def _digest(answers: list[tuple[str, int, int, str]], secret: bytes) -> bytes:
    return blake2b(orjson.dumps(answers), digest_size=16, key=secret[:64], person=b"content").digest()


_TEXT, _FILE, _NUMBER, _POINT, _SEVERAL = range(5)


def _kind(field: Field) -> int:
    if field.binary:
        return _FILE
    if field.type in _NUMBERS:
        return _NUMBER
    if field.type in _POINTS:
        return _POINT
    return _SEVERAL if field.multiple else _TEXT


def _plain(value: str, kind: int, files: Mapping[str, bytes]) -> str:
    text = " ".join((value if value.isascii() else unicodedata.normalize("NFC", value)).split())
    if kind == _TEXT or not text:
        return text
    if kind == _FILE:
        known = files.get(value.strip())
        return known.hex() if known else "file"
    if kind == _NUMBER:
        return _number(text)
    if kind == _POINT:
        return ";".join(" ".join(map(_number, point.split())) for point in text.split(";") if point.strip())
    return " ".join(sorted(text.split()))


def _number(text: str) -> str:
    # As most are written; Decimal would say the same, and takes five times as long.
    if text.isascii() and len(text) < _LONG:
        whole, point, part = text.partition(".")
        if whole.isdigit() and (whole[0] != "0" or whole == "0"):
            if not point:
                return text
            if part.isdigit():
                part = part.rstrip("0")
                return f"{whole}.{part}" if part else whole
    try:
        number = Decimal(text).normalize()
    except ArithmeticError:
        # No number, or one beyond all numbers.
        return text
    # 100, not 1E+2; but a huge exponent must not become a huge text.
    return str(number) if abs(number.adjusted()) > 30 else f"{number:f}"


# Longer numbers are rounded.
_LONG = 28
