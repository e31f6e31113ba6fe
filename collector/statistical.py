"""What the languages of statistics want of a table: fit names, one type for each variable, labels of variables and of values. Pure.

A choice list whose codes are all whole numbers becomes numbers with labels, any other keeps its codes as text. Texts longer
than a variable may be go on in further ones, `name_2`, `name_3` …
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collector.export_format import Export
from collector.typed_tables import NUMBER, TEXT, TypedTable

# Words of the languages of SPSS and Stata: no variable may have such a name.
_SPSS = ("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with")
_STATA = ("byte", "double", "float", "if", "in", "int", "long", "strl", "using")
_STATA_OWN = ("_all", "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_se", "_skip")
_RESERVED = frozenset({*_SPSS, *_STATA, *_STATA_OWN})
_STRING_TYPE = re.compile(r"str\d+\Z")
_UNFIT = re.compile(r"[^A-Za-z0-9_]+")
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,8})\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """A column of a data set: the cells of `place`; of a text that is cut its `part`, at most `width` bytes. `longest` is the
    number of bytes of the longest cell, `values` are labels by code."""

    name: str
    place: int
    kind: str
    label: str
    whole: bool
    width: int
    longest: int
    part: int
    values: Mapping[str, str]


def variables_of(
    export: Export, table: TypedTable, *, longest_name: int, longest_text: int | None, first_year: int
) -> list[Variable]:
    """The variables of a table, all of whose rows are in; `longest_text` None: texts may be of any length. Days and moments before
    `first_year` are texts, and so are those beside them."""
    choices = {each.path: dict(each.choices) for each in export.codebook if each.choices}
    taken: set[str] = set()
    found: list[Variable] = []
    for place, (column, known) in enumerate(zip(table.columns, table.kinds, strict=True)):
        values = choices.get(column.path, {}) if column.labels and known in (NUMBER, TEXT) else {}
        kind = known if all(map(_WHOLE.match, values)) and table.first_years[place] >= first_year else TEXT
        longest = (
            max(table.longest[place], *(len(code.encode()) for code in values)) if values else table.longest[place]
        )
        # A character that does not fit whole goes into the next part.
        cut = None if longest_text is None or longest <= longest_text else longest_text
        parts = 1 if cut is None or kind != TEXT else -(-longest // (cut - 3))
        for part in range(parts):
            name = fit_name(column.name if not part else f"{column.name}_{part + 1}", taken, longest_name)
            label = column.label or column.name
            width = longest if cut is None else cut
            labelled = values if not part else {}
            found.append(Variable(name, place, kind, label, table.whole[place], width, longest, part, labelled))
    return found


def fit_name(column: str, taken: set[str], longest: int) -> str:
    """A name that the languages take and no other variable has, whatever the case of its letters."""
    plain = _UNFIT.sub("_", column).strip("_") or "v"
    word = plain.casefold()
    plain = plain if plain[0].isalpha() and word not in _RESERVED and not _STRING_TYPE.match(word) else f"v_{plain}"
    unique, number = plain[:longest].rstrip("_"), 2
    while unique.casefold() in taken:
        ending = f"_{number}"
        unique, number = plain[: longest - len(ending)] + ending, number + 1
    taken.add(unique.casefold())
    return unique


def pieces(text: bytes, longest: int) -> Iterator[bytes]:
    """UTF-8 cut where it is too long, never inside a character."""
    start = 0
    while start < len(text):
        end = start + longest
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[start:end]
        start = end


def shortened(text: str, most_bytes: int) -> bytes:
    """The beginning of a label, as UTF-8."""
    return next(pieces(text.replace("\0", "").encode(), most_bytes), b"")
