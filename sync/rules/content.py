"""Is the content of two submissions the same, whatever their instanceIDs? Two keyed hashes of the answers, not of the XML.

Attribute order, layout, blank nodes, spaces around answers, ways of writing a number, the order of ticked choices and the names of
photos make no difference; a new question that stands blank makes none either, so that versions of a form can be compared.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
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


def content_hashes(
    fields: Sequence[Field], tables: Tables, secret: bytes, files: Mapping[str, bytes] | None = None
) -> ContentHashes:
    """Of the answers as `collector.answers` lays them out. `files`: SHA-256 of the submission's files by name, as far as they are here;
    a file that is not counts as "some file"."""
    answers: list[tuple[str, int, int, str]] = []
    times: list[tuple[str, int, int, str]] = []
    for field in fields:
        if field.column_no is None or field.name in _DEVICE:
            continue
        into = times if field.name in _TIMES and field.table_no == 0 else answers
        ordinals = 2 if field.table_no else 0
        for row in tables.get(field.table_no, ()):
            value = row[field.column_no + ordinals]
            plain = _plain(value, field, files or {}) if value else ""
            if plain:
                into.append((field.path, row[0] if ordinals else 0, row[1] if ordinals else 0, plain))
    answers.sort()
    times.sort()
    return ContentHashes(_digest(answers + times, secret), _digest(answers, secret), len(answers))


def xml_content_hashes(
    xml: bytes, definition: FormDefinition, secret: bytes, files: Mapping[str, bytes] | None = None
) -> ContentHashes:
    """The same from the submission as received. Raises Problem 400.1 for what is no safe XML."""
    return content_hashes(definition.fields, read_answers(parse(xml), definition).tables, secret, files)


def _digest(answers: list[tuple[str, int, int, str]], secret: bytes) -> bytes:
    return blake2b(orjson.dumps(answers), digest_size=16, key=secret[:64], person=b"content").digest()


def _plain(value: str, field: Field, files: Mapping[str, bytes]) -> str:
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if not text:
        return ""
    if field.binary:
        known = files.get(value.strip())
        return known.hex() if known else "file"
    if field.type in _NUMBERS:
        return _number(text)
    if field.type in _POINTS:
        return ";".join(" ".join(map(_number, point.split())) for point in text.split(";") if point.strip())
    return " ".join(sorted(text.split())) if field.multiple else text


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    # Not normalize(): 1E+2 would be written for 100, and a huge exponent must not become a huge text.
    return str(number.normalize()) if abs(number.adjusted()) > 30 else f"{number.normalize():f}"
