"""Which cell pyxform stumbles over when it does not say: found by leaving out columns and rows until it no longer does.

Only the compiling child imports this, within its time.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

Sheets = dict[str, Any]
# Tries a workbook and says what was wrong with it, None for nothing.
Attempt = Callable[[Sheets], str | None]

_SHEETS = ("survey", "choices", "settings", "entities", "external_choices", "osm")
# Without these nothing compiles: that another error follows proves nothing.
_NEEDED = ("type", "name", "list_name", "list name", "calculation")


def culprit(sheets: Sheets, attempt: Attempt, seconds: float) -> list[Any] | None:
    """The cell [sheet, row, column] without which the first error goes away; row 1 is a header, None not found in time."""
    search = _Search(sheets, attempt, time.monotonic() + seconds)
    try:
        return search.column() or search.row()
    except TimeoutError:
        return None


class _Search:
    def __init__(self, sheets: Sheets, attempt: Attempt, deadline: float) -> None:
        self.sheets = sheets
        self.attempt = attempt
        self.deadline = deadline
        self.first = attempt(sheets)

    def column(self) -> list[Any] | None:
        """The first column without which the error goes away, and the row of it if one cell is enough.

        One without which nothing at all is wrong is better evidence than one without which something else is.
        """
        for wholly in (True, False):
            for sheet, header in self.columns():
                without = [{key: value for key, value in row.items() if key != header} for row in self.sheets[sheet]]
                headers = {key: None for key in self.headers(sheet) if key != header}
                changed = {sheet: without, f"{sheet}_header": [headers]}
                if self.mended(changed, needed=wholly or header.lower() in _NEEDED):
                    return [sheet, self.row_of(sheet, header), header]
        return None

    def row(self) -> list[Any] | None:
        """The first row without which the error goes away."""
        for sheet in _SHEETS:
            for number, cells in enumerate(self.sheets.get(sheet) or (), start=2):
                rows = [each if at != number else {} for at, each in enumerate(self.sheets[sheet], start=2)]
                if cells and self.mended({sheet: rows}, needed=True):
                    return [sheet, number, None]
        return None

    def row_of(self, sheet: str, header: str) -> int | None:
        """The row whose cell alone brings the error; 1 when the header alone does, None when only several together do."""
        rows = [number for number, row in enumerate(self.sheets[sheet], start=2) if header in row]
        if not self.mended({sheet: self.keeping(sheet, header, [])}, needed=False):
            return 1
        while len(rows) > 1:
            half = len(rows) // 2
            for part in (rows[:half], rows[half:]):
                if not self.mended({sheet: self.keeping(sheet, header, part)}, needed=False):
                    rows = part
                    break
            else:
                return None
        return rows[0] if rows else 1

    def keeping(self, sheet: str, header: str, rows: list[int]) -> list[dict[str, str]]:
        """The sheet's rows with that column empty everywhere else."""
        return [
            row if number in rows else {key: value for key, value in row.items() if key != header}
            for number, row in enumerate(self.sheets[sheet], start=2)
        ]

    def mended(self, changed: Sheets, *, needed: bool) -> bool:
        """Whether the error is gone; where what was left out is needed, only a form without any error counts."""
        if time.monotonic() > self.deadline:
            raise TimeoutError
        said = self.attempt({**self.sheets, **changed})
        return said is None or (not needed and said != self.first)

    def columns(self) -> Iterator[tuple[str, str]]:
        for sheet in _SHEETS:
            yield from ((sheet, header) for header in self.headers(sheet))

    def headers(self, sheet: str) -> list[str]:
        return list((self.sheets.get(f"{sheet}_header") or [{}])[0])
