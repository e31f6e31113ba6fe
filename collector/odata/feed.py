"""A table asked for over the wire: options, filter and order become a page, the page becomes JSON."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from accounts.errors import not_found
from collector.odata.columns import filterable
from collector.odata.conditions import condition
from collector.odata.names import ROOT_TABLE, find_table
from collector.odata.options import Options, shape_of
from collector.odata.pages import Asked, Page, sql_orders, submissions_page
from collector.odata.repeat_pages import repeat_page
from collector.odata.rows import TableWriter
from collector.reading import Reading, Selection
from forms.xform import FormDefinition

PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Addresses:
    """`context` is that of the metadata document, without the table; `next_page` gives the address for a token."""

    context: str
    next_page: Callable[[dict[str, Any]], str]


def ask(definition: FormDefinition, name: str, selection: Selection, options: Options) -> Asked:
    """What the page will be made from; Problem 404.1 for a table the form does not have, 400 or 501 for a bad filter."""
    table = find_table(definition, name)
    if table is None:
        raise not_found()
    columns = filterable(definition, table)
    wanted = condition(options.filter, columns)
    # Central orders every table by what it knows of submissions, named as in their own table.
    orders = sql_orders(options.orders, columns if table.number == 0 else filterable(definition, definition.tables[0]))
    narrowed = selection
    if options.filter is not None:
        # Without one the selection stays a whole, whose count is looked up.
        narrowed = replace(selection, where=(*selection.where, wanted.sql), with_trash=wanted.with_trash)
    return Asked(
        narrowed, TableWriter(definition, table, shape_of(definition, table, options)), options, wanted, orders
    )


def page_of(read: Reading, asked: Asked) -> Page:
    """The page; its Problems come with the first row."""
    return submissions_page(read, asked) if asked.writer.table.number == 0 else repeat_page(read, asked)


def as_json(page: Page, name: str, addresses: Addresses) -> Iterator[bytes]:
    """The answer, in pieces; the first holds the first row, so that what is wrong with the request is known by then."""
    pieces, size = [b'{"value":['], 0
    for number, row in enumerate(page.rows):
        made = orjson.dumps(row)
        pieces += [b",", made] if number else [made]
        size += len(made)
        if size > PIECE or not number:
            yield b"".join(pieces)
            pieces, size = [], 0
    pieces.append(b"]," + _footer(name, page, addresses))
    yield b"".join(pieces)


def nothing(name: str, count: int | None, addresses: Addresses) -> bytes:
    """An answer without rows."""
    return b'{"value":[],' + _footer(name, Page(iter(()), count), addresses)


def _footer(name: str, page: Page, addresses: Addresses) -> bytes:
    facts: dict[str, Any] = {"@odata.context": f"{addresses.context}#{name}"}
    if page.next is not None:
        facts["@odata.nextLink"] = addresses.next_page(page.next)
    if page.count is not None:
        facts["@odata.count"] = page.count
    return orjson.dumps(facts)[1:]


def is_root(name: str) -> bool:
    """Whether a table of that name holds the submissions themselves."""
    return name == ROOT_TABLE
