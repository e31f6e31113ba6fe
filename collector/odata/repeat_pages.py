"""A page of a repeat's table: it begins at a row of a submission.

The token names a row as ODK Central names it, by a hash that tells nothing of where the row is. The places of the tokens
given out lately are remembered; after a restart, or in another process, the row is looked for once.
"""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from collector import stored_submissions
from collector.answers import Row
from collector.exported import ExportedSubmission, RootRow
from collector.odata.errors import bad_token, token_row_gone
from collector.odata.pages import Asked, Page
from collector.odata.rows import JsonRow
from collector.projection import project
from collector.reading import Reading, Selection

REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """A row of a repeat as a filter sees it: what is known of its submission, the answers around it, its own."""

    row: RootRow
    root: Row
    own: Row


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins: at `first` of the ids, with `row` of that submission."""

    first: int = 0
    row: int = 0


class _Places:
    """Where the rows are that tokens name: a submission's id and the number of the row in it."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int, str], tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, selection: Selection, row_id: str, place: tuple[int, int]) -> None:
        with self._lock:
            self._known[_key(selection, row_id)] = place
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def find(self, selection: Selection, row_id: str) -> tuple[int, int] | None:
        with self._lock:
            return self._known.get(_key(selection, row_id))

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


def _key(selection: Selection, row_id: str) -> tuple[int, int, int, str]:
    return selection.project_id, selection.form_id, selection.draft_version_id, row_id


places = _Places()


def repeat_page(read: Reading, asked: Asked) -> Page:
    """The rows of a repeat's table; Problem 400.34 or 400.35 with the first of them."""
    page = Page(iter(()))
    page.rows = _rows(read, asked, page)
    return page


def _rows(read: Reading, asked: Asked, page: Page) -> Iterator[JsonRow]:
    options, skip = asked.options, asked.options.skip
    with read() as session:
        wanted = array("q", stored_submissions.ids(session, asked.selection, orders=asked.orders))
    if options.count:
        page.count = _count(read, asked, wanted)
    start = Start()
    if options.token is not None and "skip" not in options.token:
        start = _from_token(read, asked, wanted)
    elif skip and asked.condition.holds is None:
        start, skip = _passed_over(read, asked, wanted, skip), 0
    matching = islice(_matching(read, asked, wanted, start), skip, None)
    last, shown = None, 0
    for last in islice(matching, options.top):
        shown += 1
        yield last[2]
    if last is not None and next(matching, None) is not None:
        submission, number, _ = last
        if asked.orders:
            page.next = {"skip": options.skip + shown}
        else:
            row_id = asked.writer.ids(submission)[number]
            places.remember(asked.selection, row_id, (submission.row.id, number))
            page.next = {"repeatId": row_id}


def _matching(
    read: Reading, asked: Asked, wanted: Sequence[int], start: Start
) -> Iterator[tuple[ExportedSubmission, int, JsonRow]]:
    """Every row from `start` on that the filter lets through, with its submission and its number there."""
    holds, table = asked.condition.holds, asked.writer.table.number
    pages = stored_submissions.in_pages(read, asked.selection, wanted[start.first :])
    for place, submission in enumerate(pages):
        if submission.tables is None:
            continue
        rows = asked.writer.rows(submission)
        tables = project(submission.tables, submission.definition, asked.writer.definition) if holds else {}
        for number, row in enumerate(rows):
            if place == 0 and number < start.row and submission.row.id == wanted[start.first]:
                continue
            if holds is None or holds(RepeatRow(submission.row, tables[0][0], tables[table][number])):
                yield submission, number, row


def _count(read: Reading, asked: Asked, wanted: Sequence[int]) -> int:
    if asked.condition.holds is not None:
        return sum(1 for _ in _matching(read, asked, wanted, Start()))
    with read() as session:
        counts = stored_submissions.row_counts(session, asked.selection, asked.writer.definition, asked.writer.table)
    return sum(counts.values())


def _passed_over(read: Reading, asked: Asked, wanted: Sequence[int], skip: int) -> Start:
    """Where row number `skip` is, without reading those before it."""
    with read() as session:
        counts = stored_submissions.row_counts(session, asked.selection, asked.writer.definition, asked.writer.table)
    for first, submission_id in enumerate(wanted):
        rows = counts.get(submission_id, 0)
        if rows > skip:
            return Start(first, skip)
        skip -= rows
    return Start(len(wanted))


def _from_token(read: Reading, asked: Asked, wanted: Sequence[int]) -> Start:
    """The row behind the one that the token names."""
    row_id = (asked.options.token or {}).get("repeatId")
    if row_id is None:
        raise bad_token()
    known = places.find(asked.selection, row_id)
    candidates = wanted if known is None else [each for each in wanted if each == known[0]]
    for submission in stored_submissions.in_pages(read, asked.selection, candidates):
        ids = asked.writer.ids(submission)
        if row_id in ids:
            return Start(list(wanted).index(submission.row.id), ids.index(row_id) + 1)
    raise token_row_gone()
