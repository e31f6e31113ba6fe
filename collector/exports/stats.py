"""SPSS (.sav) and Stata (.dta): a ZIP with a file for each table, variable labels, and value labels of choices.

Names of variables are made fit (the column's name is in the label); a choice list whose codes are all whole numbers becomes
numbers with value labels, any other keeps its codes as text (SPSS labels these too). Texts longer than the format takes go on
in further variables, `name_2`, `name_3` … A table is held in memory while it is written: that is how these formats are made.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from collector.archive import Archive
from collector.export_format import Export, Format, Hashed
from collector.exports.csv import file_name
from collector.typed_tables import DAY, MOMENT, NUMBER, TypedTable, typed_tables
from config.api_errors import unexpected_value

# Bytes of a text, characters of a name, of a label, of a value's label.
_LIMITS = {"sav": (32_000, 64, 255, 120), "dta": (2_000, 32, 80, 32_000)}
# Words of the languages of SPSS and Stata; the writer refuses a variable of that name.
_SPSS = ("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with")
_STATA = ("byte", "double", "float", "if", "in", "int", "long", "strl", "using")
_STATA_OWN = ("_all", "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_se", "_skip")
_RESERVED = frozenset({*_SPSS, *_STATA, *_STATA_OWN})
_STRING_TYPE = re.compile(r"str\d+\Z")
# A table is held in memory while it is written, about a hundred bytes for each cell: what is more would take the server down.
MOST_CELLS = 5_000_000
_UNFIT = re.compile(r"[^A-Za-z0-9_]+")


def write_spss(export: Export) -> Iterator[bytes]:
    """A ZIP of .sav files."""
    return _write(export, "sav")


def write_stata(export: Export) -> Iterator[bytes]:
    """A ZIP of .dta files."""
    return _write(export, "dta")


def _write(export: Export, kind: str) -> Iterator[bytes]:
    ledger = export.ledger
    with closing(Archive(export.written_at)) as archive, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        tables = [stack.enter_context(closing(table)) for table in typed_tables(export)]
        for table in tables:
            _require_room(table, kind)
        for number, table in enumerate(tables):
            path = Path(folder) / f"{number}.{kind}"
            _write_table(export, table, path, kind)
            name = f"{file_name(export.definition, table.sheet.table.number).removesuffix('.csv')}.{kind}"
            hashed = Hashed()
            with path.open("rb") as file:
                yield from archive.file(name, hashed.through(iter(lambda: file.read(1 << 16), b"")))
            ledger.files.append(hashed.facts(name, table.count))
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


def _require_room(table: TypedTable, kind: str) -> None:
    if table.count * len(table.columns) > MOST_CELLS:
        raise unexpected_value(
            "format",
            kind,
            f"{table.count} rows of {len(table.columns)} columns are more than this format is written with; take Parquet, R or "
            "CSV, or fewer submissions",
            f"{table.count} lignes de {len(table.columns)} colonnes sont trop pour ce format\u00a0; prenez Parquet, R ou CSV, ou "
            "moins de fiches",
        )


def _write_table(export: Export, table: TypedTable, path: Path, kind: str) -> None:
    import pandas as pd
    import pyreadstat

    longest, name_length, label_length, value_length = _LIMITS[kind]
    kinds, rows = table.kinds, list(table.rows())
    choices = {column: dict(each.choices) for each in export.codebook for column in each.columns}
    data: dict[str, Any] = {}
    labels: list[str | None] = []
    values: dict[str, dict[Any, str]] = {}
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in rows]
        listed = choices.get(column.name, {}) if column.labels else {}
        codes = _whole_codes(listed)
        numeric = kinds[place] == NUMBER and (not listed or codes is not None)
        label = (column.label if column.label and column.label != column.name else column.name)[:label_length]
        if kinds[place] in (DAY, MOMENT):
            name = _name(column.name, data, name_length)
            data[name] = pd.Series(cells, dtype="datetime64[us]" if kinds[place] == MOMENT else "object")
            labels.append(label)
            continue
        if numeric:
            name = _name(column.name, data, name_length)
            data[name] = pd.Series([None if cell is None else float(cell) for cell in cells], dtype="float64")
            labels.append(label)
            if codes:
                values[name] = {number: said[:value_length] for number, said in codes.items()}
            continue
        texts = ["" if cell is None else str(cell) for cell in cells]
        for part, piece in enumerate(_pieces(texts, longest)):
            name = _name(column.name if not part else f"{column.name}_{part + 1}", data, name_length)
            data[name] = pd.Series(piece, dtype="object")
            labels.append(label)
            if listed and kind == "sav" and not part:
                values[name] = {code: said[:value_length] for code, said in listed.items() if len(code.encode()) <= 120}
    frame = pd.DataFrame(data)
    write = pyreadstat.write_sav if kind == "sav" else pyreadstat.write_dta
    write(frame, str(path), column_labels=labels, variable_value_labels=values)


def _whole_codes(choices: dict[str, str]) -> dict[float, str] | None:
    """The list by number; None when a code is no whole number."""
    if not choices or not all(re.fullmatch(r"-?(0|[1-9]\d{0,8})", code) for code in choices):
        return None
    return {float(int(code)): label for code, label in choices.items()}


def _pieces(texts: list[str], longest: int) -> Iterator[list[str]]:
    """The texts, cut where they are too long, never inside a character."""
    left = texts
    while True:
        heads = [text.encode()[:longest].decode(errors="ignore") for text in left]
        yield heads
        left = [text[len(head) :] for text, head in zip(left, heads, strict=True)]
        if not any(left):
            return


def _name(column: str, taken: dict[str, Any], longest: int) -> str:
    """A name that the format takes and no other variable has, whatever the case of its letters."""
    plain = _UNFIT.sub("_", column).strip("_") or "v"
    word = plain.casefold()
    plain = plain if plain[0].isalpha() and word not in _RESERVED and not _STRING_TYPE.match(word) else f"v_{plain}"
    known, unique, number = {name.casefold() for name in taken}, plain[:longest], 2
    while unique.casefold() in known:
        ending = f"_{number}"
        unique, number = plain[: longest - len(ending)] + ending, number + 1
    return unique


_ABOUT = ("Libellés de variables et de valeurs inclus.", "With variable and value labels.")
_NEEDS = {"archive": True, "needs": ("pyreadstat", "pandas"), "extra": "stats", "typed": True}
FORMATS = (
    Format("spss", "-SPSS.zip", "application/zip", ("SPSS (ZIP)", "SPSS (ZIP)"), _ABOUT, write_spss, **_NEEDS),  # type: ignore[arg-type]
    Format("stata", "-Stata.zip", "application/zip", ("Stata (ZIP)", "Stata (ZIP)"), _ABOUT, write_stata, **_NEEDS),  # type: ignore[arg-type]
)
