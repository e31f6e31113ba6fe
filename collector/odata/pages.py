"""A page of `Submissions`: it begins at a place in the order of arrival, so that none costs more for being far down."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from collector import stored_submissions
from collector.exported import ExportedSubmission
from collector.models import Submission
from collector.odata.conditions import Column, Condition
from collector.odata.errors import bad_token, unsupported_field
from collector.odata.options import Options, Order
from collector.odata.rows import JsonRow, TableWriter
from collector.reading import Reading, Selection
from collector.stored_submissions import Position


@dataclass(frozen=True, slots=True)
class Asked:
    """A table of the submissions of `selection`, what is wanted of it, how it is written.

    The SQL of `condition` is in the selection already; `orders` is the SQL of `$orderby`.
    """

    selection: Selection
    writer: TableWriter
    options: Options
    condition: Condition
    orders: tuple[Any, ...] = ()


@dataclass
class Page:
    """`count` and `next`, the token to go on with, are known once `rows` are used up."""

    rows: Iterator[JsonRow]
    count: int | None = None
    next: dict[str, Any] | None = None


def submissions_page(read: Reading, asked: Asked) -> Page:
    """The rows of the root table; Problem 400.35 with the first of them."""
    page = Page(iter(()))
    page.rows = _rows(read, asked, page) if asked.condition.holds is None else _filtered_rows(read, asked, page)
    return page


def _rows(read: Reading, asked: Asked, page: Page) -> Iterator[JsonRow]:
    """Which submissions are in the page the database tells."""
    options = asked.options
    with read() as session:
        page.count = stored_submissions.count(session, asked.selection) if options.count else None
        more = None if options.top is None else options.top + 1
        after = _after(session, asked)
        wanted = stored_submissions.ids(
            session, asked.selection, after=after, orders=asked.orders, skip=options.skip, limit=more
        )
    top = len(wanted) if options.top is None else options.top
    last = None
    for last in stored_submissions.in_pages(read, asked.selection, wanted[:top]):
        yield asked.writer.rows(last)[0]
    if last is not None and len(wanted) > top:
        page.next = _token(asked, last, top)


def _filtered_rows(read: Reading, asked: Asked, page: Page) -> Iterator[JsonRow]:
    """Which submissions are in the page only their answers tell: all are looked at until it is full."""
    options, holds = asked.options, asked.condition.holds
    assert holds is not None
    if options.count:
        page.count = sum(1 for each in stored_submissions.walk(read, asked.selection) if holds(each))
    left = islice((each for each in _walk(read, asked) if holds(each)), options.skip, None)
    last, shown = None, 0
    for last in islice(left, options.top):
        shown += 1
        yield asked.writer.rows(last)[0]
    if last is not None and next(left, None) is not None:
        page.next = _token(asked, last, shown)


def _walk(read: Reading, asked: Asked) -> Iterator[ExportedSubmission]:
    if asked.orders:
        with read() as session:
            wanted = stored_submissions.ids(session, asked.selection, orders=asked.orders)
        return stored_submissions.in_pages(read, asked.selection, wanted)
    with read() as session:
        after = _after(session, asked)
    return iter(()) if after is NOWHERE else stored_submissions.walk(read, asked.selection, after=after)


# The place of a submission that was never here: nothing comes after it.
NOWHERE = (datetime.min.replace(tzinfo=UTC), 0)


def _after(session: Session, asked: Asked) -> Position | None:
    token = asked.options.token or {}
    if "repeatId" in token:
        raise bad_token()
    if "instanceId" not in token:
        return None
    which = asked.selection.named(token["instanceId"])
    return stored_submissions.position_of(session, asked.selection, which) or NOWHERE


def _token(asked: Asked, last: ExportedSubmission, shown: int) -> dict[str, Any]:
    return {"skip": asked.options.skip + shown} if asked.orders else {"instanceId": last.row.instance_id}


def sql_orders(orders: Sequence[Order], columns: Mapping[str, Column]) -> tuple[Any, ...]:
    """`$orderby` in SQL, as Central: nulls count as the least; equal rows by age. Problem 501.5 for what has no order."""
    found: list[Any] = []
    for order in orders:
        column = columns.get(order.name)
        if column is None or column.sql is None:
            raise unsupported_field(order.name)
        found.append(column.sql.desc().nulls_last() if order.descending else column.sql.asc().nulls_first())
    if found:
        found.append(Submission.id.desc() if orders[0].descending else Submission.id.asc())
    return tuple(found)
