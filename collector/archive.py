"""Writing a ZIP of any size and any number of files in constant memory, with names safe on every system."""

import os
import pickle
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self, cast

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


class Archive:
    """A ZIP being written to `out`; equal names are allowed, as in ODK Central's exports.

    `out` should be seekable: into a pipe, stored files carry their length behind them, and some readers cannot follow.
    Compressed as Central does it (deflate, zlib's default level). Use as a context manager: leaving it normally writes
    the directory of the ZIP, leaving it by an exception does not, so that a broken archive cannot pass for a whole one.
    """

    def __init__(self, out: IO[bytes], written_at: datetime) -> None:
        self._entries = _Entries()
        self._zip = zipfile.ZipFile(out, "w")
        self._zip.filelist = cast(list[zipfile.ZipInfo], self._entries)
        self._written_at = written_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._zip.close()
        else:
            # Nothing may be written any more, not even by the garbage collector.
            self._zip.fp = None
        self._entries.close()

    def open(self, name: str, size: int | None = None, *, stored: bool = False) -> IO[bytes]:
        """A new entry to write to and close before the next is opened; `size` is its length in bytes when known."""
        info = zipfile.ZipInfo(name, self._written_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = size or 0
        self._zip.NameToInfo.clear()  # zipfile would remember every name, and warn of equal ones
        # Without a known size the entry must be able to grow beyond 4 GB.
        return self._zip.open(info, "w", force_zip64=size is None)

    def add(self, name: str, content: Path | Iterable[bytes]) -> None:
        """A whole file, read piece by piece; stored as it is when its name says that it is compressed already."""
        stored = _COMPRESSED.search(name) is not None
        if isinstance(content, Path):
            with content.open("rb") as source:
                self.copy(name, source, os.fstat(source.fileno()).st_size, stored=stored)
        else:
            with self.open(name, stored=stored) as entry:
                for piece in content:
                    entry.write(piece)

    def copy(self, name: str, source: BinaryIO | IO[bytes], size: int, *, stored: bool = False) -> None:
        """What is left to read of `source`, `size` bytes."""
        with self.open(name, size, stored=stored) as entry:
            while piece := source.read(_CHUNK):
                entry.write(piece)


class _Entries:
    """The list of entries that zipfile keeps until the end (40 MB for 100,000 photos), kept in a file instead."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._count = 0

    def append(self, info: zipfile.ZipInfo) -> None:
        pickle.dump(info, self._file)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[zipfile.ZipInfo]:
        self._file.seek(0)
        for _ in range(self._count):
            yield pickle.load(self._file)  # noqa: S301 - the file has no name: nobody else wrote it

    def close(self) -> None:
        self._file.close()
