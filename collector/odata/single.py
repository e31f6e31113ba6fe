"""One submission by its address, or the rows of a repeat inside it: `Submissions('uuid:…')/home/member('…')/child`. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.errors import not_found
from collector.exported import ExportedSubmission
from collector.odata.errors import bad_token, token_row_gone
from collector.odata.names import ROOT_TABLE
from collector.odata.options import Options
from collector.odata.pages import Page
from collector.odata.rows import TableWriter

_STEP = re.compile(r"([^(]+)\('(.*)'\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """`table` is the dotted name of what is shown, `instance_id` the submission's, `above` the last row named on the way: the
    dotted name of its table and its `__id`; None when only the submission is named."""

    table: str
    instance_id: str
    above: tuple[str, str] | None


def read_address(parts: Sequence[str]) -> Address | None:
    """The address made of these parts of a path; None when it names a table as a whole; Problem 404.1 for nonsense."""
    steps = [_STEP.fullmatch(part) for part in parts]
    first = steps[0]
    if first is None:
        if len(parts) == 1:
            return None
        raise not_found()
    names = [step[1] if step else part for step, part in zip(steps, parts, strict=True)]
    if names[0] != ROOT_TABLE:
        raise not_found()
    above = None
    for place, step in enumerate(steps):
        if place and step is not None:
            above = (".".join(names[: place + 1]), step[2])
    return Address(".".join(names), first[2], above)


def single_page(submission: ExportedSubmission, writer: TableWriter, address: Address, options: Options) -> Page:
    """The rows asked for; Problem 400.34 or 400.35 for a token of something else."""
    rows, ids = writer.rows(submission), writer.ids(submission)
    places = [place for place in range(len(rows)) if _is_below(writer, submission, place, address)]
    count = len(places)
    skip = options.skip
    if options.token is not None:
        row_id = options.token.get("repeatId")
        if row_id is None:
            raise bad_token()
        skip = next((number + 1 for number, place in enumerate(places) if ids[place] == row_id), 0)
        if not skip:
            raise token_row_gone()
    shown = places[skip:] if options.top is None else places[skip : skip + options.top]
    token: dict[str, Any] | None = None
    if shown and skip + len(shown) < count:
        token = {"instanceId": ids[shown[-1]]} if address.table == ROOT_TABLE else {"repeatId": ids[shown[-1]]}
    return Page(iter([rows[place] for place in shown]), count if options.count else None, token)


def _is_below(writer: TableWriter, submission: ExportedSubmission, place: int, address: Address) -> bool:
    return address.above is None or address.above in writer.way(submission, place)
