"""How the reader of an API answer wants it: with extended metadata, a part of the list, only if it has changed."""

import hashlib
import re
from dataclasses import dataclass
from typing import TypeVarTuple

from flask import Response, request
from sqlalchemy import Select

from config.api_answers import wants_extended
from config.api_errors import invalid_header, wrong_type
from config.text import percent_decoded

Columns = TypeVarTuple("Columns")
_NUMBER = re.compile(r"\s*([+-]?\d{1,18})")
NOTES = "x-action-notes"


@dataclass(frozen=True, slots=True)
class Wishes:
    """`extended`: X-Extended-Metadata. `offset` and `limit`: None when not asked for."""

    extended: bool = False
    offset: int | None = None
    limit: int | None = None

    def page(self, query: Select[*Columns]) -> Select[*Columns]:
        """The wanted part of an ordered list."""
        if self.offset is not None:
            query = query.offset(self.offset)
        return query if self.limit is None else query.limit(self.limit)


def wishes() -> Wishes:
    """Those of this request; Problem 400.11 for a number that is none."""
    return Wishes(wants_extended(), _number("offset"), _number("limit"))


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    match = _NUMBER.match(given)
    if match is None or int(match[1]) < 0:
        raise wrong_type("integer", field=name)
    return int(match[1])


def action_notes() -> str | None:
    """The words that come with an action (X-Action-Notes, percent-encoded); Problem 400.6 when they cannot be decoded."""
    given = request.headers.get(NOTES)
    if given is None:
        return None
    decoded = percent_decoded(given)
    if decoded is None:
        raise invalid_header(NOTES)
    return decoded


def etag_of(*parts: object) -> str:
    """A tag for an answer made of these facts. Name the stamp of the data, the options, and the reader's rights and scope:
    two readers who see different things must not share one."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def is_unchanged(etag: str) -> bool:
    """Whether the reader has the answer with this tag already."""
    return request.if_none_match.contains_weak(etag)


def tagged(answer: Response, etag: str, *, weak: bool = False) -> Response:
    """`answer` with its tag; what every answer of the API carries (config.api_answers) lets nobody else keep it."""
    answer.set_etag(etag, weak=weak)
    return answer


def not_modified(etag: str, *, weak: bool = False) -> Response:
    """304, with the tag."""
    return tagged(Response(status=304), etag, weak=weak)
