"""Submissions on their way into an export: what they say now, opened if they were encrypted and somebody has the key."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, pairwise

from collector.export import CHUNK, Plan
from collector.exported import ExportedSubmission
from collector.kept_lines import Stretch
from collector.sheets import Prepared, prepared
from collector.submission_page import read_page, sizes_of
from collector.unlocking import Keys, Lock, Opener, locked_answers
from config.services import Services

# Answers read together: they are in memory, as they are stored and decoded.
MOST_BYTES = 4 << 20


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
        for part in light_parts(opened, plan, plan.wanted[start : start + CHUNK]):
            yield list(read_together(opened, plan, part))


def read(opened: Services, plan: Plan, wanted: "array[int]", keys: Keys | None = None) -> Iterator[Prepared]:
    """Those of these submissions that the filter lets through, read and decoded as they are used."""
    for part in light_parts(opened, plan, wanted):
        yield from read_together(opened, plan, part, keys)


def light_parts(opened: Services, plan: Plan, wanted: "array[int]") -> "list[array[int]]":
    """These submissions in parts, one after the other, whose answers are no longer together than MOST_BYTES: phones send a megabyte
    in one answer, and what is read together is in memory together."""
    with opened.database.reading() as session:
        sizes = sizes_of(session, plan.form.project_id, wanted)
    if sum(sizes.values()) <= MOST_BYTES:
        return [wanted] if wanted else []
    parts, size = [array("q")], 0
    for each in wanted:
        own = sizes.get(each, 0)
        if parts[-1] and size + own > MOST_BYTES:
            parts.append(array("q"))
            size = 0
        parts[-1].append(each)
        size += own
    return parts


def light_stretches(opened: Services, plan: Plan, stretch: Stretch) -> list[Stretch]:
    """The stretch, or parts of it that are light enough to be read together."""
    parts = light_parts(opened, plan, plan.wanted[stretch.start : stretch.end])
    if len(parts) <= 1:
        return [stretch]
    ends = [stretch.start, *(stretch.start + count for count in accumulate(map(len, parts)))]
    return [Stretch(start, end, whole=False) for start, end in pairwise(ends)]


def read_together(opened: Services, plan: Plan, wanted: "array[int]", keys: Keys | None = None) -> Iterator[Prepared]:
    """As `read`, all of them read at once."""
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
