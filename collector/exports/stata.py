"""Stata (.dta, release 118: Stata 14 and later): a ZIP with a file for each table, labels of variables and of choices.

Written row by row after Stata's own description of the format (`help dta`), so that a table of any length takes no memory.
Texts of more than 2,045 bytes are strLs: whole, whatever their length.
"""

import struct
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import IO, Any

from collector.export_format import Export, Format
from collector.statistical import Variable, shortened, variables_of
from collector.statistical_archive import write_tables
from collector.typed_cells import clock_of, day_of, number_of
from collector.typed_tables import DAY, MOMENT, NUMBER, TypedTable

_LONGEST_NAME, _LONGEST_LABEL, _LONGEST_VALUE = 32, 80, 32_000
_LONGEST_STR = 2_045
_DOUBLE, _STRL = 65_526, 32_768
_MISSING: float = struct.unpack("<d", bytes.fromhex("000000000000e07f"))[0]
_FIRST_DAY, _FIRST_MOMENT = date(1960, 1, 1).toordinal(), datetime(1960, 1, 1)  # noqa: DTZ001 - moments have no zone here
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# What Stata's dates begin with.
_FIRST_YEAR = 100
_PIECE = 1 << 16


def write(export: Export) -> Iterator[bytes]:
    """A ZIP of .dta files."""
    return write_tables(export, "dta", _lay, _data_set, _width)


def _lay(export: Export, table: TypedTable) -> list[Variable]:
    return variables_of(export, table, longest_name=_LONGEST_NAME, longest_text=None, first_year=_FIRST_YEAR)


def _is_text(each: Variable) -> bool:
    return each.kind not in (NUMBER, DAY, MOMENT)


def _is_strl(each: Variable) -> bool:
    return _is_text(each) and each.width > _LONGEST_STR


def _width(each: Variable) -> int:
    return max(1, each.width) if _is_text(each) and not _is_strl(each) else 8


def _data_set(export: Export, table: TypedTable, variables: list[Variable]) -> Iterator[bytes]:
    head, labels = _dictionary(export, table, variables), _value_labels(variables)
    row = struct.Struct("<" + "".join(map(_packed, variables)))
    with tempfile.TemporaryFile() as strls:
        _spool_strls(strls, table, variables)
        yield from head(row.size * table.count, strls.tell(), len(labels))
        yield b"<data>"
        reads, numbers = [_reader(each) for each in variables], [*enumerate(variables, 1)]
        held: list[bytes] = []
        size = 0
        for count, cells in enumerate(table.texts(), 1):
            values = [
                read(cells[each.place]) if read is not None else _strl_place(cells[each.place], number, count)
                for read, (number, each) in zip(reads, numbers, strict=True)
            ]
            held.append(row.pack(*values))
            size += row.size
            if size > _PIECE:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held) + b"</data><strls>"
        strls.seek(0)
        yield from iter(lambda: strls.read(_PIECE), b"")
    yield b"</strls>" + labels + b"</stata_dta>"


def _packed(each: Variable) -> str:
    return f"{_width(each)}s" if _is_text(each) and not _is_strl(each) else "Q" if _is_strl(each) else "d"


def _reader(each: Variable) -> Callable[[str], Any] | None:
    if _is_strl(each):
        return None
    return {NUMBER: _number, DAY: _day, MOMENT: _moment}.get(each.kind, str.encode)


def _number(text: str) -> float:
    found = number_of(text)
    return _MISSING if found is None else float(found)


def _day(text: str) -> float:
    found = day_of(text)
    return _MISSING if found is None else float(found.toordinal() - _FIRST_DAY)


def _moment(text: str) -> float:
    found = clock_of(text)
    return _MISSING if found is None else (found - _FIRST_MOMENT).total_seconds() * 1000


def _strl_place(text: str, variable: int, row: int) -> int:
    return variable | row << 16 if text else 0


