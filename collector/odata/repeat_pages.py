"""A page of a repeat's table: it begins at a row of a submission.

The token names a row as ODK Central names it, by a hash that tells nothing of where the row is. The places of the tokens
given out lately are remembered; after a restart, or in another process, the row is looked for once.
"""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.orm import Session

from collector import stored_submissions
from collector.answers import Row
from collector.exported import ExportedSubmission, RootRow
from collector.models import Submission
from collector.odata.errors import bad_token, token_row_gone
from collector.odata.pages import Asked, Page
from collector.odata.rows import JsonRow
from collector.projection import project
from collector.reading import Reading, Selection
from collector.stored_submissions import Position

REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """A row of a repeat as a filter sees it: what is known of its submission, the answers around it, its own."""

    row: RootRow
    root: Row
    own: Row


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins: with row `row` of the submission at `first`; None: with the first row of all."""

    first: Position | None = None
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
    if options.count:
        page.count = _count(read, asked)
    start: Start | None = Start()
    if options.token is not None and "skip" not in options.token:
        start = _from_token(read, asked)
    elif skip and asked.condition.holds is None and not asked.orders:
        start, skip = _passed_over(read, asked, skip), 0
    left = islice(_matching(read, asked, start), skip, None)
    last, shown = None, 0
    for last in islice(left, options.top):
        shown += 1
        yield last[2]
    if last is not None and next(left, None) is not None:
        submission, number, _ = last
        if asked.orders:
            page.next = {"skip": options.skip + shown}
        else:
            row_id = asked.writer.ids(submission)[number]
            places.remember(asked.selection, row_id, (submission.row.id, number))
            page.next = {"repeatId": row_id}


def _matching(read: Reading, asked: Asked, start: Start | None) -> Iterator[tuple[ExportedSubmission, int, JsonRow]]:
    """Every row from `start` on that the filter lets through, with its submission and its number there."""
    if start is None:
        return
    holds, table, passed_over = asked.condition.holds, asked.writer.table.number, start.row
    for submission in _submissions(read, asked, start):
        if submission.tables is not None:
            tables = project(submission.tables, submission.definition, asked.writer.definition) if holds else {}
            for number, row in enumerate(asked.writer.rows(submission)):
                if number < passed_over:
                    continue
                if holds is None or holds(RepeatRow(submission.row, tables[0][0], tables[table][number])):
                    yield submission, number, row
        passed_over = 0


def _submissions(read: Reading, asked: Asked, start: Start) -> Iterator[ExportedSubmission]:
    if not asked.orders:
        return stored_submissions.walk(read, asked.selection, first=start.first)
    with read() as session:
        wanted = array("q", stored_submissions.ids(session, asked.selection, orders=asked.orders))
    return stored_submissions.in_pages(read, asked.selection, wanted)


def _count(read: Reading, asked: Asked) -> int:
    if asked.condition.holds is not None:
        return sum(1 for _ in _matching(read, asked, Start()))
    with read() as session:
        return sum(_counts(session, asked).values())


def _counts(session: Session, asked: Asked) -> dict[int, int]:
    return stored_submissions.row_counts(session, asked.selection, asked.writer.definition, asked.writer.table)


def _passed_over(read: Reading, asked: Asked, skip: int) -> Start | None:
    """Where row number `skip` is, without reading those before it; None behind the last one."""
    with read() as session:
        for submission_id, rows in _counts(session, asked).items():
            if rows > skip:
                return Start(_place(session, asked, submission_id), skip)
            skip -= rows
    return None


def _from_token(read: Reading, asked: Asked) -> Start:
    """The row behind the one that the token names."""
    row_id = (asked.options.token or {}).get("repeatId")
    if row_id is None:
        raise bad_token()
    known = places.find(asked.selection, row_id)
    if known is None:
        candidates = stored_submissions.walk(read, asked.selection)
    else:
        candidates = stored_submissions.in_pages(read, asked.selection, known[:1])
    for submission in candidates:
        ids = asked.writer.ids(submission)
        if row_id in ids:
            return Start((submission.row.created_at, submission.row.id), ids.index(row_id) + 1)
    raise token_row_gone()


def _place(session: Session, asked: Asked, submission_id: int) -> Position | None:
    return stored_submissions.position_of(session, asked.selection, [Submission.id == submission_id])
