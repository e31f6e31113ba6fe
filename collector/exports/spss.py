"""SPSS (.sav): a ZIP with a file for each table, labels of variables and of choices, texts of codes labelled too.

Written row by row after PSPP's description of the format (its developers' manual, "System File Format"), so that a table of any
length takes no memory. Texts of more than 255 bytes are very long strings, of more than 32,000 further variables.
"""

import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from collector.export_format import Export, Format
from collector.statistical import Variable, pieces, shortened, variables_of
from collector.statistical_archive import write_tables
from collector.typed_cells import clock_of, day_of, number_of
from collector.typed_tables import DAY, MOMENT, NUMBER, TypedTable

_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_LABEL, _LONGEST_VALUE = 64, 32_000, 252, 120
# A longer text is stored in segments: each holds 255 bytes in the room of 256, and is counted as 252.
_SEGMENT, _COUNTED = 255, 252
_MISSING: float = struct.unpack("<d", bytes.fromhex("ffffffffffffefff"))[0]
_LOWEST: float = struct.unpack("<d", bytes.fromhex("feffffffffffefff"))[0]
_NUMBERS, _DAYS, _MOMENTS, _TEXTS = 5, 20, 22, 1
_EPOCH = datetime(1582, 10, 14)  # noqa: DTZ001 - moments have no zone here
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# SPSS shows nothing for days before its calendar begins, in October 1582.
_FIRST_YEAR = 1583
_NOMINAL, _SCALE = 1, 3
_PIECE = 1 << 16


def write(export: Export) -> Iterator[bytes]:
    """A ZIP of .sav files."""
    return write_tables(export, "sav", _lay, _system_file, _room)


def _lay(export: Export, table: TypedTable) -> list[Variable]:
    return variables_of(export, table, longest_name=_LONGEST_NAME, longest_text=_LONGEST_TEXT, first_year=_FIRST_YEAR)


def _is_text(each: Variable) -> bool:
    return each.kind not in (NUMBER, DAY, MOMENT)


