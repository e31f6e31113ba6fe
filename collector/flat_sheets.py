"""Everything in one table: repeats spread into columns, or joined as rows. Pure."""

from collections.abc import Callable, Iterable

from collector.export_request import SPREAD, ExportRequest
from collector.sheets import ROOT_END, ROOT_START, Column, Look, Prepared, Sheet, root_cells, row_keys
from config.api_errors import property_not_found, unexpected_value
from forms.xform import FormDefinition, Table

# Wider tables open nowhere.
MOST_COLUMNS = 16_000


def flat_sheet(
    definition: FormDefinition,
    look: Look,
    request: ExportRequest,
    chunks: Callable[[], Iterable[list[Prepared]]],
) -> Sheet:
    """The one table of a flat export; `chunks` are looked through beforehand when columns depend on them."""
    if request.repeats == SPREAD:
        return SpreadSheet(definition, look, most_copies(definition, chunks()))
    return JoinedSheet(definition, look, _repeat(definition, request.joined))


def _repeat(definition: FormDefinition, path: str) -> Table:
    if not path:
        return definition.tables[min(1, len(definition.tables) - 1)]
    found = next((table for table in definition.tables[1:] if table.path == path), None)
    if found is None:
        raise property_not_found(path)
    return found


def most_copies(definition: FormDefinition, chunks: Iterable[list[Prepared]]) -> dict[int, int]:
    """The largest number of copies that a repeat has below one parent, by its number."""
    found = {table.number: 0 for table in definition.tables[1:]}
    for chunk in chunks:
        for each in chunk:
            for number, rows in (each.tables or {}).items():
                if number and rows:
                    found[number] = max(found[number], *(row[1] for row in rows))
    return found


class SpreadSheet(Sheet):
    """One row per submission; the copies of a repeat stand beside each other, `member[1]-name`, `member[2]-name` …"""

    def __init__(self, definition: FormDefinition, look: Look, copies: dict[int, int]) -> None:
        super().__init__(definition, definition.tables[0], look)
        self._copies = copies
        self._inner = {table.number: Sheet(definition, table, look) for table in definition.tables[1:]}
        self._children: dict[int, list[Table]] = {table.number: [] for table in definition.tables}
        for table in definition.tables[1:]:
            self._children[table.parent or 0].append(table)
        if self._spread_width(0) > MOST_COLUMNS:
            raise unexpected_value(
                "repeats",
                SPREAD,
                f"it would take more than {MOST_COLUMNS} columns; join them, or take one file per table",
                f"il faudrait plus de {MOST_COLUMNS} colonnes ; joignez-les, ou prenez un fichier par table",
            )
        answers = self.columns[len(ROOT_START) : -len(ROOT_END)]
        self.columns = (*ROOT_START, *answers, *self._columns(0, ""), *ROOT_END)

    def _spread_width(self, number: int) -> int:
        """How many columns the repeats inside a table take."""
        total = 0
        for table in self._children[number]:
            own = len(self._inner[table.number].columns) - 2
            total += self._copies[table.number] * (own + self._spread_width(table.number))
        return total

    def _columns(self, number: int, before: str) -> list[Column]:
        found = []
        for table in self._children[number]:
            for copy in range(1, self._copies[table.number] + 1):
                place = f"{before}{table.name}[{copy}]-"
                for column in self._inner[table.number].columns[:-2]:
                    found.append(Column(place + column.name, column.kind, column.path, column.label, column.labels))  # noqa: PERF401
                found += self._columns(table.number, place)
        return found

    def rows(self, each: Prepared) -> list[list[str]]:
        """One row."""
        cells = self._root_answers(each)
        if each.tables is None:
            cells += [""] * self._spread_width(0)
        else:
            self._spread(cells, each, 0, 0)
        return [root_cells(each.row, cells)]

    def _spread(self, cells: list[str], each: Prepared, number: int, parent: int | None) -> None:
        for table in self._children[number]:
            inner = self._inner[table.number]
            blank = [""] * (len(inner.columns) - 2)
            copies = [] if parent is None else self._below(each, table.number, parent)
            for copy in range(self._copies[table.number]):
                place = copies[copy] if copy < len(copies) else None
                rows = (each.tables or {}).get(table.number, [])
                cells += blank if place is None else inner.answers(rows[place][2:])
                self._spread(cells, each, table.number, place)

    @staticmethod
    def _below(each: Prepared, number: int, parent: int) -> list[int]:
        rows = (each.tables or {}).get(number, [])
        return [place for place, row in enumerate(rows) if row[0] == parent]


class JoinedSheet(Sheet):
    """One row per copy of a repeat, with everything around it; a submission without copies keeps one row."""

    def __init__(self, definition: FormDefinition, look: Look, repeat: Table) -> None:
        super().__init__(definition, definition.tables[0], look)
        self._repeat = repeat
        self._around: list[Sheet] = []
        table: Table | None = repeat
        while table is not None and table.number:
            self._around.insert(0, Sheet(definition, table, look))
            table = definition.tables[table.parent or 0]
        answers = self.columns[len(ROOT_START) : -len(ROOT_END)]
        inner = [
            Column(f"{sheet.table.name}-{column.name}", column.kind, column.path, column.label, column.labels)
            for sheet in self._around
            for column in sheet.columns[:-2]
        ]
        ends = [Column(f"{sheet.table.name}-KEY") for sheet in self._around]
        self.columns = (*ROOT_START, *answers, *inner, *ends, *ROOT_END)

    def row_count(self, each: Prepared) -> int:
        """One for each copy, at least one."""
        if each.tables is None or not self._repeat.number:
            return 1
        return max(1, len(each.tables.get(self._repeat.number, ())))

    def rows(self, each: Prepared) -> list[list[str]]:
        """The rows of a submission."""
        root = self._root_answers(each)
        blank = [""] * sum(len(sheet.columns) - 1 for sheet in self._around)
        if each.tables is None or not self._repeat.number or not each.tables.get(self._repeat.number):
            return [root_cells(each.row, [*root, *blank])]
        keys = {
            sheet.table.number: row_keys(self.definition, sheet.table, each.row.instance_id, each.tables)[1]
            for sheet in self._around
        }
        found = []
        for place in range(len(each.tables[self._repeat.number])):
            cells: list[str] = []
            ends: list[str] = []
            at = place
            for sheet in reversed(self._around):
                number = sheet.table.number
                row = each.tables[number][at]
                cells = [*sheet.answers(row[2:]), *cells]
                ends.insert(0, keys[number][at])
                at = row[0]
            found.append(root_cells(each.row, [*root, *cells, *ends]))
        return found
