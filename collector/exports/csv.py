"""ODK Central's CSV files of a form's submissions: its columns, names, keys and bytes.

Facts from getodk/central-backend: lib/data/briefcase.js (columns, keys, names of files), lib/data/client-audits.js,
lib/data/attachments.js, lib/model/query/submissions.js (what the metadata columns count), all with default options:
groupPaths, no split select multiples, no deleted fields. Cells are quoted as csv-stringify 6 does, only when they hold
a comma, a quote or a line feed; lines end in a line feed; no BOM. One difference: a carriage return is quoted too,
since most readers take a bare one for the end of the line (barcodes bring them).
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from collector.answers import Tables
from collector.archive import Archive, safe_file_name
from collector.exported import ExportedSubmission, RootRow
from collector.projection import project
from config.clock import wire
from forms.xform import FormDefinition

_ROOT_END = (
    "KEY",
    "SubmitterID",
    "SubmitterName",
    "AttachmentsPresent",
    "AttachmentsExpected",
    "Status",
    "ReviewState",
    "DeviceID",
    "Edits",
    "FormVersion",
)
_GEOPOINT = ("Latitude", "Longitude", "Altitude", "Accuracy")
_AUDIT = (
    "event",
    "node",
    "start",
    "end",
    "latitude",
    "longitude",
    "accuracy",
    "old-value",
    "new-value",
    "user",
    "change-reason",
)
_SPECIAL = re.compile(r'[",\n\r]')
# What JavaScript calls white space; Python's \s knows a few more and lacks U+FEFF.
_SPACES = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
_BUFFER = 1 << 16

# The longest cell of an audit.csv is the longest answer; Python's default limit is 128 KB for the whole process.
csv.field_size_limit(2**31 - 1)


def header(definition: FormDefinition, table: int = 0) -> bytes:
    """The first line of a table's file."""
    names = _layout(definition, table).names
    return _line(["SubmissionDate", *names, *_ROOT_END] if table == 0 else [*names, "PARENT_KEY", "KEY"])


def root_line(definition: FormDefinition, row: RootRow, values: Sequence[str | None] | None) -> bytes:
    """The line of one submission; `values` is its row of table 0 in `definition`'s columns, None when encrypted."""
    layout = _layout(definition, 0)
    answers = [""] * len(layout.names) if values is None else _cells(layout, values)
    cells = [
        wire(row.created_at),
        *answers,
        row.instance_id,
        "" if row.submitter_id is None else str(row.submitter_id),
        row.submitter_name or "",
        str(row.attachments_present),
        str(row.attachments_expected),
        row.status or "",
        row.review_state or "",
        row.device_id or "",
        str(row.edits),
        row.form_version,
    ]
    return _line(cells)


def repeat_lines(definition: FormDefinition, table: int, instance_id: str, tables: Tables) -> bytes:
    """The lines of one submission in a repeat's file, in the order of its XML; b"" when it has none.

    `tables` are all of the submission, in `definition`'s columns: KEY is the parent's key, the path from there and the
    number of the copy, `uuid:…/house/member[2]/child[1]`.
    """
    rows = tables.get(table, ())
    if not rows:
        return b""
    layout = _layout(definition, table)
    parents, keys = _keys(definition, table, instance_id, tables)
    return b"".join(
        _line([*_cells(layout, row[2:]), parent, key]) for row, parent, key in zip(rows, parents, keys, strict=True)
    )


def file_name(definition: FormDefinition, table: int = 0) -> str:
    """The name of a table's file: `form.csv`, `form-repeat.csv`; repeats of equal name `form-repeat~1.csv`."""
    if table == 0:
        return f"{safe_file_name(definition.xml_form_id)}.csv"
    name = definition.tables[table].name
    same = [each.number for each in definition.tables[1:] if each.name == name]
    count = f"~{same.index(table) + 1}" if len(same) > 1 else ""
    return safe_file_name(f"{definition.xml_form_id}-{name}{count}.csv")


def root_csv(definition: FormDefinition, submissions: Iterable[ExportedSubmission]) -> Iterator[bytes]:
    """`.csv`, piece by piece: the root table alone."""
    yield header(definition)
    for submission in submissions:
        yield _root_line_of(definition, submission)


