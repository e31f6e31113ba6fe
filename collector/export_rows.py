"""What the formats are given of a plan: sheets, rows a chunk at a time, files."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace

from collector import stored_files
from collector.archive import safe_file_name
from collector.codebook import codebook_of
from collector.export import Plan
from collector.export_format import Chunk, Dialect, Export, Media, Segment
from collector.export_lines import Rendering
from collector.export_reading import opener_of, read_chunks, settle
from collector.export_request import FILES
from collector.exports import formats
from collector.flat_sheets import flat_sheet
from collector.sheets import BOTH, CENTRAL, LABELS, Look, Sheet, sheets_of
from collector.signatures import Check
from collector.stored_files import FileOfSubmission
from collector.unlocking import Opener
from config.services import Services

# So many submissions are looked through for the first rows of a filter's.
LOOKED_THROUGH = 2_000


def look_of(opened: Services, plan: Plan) -> Look:
    """How the columns are named and cells written; reads the answers of questions with several choices when they are split."""
    request = plan.request
    labelled = request.headers in (LABELS, BOTH) or request.choices in (LABELS, BOTH) or formats()[request.format].typed
    # What was calculated has a comma too, and is told by nobody being asked for it.
    labelled = labelled or request.decimal_comma
    splits = values_in_use(opened, plan) if request.split_multiples else {}
    return Look(
        request.group_paths,
        splits,
        request.headers,
        request.choices,
        plan.words if labelled else None,
        request.decimal_comma,
    )


def values_in_use(opened: Services, plan: Plan) -> dict[str, tuple[str, ...]]:
    """Every value chosen in questions with several answers, by path, in the order of their letters."""
    found: dict[str, set[str]] = {each.path: set() for each in plan.definition.fields if each.multiple}
    if not found:
        return {}
    settle(opened, plan)
    # The lines with ODK Central's options are most likely to be there, and remember what is chosen in them.
    for values in Rendering(opened, plan, CENTRAL, sheets_of(plan.definition), Dialect()).chosen():
        for path, each in values.items():
            found[path].update(each)
    return {path: tuple(sorted(values)) for path, values in found.items()}


def rendering_of(opened: Services, plan: Plan, sheets: Sequence[Sheet]) -> Rendering:
    """The lines of an export, and what is kept of them."""
    # All sheets are kept together, also for an export of the first alone.
    every = sheets_of(plan.definition, plan.look) if plan.request.repeats == FILES else list(sheets)
    return Rendering(opened, plan, plan.look, every, plan.request.dialect)


def chunks_with_rendered(opened: Services, plan: Plan, sheets: Sequence[Sheet]) -> Iterator[Chunk]:
    """As `read_chunks`, with what was rendered beforehand; what had to be read is rendered and kept for the next time."""
    settle(opened, plan)
    plan.begin()
    yield from rendering_of(opened, plan, sheets).segments(len(sheets))


def export_of(opened: Services, plan: Plan) -> Export:
    """What the format is given."""
    request = plan.request
    # What was encrypted is never kept opened.
    plan.look, blocks = look_of(opened, plan), formats()[request.format].blocks and not plan.keys.asked
    sheets = _sheets(opened, plan)
    if request.format == "csv":
        sheets = sheets[:1]
    return Export(
        plan.form.xml_form_id,
        plan.definition.title,
        plan.definition,
        sheets,
        _noted(plan, chunks_with_rendered(opened, plan, sheets) if blocks else read_chunks(opened, plan)),
        plan.planned_at,
        language=request.language,
        dialect=request.dialect,
        media=lambda: _media(opened, plan) if request.attachments else iter(()),
        audits=lambda: _audits(opened, plan) if request.attachments else iter(()),
        codebook=codebook_of(plan.definition, sheets, plan.words, plan.definitions) if plan.definitions else [],
        due=lambda: plan.due,
    )


def _sheets(opened: Services, plan: Plan) -> list[Sheet]:
    if plan.request.repeats == FILES:
        return sheets_of(plan.definition, plan.look)
    return [flat_sheet(plan.definition, plan.look, plan.request, lambda: read_chunks(opened, plan))]


def first_rows(opened: Services, plan: Plan, most: int) -> tuple[list[str], list[list[str]]]:
    """(names of columns, rows) of the first table, made of the newest submissions alone; for a filter that asks about answers
    a few thousand are looked through."""
    few = replace(plan, wanted=_newest(opened, plan, most))
    few.look = look_of(opened, few)
    sheet = _sheets(opened, few)[0]
    rows = [list(row) for chunk in read_chunks(opened, few) for each in chunk for row in sheet.rows(each)]
    return [column.name for column in sheet.columns], rows[:most]


def _newest(opened: Services, plan: Plan, most: int) -> "array[int]":
    if plan.condition.holds is None:
        return plan.wanted[:most]
    looking, found = replace(plan, wanted=plan.wanted[:LOOKED_THROUGH]), array("q")
    for chunk in read_chunks(opened, looking):
        found.extend(each.row.id for each in chunk)
        if len(found) >= most:
            break
    return found[:most]


def _noted(plan: Plan, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks; how far the export is is told with each."""
    done = 0
    for chunk in chunks:
        yield chunk
        done += chunk.submissions if isinstance(chunk, Segment) else len(chunk)
        plan.progress(done + plan.refused + plan.gone)


def _media(opened: Services, plan: Plan) -> Iterator[Media]:
    taken, opener = _taken(plan), opener_of(opened, plan.keys)
    check = Check(opener, plan.signatures)
    for file in stored_files.media(opened.database.reading, plan.selection, plan.keys):
        if taken is not None and file.submission_id not in taken:
            continue
        check.turn_to(file)
        if file.apart:
            check.read(file)
            continue
        folder = _folder(file.instance_id, file.submission_id) if plan.request.media_folders else ""
        name, pieces = _opened_file(opened, opener, file)
        if file.lock is not None and name != file.name:
            pieces = check.followed(file.lock, pieces)
        yield Media(media_path(name, folder), pieces)
    check.turn_to(None)


def _audits(opened: Services, plan: Plan) -> Iterator[tuple[str, bytes]]:
    taken, opener = _taken(plan), opener_of(opened, plan.keys)
    for file in stored_files.audits(opened.database.reading, plan.selection, plan.keys):
        if taken is None or file.submission_id in taken:
            name, pieces = _opened_file(opened, opener, file)
            if file.lock is None or name != file.name:
                yield file.instance_id, b"".join(pieces)


def _opened_file(opened: Services, opener: Opener, file: FileOfSubmission) -> tuple[str, Iterator[bytes]]:
    if file.lock is None:
        return file.name, stored_files.pieces(opened.storage, file)
    return opener.file(file.sha256, file.lock, file.name)


def _taken(plan: Plan) -> frozenset[int] | None:
    """The submissions in the export, where only their answers tell."""
    return None if plan.condition.holds is None else frozenset(plan.taken)


def media_path(name: str, folder: str = "") -> str:
    """Where a file lies in an archive: flat as in ODK Central, or in the folder of its submission; never outside."""
    safe = safe_file_name(name) or "file"
    return f"media/{folder}/{safe}" if folder else f"media/{safe}"


def _folder(instance_id: str, submission_id: int) -> str:
    """The folder of a submission's files: its instanceID, made unique where a file system would change it."""
    plain = instance_id.removeprefix("uuid:")
    safe = safe_file_name(plain)
    return safe if safe == plain and safe else f"{safe or 'submission'}~{submission_id}"
