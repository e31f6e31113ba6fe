"""CSV: ODK Central's files, byte for byte, and the same for spreadsheets that want another separator.

Facts from getodk/central-backend: lib/data/briefcase.js (names of files), lib/data/client-audits.js, lib/data/attachments.js.
Cells are quoted as csv-stringify 6 does, only when they hold a comma, a quote or a line feed; lines end in a line feed; no
BOM. One difference: a carriage return is quoted too, since most readers take a bare one for the end of the line (barcodes
bring them).
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import IO

from collector.archive import Archive, PackedFile, safe_file_name
from collector.deflating import Block, Deflater
from collector.export_format import Dialect, Export, Format, Hashed, Ledger, Segment
from collector.sheets import Prepared, Sheet
from forms.xform import FormDefinition

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
BOM = b"\xef\xbb\xbf"
CENTRAL = Dialect()
# Pieces of about this size leave for the client.
PIECE = 1 << 16
# What a spreadsheet may take for a formula, also behind the mark that `guarded` puts before it; numbers are none.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\Z")

# The longest cell of an audit.csv is the longest answer; Python's default limit is 128 KB for the whole process.
csv.field_size_limit(2**31 - 1)


def header(sheet: Sheet, dialect: Dialect = CENTRAL) -> bytes:
    """The first line of a table's file."""
    return (BOM if dialect.bom else b"") + line([column.name for column in sheet.columns], dialect)


def line(cells: Sequence[str], dialect: Dialect = CENTRAL) -> bytes:
    """One line."""
    if dialect.guard:
        cells = [guarded(cell) for cell in cells]
    separator = dialect.separator
    made = separator.join(cells)
    # Most lines need no quotes at all, or few: looks at the whole line are cheaper than looks at every cell.
    if '"' in made or "\n" in made or "\r" in made:
        made = separator.join([quoted(cell) if is_special(cell, separator) else cell for cell in cells])
    elif made.count(separator) != len(cells) - 1:
        made = separator.join([f'"{cell}"' if separator in cell else cell for cell in cells])
    return f"{made}\n".encode()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one apostrophe more where there might be one."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def is_special(cell: str, separator: str) -> bool:
    """Whether a cell needs quotes."""
    return separator in cell or '"' in cell or "\n" in cell or "\r" in cell


def quoted(cell: str) -> str:
    """A cell in quotes."""
    return '"' + cell.replace('"', '""') + '"'


def lines_of(sheet: Sheet, each: Prepared, dialect: Dialect = CENTRAL) -> tuple[bytes, int]:
    """The lines of a submission in a table's file, and their number."""
    rows = sheet.rows(each)
    return b"".join([line(row, dialect) for row in rows]), len(rows)


def file_name(definition: FormDefinition, table: int = 0) -> str:
    """The name of a table's file: `form.csv`, `form-repeat.csv`; repeats of equal name `form-repeat~1.csv`."""
    if table == 0:
        return f"{safe_file_name(definition.xml_form_id)}.csv"
    name = definition.tables[table].name
    same = [each.number for each in definition.tables[1:] if each.name == name]
    count = f"~{same.index(table) + 1}" if len(same) > 1 else ""
    return safe_file_name(f"{definition.xml_form_id}-{name}{count}.csv")


def root_csv(export: Export) -> Iterator[bytes | Block]:
    """`.csv`: the first table alone, in pieces and blocks."""
    yield from _first_sheet(export, [])


def write_csv(export: Export) -> Iterator[bytes]:
    """`.csv`, in bytes."""
    hashed = Hashed()
    for piece in root_csv(export):
        made = piece.unpacked() if isinstance(piece, Block) else piece
        hashed.add(made)
        yield made
    export.verify()
    name = f"{safe_file_name(export.xml_form_id)}.csv"
    export.ledger.files.append(hashed.facts(name, export.ledger.written.get(0, 0)))


