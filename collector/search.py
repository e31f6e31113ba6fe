"""Submissions found by what people answered: words anywhere in the answers, without regard to case or accents.

There is no index of words to keep, to erase from and to trust: submissions are looked at from the newest on for a short time,
and whoever wants more goes on from where that ended.
"""

import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from collector.exported import ExportedSubmission
from collector.reading import Reading, Selection
from collector.stored_submissions import Position, walk

# How long one request looks.
SECONDS = 0.3
# How many it looks at whatever the time.
AT_ONCE = 100
MOST_MATCHES = 5


@dataclass(frozen=True, slots=True)
class Match:
    """An answer that holds the words: the path of its question, its text."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Found:
    """A submission that has been found, and at most five answers that say why; none for its name or number."""

    submission: ExportedSubmission
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """`next` is the place to go on from, None when all have been looked at; `looked_at` counts them."""

    found: tuple[Found, ...]
    next: Position | None
    looked_at: int


def folded(text: str) -> str:
    """The text as it is compared: no case, no accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def search(
    read: Reading,
    selection: Selection,
    words: str,
    *,
    holds: Callable[[Any], bool] | None = None,
    after: Position | None = None,
    limit: int = 50,
    seconds: float = SECONDS,
) -> Results:
    """Submissions of the selection that hold every one of `words` and for which `holds`, newest first from a place on.

    What the selection's mask hides is not there to be found.
    """
    wanted = folded(words).split()
    found: list[Found] = []
    until = time.monotonic() + seconds
    number = 0
    for number, each in enumerate(walk(read, selection, after=after), 1):
        matches = _matches(each, wanted) if wanted else ()
        if matches is not None and (holds is None or holds(each)):
            found.append(Found(each, matches))
        if len(found) == limit or (number % AT_ONCE == 0 and time.monotonic() > until):
            return Results(tuple(found), (each.row.created_at, each.row.id), number)
    return Results(tuple(found), None, number)


def _matches(submission: ExportedSubmission, wanted: list[str]) -> tuple[Match, ...] | None:
    """The answers that hold some of the words; None unless every word is somewhere."""
    left = {word for word in wanted if word not in folded(submission.row.instance_id)}
    matches: list[Match] = []
    for path, value in _answers(submission):
        text = folded(value)
        held = [word for word in wanted if word in text]
        if held:
            left.difference_update(held)
            if len(matches) < MOST_MATCHES:
                matches.append(Match(path, value))
    return None if left else tuple(matches)


def _answers(submission: ExportedSubmission) -> Iterator[tuple[str, str]]:
    if submission.tables is None:
        return
    for field in submission.definition.fields:
        if field.column_no is None:
            continue
        column = field.column_no + (2 if field.table_no else 0)
        for row in submission.tables.get(field.table_no, []):
            if row[column]:
                yield field.path, row[column]
