"""Submissions as exports and feeds read them: by id, a page at a time, so that no read holds the database for long."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, and_, false, func, or_, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from collector.answers import Tables
from collector.exported import ExportedSubmission
from collector.models import Answers, Receipt, Submission
from collector.projection import same_table
from collector.reading import Reading, Selection
from collector.submission_page import Page, read_page
from collector.tally import counts_of
from config.one_of import OneOf
from forms.models import FormVersion
from forms.queries import definition_of
from forms.xform import FormDefinition, Table

# Bytes of answers read together, more or less.
MOST_BYTES = 4 << 20
FIRST_PAGE = 100
PAGE = 500
EVERYTHING = 2**63 - 1
Position = tuple[datetime, int]
"""A place in the order of arrival: created_at, then id."""


class RowCount(FunctionElement[int]):
    """How many rows an array of answers has."""

    inherit_cache = True
    type = Integer()
    name = "row_count"


@compiles(RowCount, "sqlite")
def _on_sqlite(element: RowCount, compiler: SQLCompiler, **choices: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **choices)})"


@compiles(RowCount, "postgresql")
def _on_postgresql(element: RowCount, compiler: SQLCompiler, **choices: Any) -> str:
    return f"json_array_length(CAST({compiler.process(element.clauses, **choices)} AS JSON))"


def ids(
    session: Session,
    selection: Selection,
    *,
    after: Position | None = None,
    first: Position | None = None,
    orders: Sequence[Any] = (),
    skip: int = 0,
    limit: int | None = None,
) -> list[int]:
    """The ids of the selection, newest first, or in the `orders` given; only those older than `after`, or not newer than
    `first`."""
    query = select(Submission.id).where(*selection.conditions())
    if after is not None:
        query = query.where(tuple_(Submission.created_at, Submission.id) < after)
    if first is not None:
        query = query.where(tuple_(Submission.created_at, Submission.id) <= first)
    query = query.order_by(*(orders or (Submission.created_at.desc(), Submission.id.desc())))
    if skip:
        # SQLite knows no OFFSET without a LIMIT.
        query = query.offset(skip).limit(EVERYTHING if limit is None else limit)
    elif limit is not None:
        query = query.limit(limit)
    return list(session.scalars(query))


def every_id(session: Session, selection: Selection) -> "array[int]":
    """The ids, newest first, in eight bytes each."""
    query = (
        select(Submission.id)
        .where(*selection.conditions())
        .order_by(Submission.created_at.desc(), Submission.id.desc())
    )
    # The driver's own rows: SQLAlchemy's cost three times as much as the search itself.
    cursor: Any = session.connection().execute(query).cursor
    return array("q", chain.from_iterable(cursor))


def count_states(session: Session, selection: Selection, *, anew: bool = False) -> dict[str, int]:
    """How many submissions are in each review state ("received": in none); from what every commit counts where that says it,
    unless they are to be counted anew."""
    if selection.is_whole and not anew:
        buckets = counts_of(
            session, [selection.project_id], form_id=selection.form_id, draft_version_id=selection.draft_version_id
        )
        states = Counter[str]()
        for each in buckets:
            if not (each.training or (selection.counted and each.duplicate)):
                states[each.review_state or "received"] += each.count
        return states
    query = (
        select(Submission.review_state, func.count()).where(*selection.conditions()).group_by(Submission.review_state)
    )
    return {row[0] or "received": row[1] for row in session.execute(query)}


def count(session: Session, selection: Selection) -> int:
    """How many submissions an export of this selection has."""
    return sum(count_states(session, selection).values())


def position_of(session: Session, selection: Selection, which: Sequence[ColumnElement[bool]]) -> Position | None:
    """The place of a submission in the order of arrival, also of one in the trash; None for one that is not here. `which`:
    its number, or the selection's `named`."""
    query = select(Submission.created_at, Submission.id).where(
        *replace(selection, with_trash=True, where=()).every(known=True), Submission.training.is_(False), *which
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def row_counts(session: Session, selection: Selection, definition: FormDefinition, table: Table) -> dict[int, int]:
    """How many rows a repeat has in each submission that has any, whatever its form version; by id, newest first."""
    query = (
        select(Submission.id, RowCount(Answers.rows))
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .join(Answers, (Answers.project_id == Receipt.project_id) & (Answers.receipt_id == Receipt.id))
        .where(*selection.conditions(), _in_table(session, selection, definition, table))
        .order_by(Submission.created_at.desc(), Submission.id.desc())
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _in_table(session: Session, selection: Selection, definition: FormDefinition, table: Table) -> ColumnElement[bool]:
    """Whether a row of answers is of that repeat, which has other numbers in other versions of the form."""
    versions = select(FormVersion.id).where(
        FormVersion.project_id == selection.project_id, FormVersion.form_id == selection.form_id
    )
    numbers: dict[int, list[int]] = {}
    for version_id in session.scalars(versions):
        number = same_table(definition_of(session, selection.project_id, version_id), definition, table)
        if number is not None:
            numbers.setdefault(number, []).append(version_id)
    return or_(
        false(),
        *(and_(Answers.table_no == number, Receipt.form_version_id.in_(each)) for number, each in numbers.items()),
    )


def submissions(reading: Reading, selection: Selection) -> Iterator[ExportedSubmission]:
    """Every submission of the selection as it was at the start, newest first; those that arrive meanwhile are not in it."""
    with reading() as session:
        wanted = array("q", ids(session, selection))
    yield from in_pages(reading, selection, wanted)


def in_pages(reading: Reading, selection: Selection, wanted: Sequence[int]) -> Iterator[ExportedSubmission]:
    """The submissions of these ids in their order, read as they are used; see `read`."""
    start, size = 0, FIRST_PAGE
    while start < len(wanted):
        with reading() as session:
            page = read_page(session, selection, wanted[start : start + size])
        yield from page
        start, size = start + size, _next_size(page, size)


def walk(
    reading: Reading, selection: Selection, *, after: Position | None = None, first: Position | None = None
) -> Iterator[ExportedSubmission]:
    """Newest first from a place on, read as they are used; no more is read at first than a page of a screen needs."""
    size = FIRST_PAGE
    while True:
        with reading() as session:
            page = read_page(session, selection, ids(session, selection, after=after, first=first, limit=size))
        for each in page:
            yield each
            after = each.row.created_at, each.row.id
        if len(page) < size:
            return
        first, size = None, _next_size(page, size)


def _next_size(page: Page, size: int) -> int:
    """Twice as many, up to a page, and fewer where answers are long: what is read together is in memory together."""
    return max(1, min(2 * size, PAGE, MOST_BYTES // max(1, page.mean)))


def read(session: Session, selection: Selection, wanted: Sequence[int]) -> list[ExportedSubmission]:
    """The submissions of these ids in their order, those left out that are not in the selection (any more)."""
    return list(read_page(session, selection, wanted))


def answers_of(session: Session, project_id: int, receipt_ids: list[int]) -> dict[int, Tables]:
    """The answers of each receipt by table number; tables without rows are left out."""
    found: dict[int, Tables] = {}
    query = select(Answers.receipt_id, Answers.table_no, Answers.rows).where(
        Answers.project_id == project_id, OneOf(Answers.receipt_id, receipt_ids)
    )
    for receipt_id, table_no, rows in session.execute(query):
        found.setdefault(receipt_id, {})[table_no] = orjson.loads(rows)
    return found
