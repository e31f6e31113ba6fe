"""The mistakes behind the first: pyxform stops at one, and an author on a bad link should not upload once for each.

Each mistake whose cell is known is mended as harmlessly as can be, and the workbook tried again. Only the compiling child
imports this, within its time.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from forms.tables import column_of
from forms.workbook_errors import place_of

# Compiles the sheets; the facts about what is wrong (error, exception, cell, headers), None for nothing.
Attempt = Callable[[dict[str, Any]], dict[str, Any] | None]

_MOST = 12
_ROW = re.compile(r"\[row : (\d+)\]")
_NAMED = re.compile(r"(?:find the name|survey element named|question named) '(.+?)'")


def more_mistakes(
    sheets: dict[str, Any], first: dict[str, Any], attempt: Attempt, seconds: float
) -> list[dict[str, Any]]:
    """The facts of up to eleven further mistakes."""
    deadline = time.monotonic() + seconds
    mended, renamed = dict(sheets), set[str]()
    found = [first]
    while len(found) < _MOST and time.monotonic() < deadline:
        if not _mend(mended, found[-1], renamed):
            break
        following = attempt(mended)
        if following is None or following["error"] == found[-1]["error"]:
            break
        named = _NAMED.search(following["error"])
        if named and named[1] in renamed:  # our own doing
            break
        found.append(following)
    return found[1:]


def _mend(sheets: dict[str, Any], facts: dict[str, Any], renamed: set[str]) -> bool:
    """Take a mistake out of the sheets; False where that needs more than a cell."""
    place = place_of(facts["error"], facts.get("cell"), facts["headers"])
    rows = sheets.get(place.sheet or "")
    if not rows or place.row is None or place.row < 2 or place.column is None or "Unmatched" in facts["error"]:
        return False
    changed = [dict(row) for row in rows]
    for number in {place.row, *map(int, _ROW.findall(facts["error"]))}:
        if number - 2 < len(changed):
            _mend_cell(changed[number - 2], place.column, f"mended_{number}", renamed)
            _label(changed[number - 2], facts["headers"].get(place.sheet or "", ()))
    sheets[place.sheet or ""] = changed
    return True


def _label(row: dict[str, str], headers: Sequence[str]) -> None:
    """A question without a label would be a mistake of our making."""
    labels = [each for each in headers if column_of(each, double_colon="::" in each).key == "label"]
    if labels and not any(each in row for each in labels):
        row[labels[0]] = "-"


def _mend_cell(row: dict[str, str], column: str, name: str, renamed: set[str]) -> None:
    key = column_of(column, double_colon="::" in column).key
    if key == "type":
        row[column] = "text"
    elif key == "name":
        if column in row:
            renamed.add(row[column])
        row[column] = name
    elif key == "label":
        row[column] = "-"
    elif key == "calculation" and column not in row:
        row[column] = "1"
    else:
        row.pop(column, None)