def _spool_strls(file: IO[bytes], table: TypedTable, variables: list[Variable]) -> None:
    places = [(number, each.place) for number, each in enumerate(variables, 1) if _is_strl(each)]
    if not places:
        return
    for row, cells in enumerate(table.texts(), 1):
        for number, place in places:
            if cells[place]:
                content = cells[place].encode() + b"\0"
                file.write(struct.pack("<3sIQBI", b"GSO", number, row, 130, len(content)) + content)


def _dictionary(
    export: Export, table: TypedTable, variables: list[Variable]
) -> Callable[[int, int, int], Iterator[bytes]]:
    """Everything before the rows, once the lengths of the rows, the strLs and the value labels are known."""
    moment = export.written_at
    stamp = f"{moment.day:02} {_MONTHS[moment.month - 1]} {moment.year} {moment.hour:02}:{moment.minute:02}".encode()
    label = shortened(export.title, _LONGEST_LABEL)
    header = (
        b"<header><release>118</release><byteorder>LSF</byteorder><K>"
        + struct.pack("<H", len(variables))
        + b"</K><N>"
        + struct.pack("<Q", table.count)
        + b"</N><label>"
        + struct.pack("<H", len(label))
        + label
        + b"</label><timestamp>"
        + bytes([len(stamp)])
        + stamp
        + b"</timestamp></header>"
    )
    parts = [
        ("variable_types", b"".join(struct.pack("<H", _type(each)) for each in variables)),
        ("varnames", b"".join(each.name.encode().ljust(129, b"\0") for each in variables)),
        ("sortlist", bytes(2 * (len(variables) + 1))),
        ("formats", b"".join(_format(each).ljust(57, b"\0") for each in variables)),
        (
            "value_label_names",
            b"".join((each.name.encode() if each.values else b"").ljust(129, b"\0") for each in variables),
        ),
        ("variable_labels", b"".join(each.label[:_LONGEST_LABEL].encode().ljust(321, b"\0") for each in variables)),
        ("characteristics", b""),
    ]
    before = [f"<{name}>".encode() + content + f"</{name}>".encode() for name, content in parts]

    def head(rows: int, strls: int, labels: int) -> Iterator[bytes]:
        place = len(b"<stata_dta>") + len(header)
        places = [0, place]
        place += len(b"<map></map>") + 14 * 8
        for each in before:
            places.append(place)
            place += len(each)
        for size in (rows + len(b"<data></data>"), strls + len(b"<strls></strls>"), labels, len(b"</stata_dta>")):
            places.append(place)
            place += size
        yield b"<stata_dta>" + header + b"<map>" + struct.pack("<14Q", *places, place) + b"</map>"
        yield from before

    return head


def _type(each: Variable) -> int:
    if not _is_text(each):
        return _DOUBLE
    return _STRL if _is_strl(each) else _width(each)


def _format(each: Variable) -> bytes:
    if _is_strl(each):
        return b"%9s"
    return {NUMBER: b"%10.0g", DAY: b"%td", MOMENT: b"%tc"}.get(each.kind, f"%{max(9, _width(each))}s".encode())


def _value_labels(variables: list[Variable]) -> bytes:
    made = []
    for each in variables:
        # Texts have none in Stata.
        if each.values and not _is_text(each):
            listed = sorted(
                (int(code), shortened(label, _LONGEST_VALUE) + b"\0") for code, label in each.values.items()
            )
            places, place = [], 0
            for _, label in listed:
                places.append(place)
                place += len(label)
            count = len(listed)
            table = struct.pack(f"<ii{count}i{count}i", count, place, *places, *(code for code, _ in listed))
            table += b"".join(label for _, label in listed)
            made.append(b"<lbl>" + struct.pack("<I129s3x", len(table), each.name.encode()) + table + b"</lbl>")
    return b"<value_labels>" + b"".join(made) + b"</value_labels>"


FORMATS = (
    Format(
        "stata",
        "-Stata.zip",
        "application/zip",
        ("Stata (ZIP)", "Stata (ZIP)"),
        ("Libellés de variables et de valeurs inclus.", "With variable and value labels."),
        write,
        archive=True,
        typed=True,
    ),
)
