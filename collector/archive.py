"""Writing a ZIP of any size and any number of files in constant memory, with names safe on every system."""

import re
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from collector.deflating import Block, Deflater, crc32

_CHUNK = 1 << 16  # bytes copied at a time

# Deflating these costs time and saves nothing.
_COMPRESSED = re.compile(
    r"\.(3gp|7z|aac|amr|avif|docx|enc|flac|gif|gz|heic|jpe?g|m4a|m4v|mkv|mov|mp3|mp4|oga|ogg|ogv|opus|pdf|png|pptx"
    r"|webm|webp|xlsx|zip|zst)$",
    re.IGNORECASE,
)

_ILLEGAL = re.compile(r'[/?<>\\:*|"]')
_CONTROL = re.compile("[\x00-\x1f\x80-\x9f]")
_ONLY_DOTS = re.compile(r"\.+\Z")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.[^\n\r\u2028\u2029]*)?\Z", re.IGNORECASE)


def safe_file_name(name: str) -> str:
    """`name` as ODK Central writes it into a ZIP or a Content-Disposition: without what some file system forbids.

    At most 255 bytes of UTF-8; may be "" (for `..` or `CON`). The rules are those of npm's sanitize-filename 1.6.
    """
    safe = _CONTROL.sub("", _ILLEGAL.sub("", name))
    if _ONLY_DOTS.match(safe) or _RESERVED.match(safe):
        return ""
    return safe.rstrip(". ").encode()[:255].decode(errors="ignore")


_LARGEST = 0xFFFFFFFF
_MOST = 0xFFFF
_UTF8, _LENGTHS_BEHIND = 0x800, 0x8
_DEFLATED = 8
_UNIX_FILE = 0o100644 << 16


class TooLarge(Exception):
    """A file grew beyond 4 GB that had been announced as smaller: its ZIP cannot be read."""


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file deflated before: `content` holds the whole stream from its beginning."""

    content: IO[bytes]
    crc: int
    packed: int
    size: int


class Archive:
    """A ZIP, piece by piece: whatever its methods yield must be written, in this order, up to the end of `end`.

    Made for writing into a connection: lengths stand behind the files. Equal names are allowed, as in ODK Central's
    exports. Without `end` there is no directory, so that a broken archive cannot pass for a whole one. Close it.
    """

    def __init__(self, written_at: datetime) -> None:
        self._moment = _dos_time(written_at)
        self._offset = 0
        self._count = 0
        self._directory = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()

    def close(self) -> None:
        """Give back the list of files, which is kept on disk."""
        self._directory.close()

    def file(self, name: str, pieces: Iterable[bytes | Block], *, large: bool = False) -> Iterator[bytes]:
        """A file, deflated on its way unless its name says that this is done; `large`: it may pass 4 GB."""
        offset = self._offset
        header = self._header(name, _LENGTHS_BEHIND, 0, 0, 0, large=large)
        yield self._counted(header)
        packing = _Plain() if _COMPRESSED.search(name) else Deflater()
        for piece in pieces:
            made = packing.add_block(piece) if isinstance(piece, Block) else packing.add(piece)
            if made:
                yield self._counted(made)
        yield self._counted(packing.end())
        if not large and max(packing.size, packing.packed) >= _LARGEST:
            raise TooLarge(name)
        form = "<IIQQ" if large else "<IIII"
        yield self._counted(struct.pack(form, 0x08074B50, packing.crc, packing.packed, packing.size))
        self._note(name, packing.crc, packing.packed, packing.size, offset, _LENGTHS_BEHIND)

    def packed_file(self, name: str, file: PackedFile) -> Iterator[bytes]:
        """A file deflated before."""
        offset = self._offset
        large = max(file.size, file.packed) >= _LARGEST
        yield self._counted(self._header(name, 0, file.crc, file.packed, file.size, large=large))
        file.content.seek(0)
        while piece := file.content.read(_CHUNK):
            yield self._counted(piece)
        self._note(name, file.crc, file.packed, file.size, offset, 0)

    def end(self) -> Iterator[bytes]:
        """The directory; nothing can follow it."""
        begin = self._offset
        self._directory.seek(0)
        while piece := self._directory.read(_CHUNK):
            yield self._counted(piece)
        size = self._offset - begin
        if self._count >= _MOST or max(begin, size) >= _LARGEST:
            where = self._offset
            counts = (self._count, self._count, size, begin)
            yield self._counted(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, *counts))
            yield self._counted(struct.pack("<IIQI", 0x07064B50, 0, where, 1))
        count = min(self._count, _MOST)
        yield struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, min(size, _LARGEST), min(begin, _LARGEST), 0)

    def _counted(self, piece: bytes) -> bytes:
        self._offset += len(piece)
        return piece

    def _header(self, name: str, flags: int, crc: int, packed: int, size: int, *, large: bool) -> bytes:
        encoded = name.encode()
        extra = struct.pack("<HHQQ", 1, 16, size, packed) if large else b""
        lengths = (_LARGEST, _LARGEST) if large else (packed, size)
        version = 45 if large else 20
        facts = (0x04034B50, version, flags | _UTF8, _DEFLATED, *self._moment, crc, *lengths, len(encoded), len(extra))
        return struct.pack("<IHHHHHIIIHH", *facts) + encoded + extra

    def _note(self, name: str, crc: int, packed: int, size: int, offset: int, flags: int) -> None:
        encoded = name.encode()
        beyond = [value for value in (size, packed, offset) if value >= _LARGEST]
        extra = struct.pack(f"<HH{len(beyond)}Q", 1, 8 * len(beyond), *beyond) if beyond else b""
        version = 45 if beyond else 20
        facts = (
            *(0x02014B50, 3 << 8 | version, version, flags | _UTF8, _DEFLATED, *self._moment, crc),
            *(min(packed, _LARGEST), min(size, _LARGEST), len(encoded), len(extra), 0, 0, 0, _UNIX_FILE),
        )
        entry = struct.pack("<IHHHHHHIIIHHHHHII", *facts, min(offset, _LARGEST))
        self._directory.write(entry + encoded + extra)
        self._count += 1


class _Plain:
    """Bytes as they are, in the form of a deflate stream: unlike stored files, they can be followed by their length."""

    def __init__(self) -> None:
        self.crc = self.size = self.packed = 0
        self._compressor = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)

    def add(self, data: bytes) -> bytes:
        self.crc, self.size = crc32(data, self.crc), self.size + len(data)
        return self._counted(self._compressor.compress(data))

    def add_block(self, block: Block) -> bytes:
        return self.add(block.unpacked())

    def end(self) -> bytes:
        return self._counted(self._compressor.flush())

    def _counted(self, packed: bytes) -> bytes:
        self.packed += len(packed)
        return packed


def _dos_time(moment: datetime) -> tuple[int, int]:
    return (
        moment.hour << 11 | moment.minute << 5 | moment.second // 2,
        (min(max(moment.year, 1980), 2107) - 1980) << 9 | moment.month << 5 | moment.day,
    )