def _segments(each: Variable) -> list[int]:
    """The widths that the dictionary says of it: 0 for a number."""
    if not _is_text(each):
        return [0]
    width = max(1, each.width)
    if width <= _SEGMENT:
        return [width]
    count = -(-width // _COUNTED)
    return [*[_SEGMENT] * (count - 1), width - _COUNTED * (count - 1)]


def _rounded(size: int, to: int) -> int:
    return -(-size // to) * to


def _room(each: Variable) -> int:
    """Bytes in a row."""
    return sum(_rounded(width, 8) for width in _segments(each)) if _is_text(each) else 8


def _system_file(export: Export, table: TypedTable, variables: list[Variable]) -> Iterator[bytes]:
    yield b"".join(_dictionary(export, table, variables))
    row = struct.Struct("<" + "".join(f"{_room(each)}s" if _is_text(each) else "d" for each in variables))
    reads = [(each.place, _reader(each)) for each in variables]
    held: list[bytes] = []
    size = 0
    for cells in table.texts():
        held.append(row.pack(*[read(cells[place]) for place, read in reads]))
        size += row.size
        if size > _PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _reader(each: Variable) -> Callable[[str], Any]:
    if not _is_text(each):
        return {NUMBER: _number, DAY: _day, MOMENT: _moment}[each.kind]
    room, whole, part = _room(each), each.width == each.longest, each.part

    def read(text: str) -> bytes:
        content = text.encode()
        if not whole:
            content = next((piece for number, piece in enumerate(pieces(content, each.width)) if number == part), b"")
        if len(content) > _SEGMENT:
            cuts = range(0, len(content), _SEGMENT)
            content = b"".join(content[at : at + _SEGMENT].ljust(_SEGMENT + 1) for at in cuts)
        return content[:room].ljust(room)

    return read


def _number(text: str) -> float:
    found = number_of(text)
    return _MISSING if found is None else float(found)


def _day(text: str) -> float:
    found = day_of(text)
    return _MISSING if found is None else (found.toordinal() - _EPOCH.toordinal()) * 86_400.0


def _moment(text: str) -> float:
    found = clock_of(text)
    return _MISSING if found is None else (found - _EPOCH).total_seconds()


def _dictionary(export: Export, table: TypedTable, variables: list[Variable]) -> Iterator[bytes]:
    moment, row = export.written_at, sum(map(_room, variables))
    yield struct.pack(
        "<4s60siiiiid9s8s64s3x",
        b"$FL2",
        b"@(#) SPSS DATA FILE Relais".ljust(60),
        2,
        row // 8,
        0,
        0,
        table.count,
        100.0,
        f"{moment.day:02} {_MONTHS[moment.month - 1]} {moment.year % 100:02}".encode(),
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}".encode(),
        shortened(export.title, 64).ljust(64),
    )
    number, places, short = 0, [], []
    index = 1
    for each in variables:
        places.append(index)
        short.append(_short(number))
        for segment, width in enumerate(_segments(each)):
            yield _variable(each, _short(number), width, labelled=segment == 0)
            number += 1
            index += max(1, _rounded(width, 8) // 8)
    for each, place in zip(variables, places, strict=True):
        if each.values and not (_is_text(each) and each.width > 8):
            yield _value_labels(each, place)
    yield _extension(3, 4, struct.pack("<8i", 20, 0, 0, -1, 1, 1, 2, 65_001))
    yield _extension(4, 8, struct.pack("<3d", _MISSING, -_MISSING, _LOWEST))
    yield _extension(11, 4, b"".join(struct.pack("<3i", *shown) for each in variables for shown in _shown(each)))
    names = "\t".join(f"{one}={each.name}" for one, each in zip(short, variables, strict=True))
    yield _extension(13, 1, names.encode())
    long = [
        f"{one}={each.width:05}\0\t" for one, each in zip(short, variables, strict=True) if len(_segments(each)) > 1
    ]
    if long:
        yield _extension(14, 1, "".join(long).encode())
    yield _extension(16, 8, struct.pack("<2q", 1, table.count))
    yield _extension(20, 1, b"UTF-8")
    labels = b"".join(_text_labels(each) for each in variables if each.values and _is_text(each) and each.width > 8)
    if labels:
        yield _extension(21, 1, labels)
    yield struct.pack("<ii", 999, 0)


def _short(number: int) -> str:
    return f"V{number:07}"


def _variable(each: Variable, short: str, width: int, *, labelled: bool) -> bytes:
    kind = _TEXTS if _is_text(each) else {NUMBER: _NUMBERS, DAY: _DAYS, MOMENT: _MOMENTS}[each.kind]
    shown = {_TEXTS: (width, 0), _DAYS: (11, 0), _MOMENTS: (20, 0)}.get(kind) or _digits(each)
    form = kind << 16 | min(_SEGMENT, shown[0]) << 8 | shown[1]
    record = struct.pack("<6i8s", 2, width, labelled, 0, form, form, short.encode())
    if labelled:
        label = shortened(each.label, _LONGEST_LABEL)
        record += struct.pack("<i", len(label)) + label.ljust(_rounded(len(label), 4))
    continued = struct.pack("<6i8s", 2, -1, 0, 0, 0, 0, b" " * 8)
    return record + continued * (_rounded(width, 8) // 8 - 1)


def _digits(each: Variable) -> tuple[int, int]:
    """How many characters of a number are shown, and how many of them behind the point."""
    width = min(40, max(8, each.longest + 1))
    return width, 0 if each.whole else min(16, max(2, each.longest - 2))


def _shown(each: Variable) -> Iterator[tuple[int, int, int]]:
    for width in _segments(each):
        yield (_NOMINAL, min(40, max(8, width)), 0) if width else (_NOMINAL if each.values else _SCALE, 12, 1)


def _value_labels(each: Variable, place: int) -> bytes:
    made = b""
    for code, label in each.values.items():
        value = code.encode().ljust(8) if _is_text(each) else struct.pack("<d", float(code))
        text = shortened(label, _LONGEST_VALUE)
        made += value + (bytes([len(text)]) + text).ljust(_rounded(len(text) + 1, 8))
    return struct.pack("<ii", 3, len(each.values)) + made + struct.pack("<iii", 4, 1, place)


def _text_labels(each: Variable) -> bytes:
    made = struct.pack("<i", len(each.name)) + each.name.encode() + struct.pack("<ii", each.width, len(each.values))
    for code, label in each.values.items():
        text = shortened(label, _LONGEST_VALUE)
        made += struct.pack("<i", each.width) + code.encode().ljust(each.width) + struct.pack("<i", len(text)) + text
    return made


def _extension(kind: int, size: int, content: bytes) -> bytes:
    return struct.pack("<4i", 7, kind, size, len(content) // size) + content


FORMATS = (
    Format(
        "spss",
        "-SPSS.zip",
        "application/zip",
        ("SPSS (ZIP)", "SPSS (ZIP)"),
        ("Libellés de variables et de valeurs inclus.", "With variable and value labels."),
        write,
        archive=True,
        typed=True,
    ),
)