def write_zip(
    out: IO[bytes],
    definition: FormDefinition,
    submissions: Iterable[ExportedSubmission],
    media: Iterable[tuple[str, Path | Iterable[bytes]]] = (),
    audits: Iterable[tuple[str, bytes]] = (),
    *,
    written_at: datetime,
) -> None:
    """Write `.csv.zip` to `out`: every table of `definition`, then the files, then the audit logs; in constant memory.

    Each iterable is read once, in its order: submissions newest first (created_at, then id, both descending), media as
    (name, file or pieces) and without audit logs and encrypted submissions, audits as (instanceID, audit.csv) oldest
    first. Media lie flat in `media/`; equal names become two entries at the same place, as in ODK Central.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(out, written_at))
        spools = {table.number: stack.enter_context(tempfile.TemporaryFile()) for table in definition.tables[1:]}
        for number, spool in spools.items():
            spool.write(header(definition, number))
        with io.BufferedWriter(archive.open(file_name(definition)), _BUFFER) as root:
            root.write(header(definition))
            for each in submissions:
                root.write(_root_line_of(definition, each))
                if spools and each.tables is not None:
                    tables = project(each.tables, each.definition, definition)
                    for number, spool in spools.items():
                        spool.write(repeat_lines(definition, number, each.row.instance_id, tables))
        for number, spool in spools.items():
            size = spool.tell()
            spool.seek(0)
            archive.copy(file_name(definition, number), spool, size)
        for name, content in media:
            archive.add(f"media/{safe_file_name(name) or 'file'}", content)
        _write_audits(archive, safe_file_name(f"{definition.xml_form_id} - audit.csv"), audits)


def audit_lines(instance_id: str, content: bytes) -> bytes:
    """The events of one audit.csv in the columns of the combined file; columns Collect does not know are left out."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    names = [name.strip() for name in next(rows, [])]
    lines = []
    for row in rows:
        if row:
            event = dict(zip(names, row, strict=False))
            lines.append(_line([instance_id, *(event.get(name, "").strip() for name in _AUDIT)]))
    return b"".join(lines)


def _root_line_of(definition: FormDefinition, submission: ExportedSubmission) -> bytes:
    if submission.tables is None:
        return root_line(definition, submission.row, None)
    return root_line(definition, submission.row, project(submission.tables, submission.definition, definition)[0][0])


def _write_audits(archive: Archive, name: str, audits: Iterable[tuple[str, bytes]]) -> None:
    """The combined audit log; no file at all when there is none."""
    entry: IO[bytes] | None = None
    try:
        for instance_id, content in audits:
            if entry is None:
                entry = archive.open(name)
                entry.write(_line(["instance ID", *_AUDIT]))
            entry.write(audit_lines(instance_id, content))
    finally:
        if entry is not None:
            entry.close()


@dataclass(frozen=True, slots=True)
class _Layout:
    """The answer columns of a table: their names, and which values become four cells, last one first."""

    names: tuple[str, ...]
    geopoints: tuple[int, ...]


_MOST_LAYOUTS = 1000
_layouts: dict[tuple[bytes, int], _Layout] = {}


def _layout(definition: FormDefinition, table: int) -> _Layout:
    key = (definition.schema_sha256, table)
    layout = _layouts.get(key)
    if layout is None:
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        layout = _layouts[key] = _lay_out(definition, table)
    return layout


def _lay_out(definition: FormDefinition, table: int) -> _Layout:
    names: list[str] = []
    geopoints: list[int] = []
    above = len(definition.tables[table].path) + 1
    for field in definition.fields:
        if field.table_no != table or field.column_no is None:
            continue
        name = field.path[above:].replace("/", "-")
        if field.type == "geopoint":
            names.extend(f"{name}-{part}" for part in _GEOPOINT)
            geopoints.insert(0, field.column_no)
        else:
            names.append(name)
    return _Layout(tuple(names), tuple(geopoints))


def _cells(layout: _Layout, values: Sequence[str | None]) -> list[str]:
    cells = [value or "" for value in values]
    # From the last to the first, so that the positions of the others stay.
    for column in layout.geopoints:
        cells[column : column + 1] = [*_SPACES.split(cells[column]), "", "", ""][:4]
    return cells


def _keys(definition: FormDefinition, number: int, instance_id: str, tables: Tables) -> tuple[list[str], list[str]]:
    """PARENT_KEY and KEY of every row of a repeat."""
    table = definition.tables[number]
    around = _keys(definition, table.parent, instance_id, tables)[1] if table.parent else [instance_id]
    step = table.path[len(definition.tables[table.parent or 0].path) :]
    parents = [around[row[0]] for row in tables[number]]
    keys = [f"{parent}{step}[{row[1]}]" for parent, row in zip(parents, tables[number], strict=True)]
    return parents, keys


def _line(cells: list[str]) -> bytes:
    line = ",".join(cells)
    # Most lines need no quotes at all: three looks at the whole line are cheaper than one at every cell.
    if line.count(",") != len(cells) - 1 or '"' in line or "\n" in line or "\r" in line:
        line = ",".join([_quoted(cell) if _SPECIAL.search(cell) else cell for cell in cells])
    return f"{line}\n".encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
