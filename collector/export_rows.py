"""What the formats are given of a plan: sheets, rows a chunk at a time, files."""

from collections.abc import Iterator

from collector import stored_files, stored_submissions
from collector.answers import Tables
from collector.archive import safe_file_name
from collector.export import CHUNK, Plan
from collector.export_format import Chunk, Export, Media
from collector.export_request import FILES
from collector.exports import formats
from collector.flat_sheets import flat_sheet
from collector.sheets import BOTH, LABELS, Look, Prepared, prepared, sheets_of
from config.services import Services
from forms.xform import FormDefinition


def look_of(opened: Services, plan: Plan) -> Look:
    """How the columns are named and cells written; reads the answers of questions with several choices when they are split."""
    request = plan.request
    labelled = request.headers in (LABELS, BOTH) or request.choices in (LABELS, BOTH) or formats()[request.format].typed
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
    multiples = [each for each in plan.definition.fields if each.multiple and each.column_no is not None]
    found: dict[str, set[str]] = {each.path: set() for each in multiples}
    if multiples:
        for chunk in read_chunks(opened, plan):
            for each in chunk:
                _note_values(found, plan.definition, each.tables)
    return {path: tuple(sorted(values)) for path, values in found.items()}


def _note_values(found: dict[str, set[str]], definition: FormDefinition, tables: Tables | None) -> None:
    if tables is None:
        return
    for each in definition.fields:
        if each.path in found:
            place = (each.column_no or 0) + (2 if each.table_no else 0)
            for row in tables.get(each.table_no, ()):
                if row[place]:
                    found[each.path].update(row[place].split())


def read_chunks(opened: Services, plan: Plan) -> Iterator[list[Prepared]]:
    """The submissions of the plan in the columns of the export; those that are gone meanwhile are counted."""
    plan.gone = 0
    for start in range(0, len(plan.wanted), CHUNK):
        wanted = plan.wanted[start : start + CHUNK]
        with opened.database.reading() as session:
            page = stored_submissions.read(session, plan.selection, wanted)
        plan.gone += len(wanted) - len(page)
        yield [prepared(each, plan.definition) for each in page]


def export_of(opened: Services, plan: Plan, chunks: Iterator[Chunk] | None = None) -> Export:
    """What the format is given."""
    request = plan.request
    plan.look = look_of(opened, plan)
    sheets = sheets_of(plan.definition, plan.look)
    if request.repeats != FILES:
        sheets = [flat_sheet(plan.definition, plan.look, request, lambda: read_chunks(opened, plan))]
    elif request.format == "csv":
        sheets = sheets[:1]
    return Export(
        plan.form.xml_form_id,
        plan.definition.title,
        plan.definition,
        sheets,
        chunks or iter(read_chunks(opened, plan)),
        plan.planned_at,
        language=request.language,
        dialect=request.dialect,
        media=lambda: _media(opened, plan) if request.attachments else iter(()),
        audits=lambda: _audits(opened, plan) if request.attachments else iter(()),
        due=lambda: len(plan.wanted) - plan.gone,
    )


def _media(opened: Services, plan: Plan) -> Iterator[Media]:
    taken = _taken(plan)
    for file in stored_files.media(opened.database.reading, plan.selection):
        if taken is not None and file.submission_id not in taken:
            continue
        folder = _folder(file.instance_id, file.submission_id) if plan.request.media_folders else ""
        yield Media(media_path(file.name, folder), stored_files.pieces(opened.storage, file))


def _audits(opened: Services, plan: Plan) -> Iterator[tuple[str, bytes]]:
    taken = _taken(plan)
    for file in stored_files.audits(opened.database.reading, plan.selection):
        if taken is None or file.submission_id in taken:
            yield file.instance_id, b"".join(stored_files.pieces(opened.storage, file))


def _taken(plan: Plan) -> set[int] | None:
    """The submissions in the export, where only their answers tell."""
    return None if plan.condition.holds is None else set(plan.wanted)


def media_path(name: str, folder: str = "") -> str:
    """Where a file lies in an archive: flat as in ODK Central, or in the folder of its submission; never outside."""
    safe = safe_file_name(name) or "file"
    return f"media/{folder}/{safe}" if folder else f"media/{safe}"


def _folder(instance_id: str, submission_id: int) -> str:
    """The folder of a submission's files: its instanceID, made unique where a file system would change it."""
    plain = instance_id.removeprefix("uuid:")
    safe = safe_file_name(plain)
    return safe if safe == plain and safe else f"{safe or 'submission'}~{submission_id}"
