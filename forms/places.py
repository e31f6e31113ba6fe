"""Where in a workbook something is, in words."""

from typing import Any, NamedTuple


class Place(NamedTuple):
    """A cell as Excel shows it; None where nobody can say."""

    sheet: str | None = None
    row: int | None = None
    column: str | None = None

    def known(self) -> dict[str, Any]:
        """What is known of it, by name, for the details of a Problem."""
        return {key: value for key, value in self._asdict().items() if value is not None}

    def sentence(self, what: str, language: str) -> str:
        """`what` with the place in front: `Sheet survey, row 3, column label: …`."""
        english = language.startswith("en")
        sheet, row, column = ("sheet", "row", "column") if english else ("feuille", "ligne", "colonne")
        parts = [f"{sheet} {self.sheet}"] if self.sheet else []
        parts += [f"{row} {self.row}"] if self.row else []
        parts += [f"{column} {self.column}"] if self.column else []
        text = f"{', '.join(parts)}{': ' if english else ' : '}{what}" if parts else what
        return text[:1].upper() + text[1:]
