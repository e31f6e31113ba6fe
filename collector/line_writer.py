"""A table's lines of CSV, many of them: the same bytes as `lines_of` of exports/csv.py, for a third of its time. Pure.

Looks at a whole row are cheaper than looks at every cell, so a row is joined first; most rows need quotes nowhere or in few cells.
What is out of the ordinary (a place that is not four numbers) goes the plain way.
"""

import re
from collections.abc import Callable

from collector.export_format import Dialect
from collector.exported import RootRow
from collector.exports.csv import guarded, is_special, lines_of, quoted
from collector.sheets import Expand, Prepared, Sheet, root_end, row_keys
from config.clock import wire

# Places of four numbers, of which none is taken for a formula; a line each, some blank.
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_PLACE = f"(?:{_NUMBER}(?: {_NUMBER}){{3}})?"
_PLACES = re.compile(f"{_PLACE}(?:\\n{_PLACE})*", re.ASCII)
# What a spreadsheet takes for the beginning of a formula, or the mark before it.
_BEGINNINGS = frozenset("'=+-@\t\r")
_MOST_REMEMBERED = 10_000
# Answers to these rarely hold a separator.
_WITHOUT_TEXT = frozenset(("int", "decimal", "date", "dateTime", "time", "geopoint"))


class LineWriter:
    """Writes the lines of a sheet."""

    def __init__(self, sheet: Sheet, dialect: Dialect) -> None:
        self._sheet, self._dialect, self._separator = sheet, dialect, dialect.separator
        self._places = sheet.places
        self._changes = [(at, self._remembered(change)) for at, change in sheet.expands if at not in self._places]
        # Where most separators are that need quotes.
        self._texts = [
            each.column_no
            for each in sheet.definition.fields
            if each.table_no == sheet.table.number and each.column_no is not None and each.type not in _WITHOUT_TEXT
        ]
        self._no_place = dialect.separator * 3
        self._has_more_to_do = bool(sheet.places or self._changes or dialect.guard)
        self._separators = len(sheet.columns) - 1
        self._ends: dict[tuple[object, ...], str] = {}
        self.lines: Callable[[Prepared], tuple[bytes, int]] = self._plainly
        # Flat tables have rows of their own making; a comma within a place would need quotes.
        if type(sheet) is Sheet and not (sheet.comma and dialect.separator == ","):
            self.lines = self._of_repeat if sheet.table.number else self._of_root

    def _remembered(self, change: Expand) -> Callable[[str], str]:
        """What an answer becomes, its cells joined; asked once for each answer, which are often the same."""
        known: dict[str, str] = {}

        def joined(text: str) -> str:
            found = known.get(text)
            if found is None:
                if len(known) >= _MOST_REMEMBERED:
                    known.clear()
                found = known[text] = self._joined(change(text))
            return found

        return joined

    def _joined(self, cells: list[str]) -> str:
        separator = self._separator
        cells = [guarded(cell) for cell in cells] if self._dialect.guard else cells
        return separator.join([quoted(cell) if is_special(cell, separator) else cell for cell in cells])

    def _plainly(self, each: Prepared) -> tuple[bytes, int]:
        return lines_of(self._sheet, each, self._dialect)

    def _of_root(self, each: Prepared) -> tuple[bytes, int]:
        facts, tables = each
        text = None
        if tables is not None:
            text = self._text([value or "" for value in tables[0][0]], [facts.instance_id])
        if text is None:
            return self._plainly(each)
        separator = self._separator
        return f"{wire(facts.created_at)}{separator}{text}{separator}{self._end(facts)}\n".encode(), 1

    def _of_repeat(self, each: Prepared) -> tuple[bytes, int]:
        facts, tables = each
        sheet, separator = self._sheet, self._separator
        rows = None if tables is None else tables.get(sheet.table.number)
        if not rows or tables is None:
            return b"", 0
        parents, keys = row_keys(sheet.definition, sheet.table, facts.instance_id, tables)
        if not self._has_more_to_do:
            lines = [
                separator.join([*[value or "" for value in row[2:]], parent, key])
                for row, parent, key in zip(rows, parents, keys, strict=True)
            ]
            lines.append("")
            made = "\n".join(lines)
            special = '"' in made or "\r" in made or made.count("\n") != len(rows)
            if not special and made.count(separator) == self._separators * len(rows):
                return made.encode(), len(rows)
        lines = []
        for row, parent, key in zip(rows, parents, keys, strict=True):
            text = self._text([value or "" for value in row[2:]], [parent, key])
            if text is None:
                return self._plainly(each)
            lines.append(text)
        lines.append("")
        return "\n".join(lines).encode(), len(rows)

    def _text(self, cells: list[str], keys: list[str]) -> str | None:
        """The cells of a row's answers and its keys, joined; None for what must go the plain way."""
        changed = []
        for at, change in self._changes:
            changed.append((at, change(cells[at])))
            cells[at] = ""
        cells += keys
        if self._dialect.guard and not _BEGINNINGS.isdisjoint([cell[:1] for cell in cells]):
            cells = [cell if at in self._places else guarded(cell) for at, cell in enumerate(cells)]
        self._quote(cells)
        if self._places and not self._placed(cells):
            return None
        for at, text in changed:
            cells[at] = text
        return self._separator.join(cells)

    def _quote(self, cells: list[str]) -> None:
        """Put the cells in quotes that need them."""
        separator = self._separator
        made = separator.join(cells)
        if '"' in made or "\n" in made or "\r" in made:
            cells[:] = [quoted(cell) if is_special(cell, separator) else cell for cell in cells]
            return
        more = made.count(separator) - len(cells) + 1
        if not more:
            return
        for at in self._texts:
            cell = cells[at]
            if separator in cell:
                more -= cell.count(separator)
                cells[at] = f'"{cell}"'
        if more:
            cells[:] = [f'"{cell}"' if separator in cell and cell[0] != '"' else cell for cell in cells]

    def _placed(self, cells: list[str]) -> bool:
        """Turn places into four cells each; False, and nothing done, if one is out of the ordinary."""
        texts = "\n".join([cells[place] for place in self._places])
        if _PLACES.fullmatch(texts) is None:
            return False
        texts = texts.replace(" ", self._separator)
        if self._sheet.comma:
            texts = texts.replace(".", ",")
        for place, text in zip(self._places, texts.split("\n"), strict=True):
            cells[place] = text or self._no_place
        return True

    def _end(self, facts: RootRow) -> str:
        """What the server knows, behind the KEY: nearly the same for all that come from one phone."""
        key = facts[2:11]
        found = self._ends.get(key)
        if found is None:
            if len(self._ends) >= _MOST_REMEMBERED:
                self._ends.clear()
            found = self._joined(root_end(facts)[1:])
            self._ends[key] = found
        return found
