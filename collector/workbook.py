"""Writing a workbook (Office Open XML, ECMA-376) row by row, in constant memory. Pure but for nameless temporary files.

Rows are put together as text and deflated on their way: a library that takes one cell at a time costs five times as much.
Nothing is shared between cells: every text stands in its own.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from collector.archive import Archive, PackedFile
from collector.deflating import Deflater

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
LONGEST = 32_767
PLAIN, BOLD, LABEL, DAY, MOMENT = range(5)
# Days are counted from here; those of 1900 are left out, of which Excel believes that it was a leap year.
_FIRST_DAY = date(1899, 12, 30).toordinal()
_PIECE = 1 << 16

_BAD_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
# What must be written otherwise: marks of XML, what XML cannot hold, and what Excel would take for such a thing written otherwise.
_MARKS = re.compile("[&<>]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LIKE_CONTROL = re.compile("_(?=x[0-9a-fA-F]{4}_)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATIONSHIPS = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'
_RELATIONSHIP = f'<Relationship Id="rId{{}}" Type="{_OFFICE}/{{}}" Target="{{}}"/>'
_VIEW = "<bookViews><workbookView/></bookViews>"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_TYPE = f'<Override PartName="/xl/{{}}.xml" ContentType="{_KIND}.{{}}+xml"/>'
_FONT = '<font>{}<sz val="11"/><name val="Calibri"/><family val="2"/></font>'
# In the order of PLAIN, BOLD, LABEL, DAY, MOMENT.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    f'<fonts count="3">{_FONT.format("")}{_FONT.format("<b/>")}{_FONT.format("<i/>")}</fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
    '<alignment vertical="top" wrapText="1"/></xf>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def letters(place: int) -> str:
    """What a column is called: A for 0, AA for 26."""
    found, left = "", place + 1
    while left:
        left, at = divmod(left - 1, 26)
        found = chr(65 + at) + found
    return found


def serial(moment: date) -> str:
    """A day or moment as the number that Excel shows as one."""
    days = moment.toordinal() - _FIRST_DAY
    if not isinstance(moment, datetime):
        return str(days)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return f"{days + seconds / 86400:.16g}"


def escaped(text: str) -> str:
    """Text as it stands in a cell."""
    text = _LIKE_CONTROL.sub("_x005F_", text)
    text = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return _MARKS.sub(lambda found: _ENTITIES[found[0]], text)


def text_cell(reference: str, text: str, style: int = PLAIN) -> str:
    """A cell that holds text."""
    space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
    styled = f' s="{style}"' if style else ""
    return f'<c r="{reference}"{styled} t="inlineStr"><is><t{space}>{escaped(text)}</t></is></c>'


class Page:
    """A sheet being written, one row after the other. Close it."""

    def __init__(self, name: str, *, frozen: int, first: bool) -> None:
        self.name = name
        self.row = 1
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._deflater = Deflater()
        self._held: list[str] = []
        pane = (
            f'<pane ySplit="{frozen}" topLeftCell="A{frozen + 1}" activePane="bottomLeft" state="frozen"/>'
            if frozen
            else ""
        )
        selected = ' tabSelected="1"' if first else ""
        views = f'<sheetViews><sheetView{selected} workbookViewId="0">{pane}</sheetView></sheetViews>'
        self._held.append(f'{_HEAD}<worksheet xmlns="{_MAIN}">{views}<sheetFormatPr defaultRowHeight="15"/><sheetData>')

    def add(self, cells: str) -> None:
        """The next row, made of cells that name `row`."""
        self._held.append(f'<row r="{self.row}">{cells}</row>')
        self.row += 1
        if len(self._held) >= 100:
            self._flush()

    def add_values(self, values: Iterable[str | int], style: int = PLAIN) -> None:
        """The next row: numbers, and texts of which blank ones are left out."""
        cells = []
        for place, value in enumerate(values):
            reference = f"{letters(place)}{self.row}"
            if isinstance(value, int):
                cells.append(f'<c r="{reference}"><v>{value}</v></c>')
            elif value:
                cells.append(text_cell(reference, value[:LONGEST], style))
        self.add("".join(cells))

    def packed(self) -> PackedFile:
        """The whole sheet, to which nothing is added any more."""
        self._held.append("</sheetData></worksheet>")
        self._flush()
        self._file.write(self._deflater.end())
        return PackedFile(self._file, self._deflater.crc, self._deflater.packed, self._deflater.size)

    def close(self) -> None:
        """Give its file back."""
        self._file.close()

    def _flush(self) -> None:
        self._file.write(self._deflater.add("".join(self._held).encode()))
        self._held.clear()


class Workbook:
    """A workbook being written: its sheets, then `pieces`. Close it."""

    def __init__(self, written_at: datetime) -> None:
        self._written_at = written_at
        self._pages: list[Page] = []

    def page(self, name: str, *, frozen: int = 0) -> Page:
        """A new sheet, of which the first rows stay in sight; no two names are the same for Excel."""
        plain = (_BAD_IN_NAMES.sub("_", name).strip("' ") or "data")[:31]
        taken = {each.name.casefold() for each in self._pages} | {"history"}
        unique, number = plain, 2
        while unique.casefold() in taken:
            unique = f"{plain[: 31 - len(str(number)) - 1]}~{number}"
            number += 1
        self._pages.append(Page(unique, frozen=frozen, first=not self._pages))
        return self._pages[-1]

    def pieces(self) -> Iterator[bytes]:
        """The file."""
        archive = Archive(self._written_at)
        try:
            for name, content in self._parts():
                yield from archive.file(name, [content.encode()])
            for number, page in enumerate(self._pages, 1):
                yield from archive.packed_file(f"xl/worksheets/sheet{number}.xml", page.packed())
            yield from archive.end()
        finally:
            archive.close()

    def close(self) -> None:
        """Give the files of its sheets back."""
        for each in self._pages:
            each.close()

    def _parts(self) -> Sequence[tuple[str, str]]:
        count = len(self._pages)
        sheets = "".join(
            f'<sheet name={quoteattr(_CONTROL.sub("_", page.name))} sheetId="{number}" r:id="rId{number}"/>'
            for number, page in enumerate(self._pages, 1)
        )
        related = [
            _RELATIONSHIP.format(number + 1, "worksheet", f"worksheets/sheet{number + 1}.xml")
            for number in range(count)
        ]
        related.append(_RELATIONSHIP.format(count + 1, "styles", "styles.xml"))
        types = [_TYPE.format("workbook", "sheet.main"), _TYPE.format("styles", "styles")]
        types += [_TYPE.format(f"worksheets/sheet{number + 1}", "worksheet") for number in range(count)]
        return (
            ("[Content_Types].xml", _TYPES.format("".join(types))),
            ("_rels/.rels", _RELATIONSHIPS.format(_RELATIONSHIP.format(1, "officeDocument", "xl/workbook.xml"))),
            (
                "xl/workbook.xml",
                f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{_VIEW}<sheets>{sheets}</sheets></workbook>',
            ),
            ("xl/_rels/workbook.xml.rels", _RELATIONSHIPS.format("".join(related))),
            ("xl/styles.xml", _STYLES),
        )
