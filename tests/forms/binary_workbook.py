"""The smallest .xls that xlrd reads: a BIFF8 stream of text cells inside an OLE2 compound file.

Nothing current writes .xls any more, and phones' form managers still send them. Records: [MS-XLS]; container: [MS-CFB].
"""

import struct

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def binary_workbook(sheets: dict[str, list[list[str]]]) -> bytes:
    """Sheets by name, each a list of rows of text, as .xls bytes."""
    return compound_file("Workbook", _biff(sheets))


def compound_file(stream_name: str, stream: bytes) -> bytes:
    """One stream of at least 4,096 bytes (so that it needs no mini stream) in an OLE2 container."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // _SECTOR)
    # Sector 0: FAT; sector 1: directory; the stream from sector 2 on.
    fat = [_FAT, _END, *range(3, 2 + sectors), _END]
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry(stream_name, 2, 2, len(stream), child=_FREE)
    body = struct.pack(f"<{len(fat)}I", *fat) + directory.ljust(_SECTOR, b"\0") + stream
    return header + body.ljust((2 + sectors) * _SECTOR, b"\0")


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    entry = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
    entry += struct.pack("<III", _FREE, _FREE, child) + bytes(36)
    return entry + struct.pack("<IQ", start, size)


def _biff(sheets: dict[str, list[list[str]]]) -> bytes:
    bodies = [_sheet(rows) for rows in sheets.values()]
    names = [_short(name) for name in sheets]
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6))
    length = len(start) + sum(4 + 6 + len(name) for name in names) + 4
    bound = b""
    for name, body in zip(names, bodies, strict=True):
        bound += _record(0x85, struct.pack("<IH", length, 0) + name)
        length += len(body)
    return start + bound + _record(0x0A, b"") + b"".join(bodies)


def _sheet(rows: list[list[str]]) -> bytes:
    cells = b"".join(
        _record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    )
    return _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6)) + cells + _record(0x0A, b"")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _short(name: str) -> bytes:
    return struct.pack("<BB", len(name), 0) + name.encode("latin-1")