def write_zip(export: Export) -> Iterator[bytes]:
    """`.csv.zip`: every table, then the files, then the audit logs, then the passport if it has one; in constant memory.

    Submissions come newest first. Media lie where the export says; equal names become two entries at the same place, as in
    ODK Central.
    """
    with closing(Archive(export.written_at)) as archive, ExitStack() as stack:
        spools = [_Spool(stack.enter_context(tempfile.TemporaryFile())) for _ in export.sheets[1:]]
        for spool, sheet in zip(spools, export.sheets[1:], strict=True):
            spool.add(header(sheet, export.dialect))
        hashed, name = Hashed(), file_name(export.definition)
        yield from archive.file(name, hashed.through(_first_sheet(export, spools)), large=True)
        ledger = export.ledger
        export.verify()
        ledger.files.append(hashed.facts(name, ledger.written.get(0, 0)))
        for number, spool in enumerate(spools, 1):
            name = file_name(export.definition, export.sheets[number].table.number)
            yield from archive.packed_file(name, spool.packed())
            ledger.files.append(spool.hashed.facts(name, ledger.written.get(number, 0)))
        for each in export.media():
            ledger.media += 1
            yield from archive.file(each.path, each.pieces)
        yield from _audits(archive, safe_file_name(f"{export.xml_form_id} - audit.csv"), export.audits(), ledger)
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


class _Spool:
    """The file of a repeat while the root table's is on its way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._deflater = Deflater()
        self.hashed = Hashed()

    def add(self, lines: Block | bytes) -> None:
        if isinstance(lines, Block):
            self.hashed.add(lines.unpacked())
            self._file.write(self._deflater.add_block(lines))
        else:
            self.hashed.add(lines)
            self._file.write(self._deflater.add(lines))

    def packed(self) -> PackedFile:
        self._file.write(self._deflater.end())
        return PackedFile(self._file, self._deflater.crc, self._deflater.packed, self._deflater.size)


def _first_sheet(export: Export, spools: Sequence[_Spool]) -> Iterator[bytes | Block]:
    """The first sheet's file; the others' lines go into their spools on the way."""
    ledger, dialect, first = export.ledger, export.dialect, export.sheets[0]
    others = list(zip(range(1, len(spools) + 1), export.sheets[1:], spools, strict=False))
    yield header(first, dialect)
    for chunk in export.chunks:
        if isinstance(chunk, Segment):
            ledger.submissions += chunk.submissions
            for number in range(len(spools) + 1):
                ledger.due[number] = ledger.due.get(number, 0) + chunk.rows[number]
                ledger.wrote(number, chunk.rows[number])
            yield chunk.blocks[0]
            for number, _, spool in others:
                if chunk.rows[number]:
                    spool.add(chunk.blocks[number])
            continue
        lines = []
        for each in chunk:
            ledger.expect(export.sheets[: len(spools) + 1], each)
            made, rows = lines_of(first, each, dialect)
            ledger.wrote(0, rows)
            lines.append(made)
            for number, sheet, spool in others:
                made, rows = lines_of(sheet, each, dialect)
                if rows:
                    ledger.wrote(number, rows)
                    spool.add(made)
        yield b"".join(lines)


def audit_lines(instance_id: str, content: bytes) -> bytes:
    """The events of one audit.csv in the columns of the combined file; columns Collect does not know are left out."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    names = [name.strip() for name in next(rows, [])]
    lines = []
    for row in rows:
        if row:
            event = dict(zip(names, row, strict=False))
            lines.append(line([instance_id, *(event.get(name, "").strip() for name in _AUDIT)]))
    return b"".join(lines)


def _audits(archive: Archive, name: str, audits: Iterator[tuple[str, bytes]], ledger: Ledger) -> Iterator[bytes]:
    """The combined audit log; no file at all when there is none."""
    first = next(audits, None)
    if first is None:
        return
    hashed = Hashed()
    yield from archive.file(name, hashed.through(_audit_file([first], audits)))
    ledger.files.append(hashed.facts(name))


def _audit_file(first: Iterable[tuple[str, bytes]], others: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    yield line(["instance ID", *_AUDIT])
    for audits in (first, others):
        for instance_id, content in audits:
            yield audit_lines(instance_id, content)


FORMATS = (
    Format(
        "csv.zip",
        ".csv.zip",
        "application/zip",
        ("CSV, toutes les tables et les fichiers (ZIP)", "CSV, every table and the files (ZIP)"),
        ("Un fichier par table ; photos et journaux joints.", "One file per table; photos and audit logs beside them."),
        write_zip,
        archive=True,
        blocks=True,
    ),
    Format(
        "csv",
        ".csv",
        "text/csv; charset=utf-8",
        ("CSV, une table", "CSV, one table"),
        ("La table principale seule, ou tout à plat.", "The main table alone, or everything in one flat table."),
        write_csv,
        blocks=True,
    ),
)
