"""Submissions on their way into an export: what they say now, opened if they were encrypted and somebody has the key."""

from array import array
from collections.abc import Iterable, Iterator, Mapping

from collector.export import CHUNK, Plan
from collector.exported import ExportedSubmission
from collector.sheets import Prepared, prepared
from collector.submission_page import read_page
from collector.unlocking import Keys, Lock, Opener, locked_answers
from config.services import Services


def settle(opened: Services, plan: Plan) -> None:
    """Decide now which submissions are exported, unless that is decided."""
    if not plan.settled:
        with opened.database.reading() as session:
            plan.settle(session)


def read_chunks(opened: Services, plan: Plan) -> Iterator[list[Prepared]]:
    """The submissions of the plan in the columns of the export; those that are gone meanwhile are counted."""
    settle(opened, plan)
    plan.begin()
    for start in range(0, len(plan.wanted), CHUNK):
        yield list(read(opened, plan, plan.wanted[start : start + CHUNK]))


def read(opened: Services, plan: Plan, wanted: "array[int]", keys: Keys | None = None) -> Iterator[Prepared]:
    """Those of these submissions that the filter lets through, decoded as they are used."""
    keys = plan.keys if keys is None else keys
    locked: Mapping[int, tuple[bytes, Lock]] = {}
    with opened.database.reading() as session:
        page = read_page(session, plan.selection, wanted)
        if keys.asked:
            locked = locked_answers(session, plan.form.project_id, page, keys)
    plan.gone += len(wanted) - len(page)
    found: Iterable[ExportedSubmission] = page
    if locked:
        opener, mask = opener_of(opened, keys), plan.selection.mask
        found = (
            opener.submission(each, *locked[each.row.id], mask) if each.row.id in locked else each for each in page
        )
    return (prepared(each, plan.definition) for each in plan.lets_through(found))


def opener_of(opened: Services, keys: Keys) -> Opener:
    """What opens files with these keys."""
    return Opener(opened.storage, keys, opened.settings.max_xml_bytes)
