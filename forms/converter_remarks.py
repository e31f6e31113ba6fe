"""pyxform's own warnings as findings, with their cells."""

import re
from collections.abc import Iterable

from forms.lint import Finding
from forms.messages import spoken
from forms.messages.warnings import RULES, SAID_BY_RULES
from forms.tables import Tables
from forms.workbook_errors import place_of

_SPOKEN = spoken(RULES)
_ROW = re.compile(r"^\[row : \d+\] ?")


def converter_remarks(warnings: Iterable[str], tables: Tables | None) -> tuple[Finding, ...]:
    """The warnings that no rule of the lint says; one that nobody knows is shown as it is."""
    headers = (
        {name: [each.written for each in sheet.columns] for name, sheet in tables.sheets.items()} if tables else {}
    )
    return tuple(
        Finding("converter", "warning", *_sentences(warning), place_of(warning, None, headers))
        for warning in warnings
        if not any(words in warning for words in SAID_BY_RULES)
    )


def _sentences(warning: str) -> tuple[str, str]:
    text = _ROW.sub("", warning).partition("\n")[0].strip()
    return _SPOKEN(warning) or (text, f"remarque de pyxform : {text}")
