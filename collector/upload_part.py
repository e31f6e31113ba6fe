"""One file of an upload, while it comes and once it is whole."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

MEMORY_LIMIT = 64 * 1024
# Temporary files of this name are of no use to anybody but the request that makes them.
UPLOAD_PREFIX = "upload-"


@dataclass(frozen=True, slots=True)
class Part:
    """One file as it came. Its bytes are in `content` (up to 64 KB) or in the file at `path`; hashes are raw digests.

    `name` is the exact text the phone sent, to be matched with the XML: never use it as a path.
    """

    name: str
    content_type: str
    sha256: bytes
    md5: bytes
    size: int
    content: bytes | None = None
    path: Path | None = None

    def open(self) -> BinaryIO:
        """The part's bytes as a readable binary file."""
        if self.path is not None:
            return self.path.open("rb")
        return BytesIO(self.content or b"")


class GatheredPart:
    """A part's bytes on the way in: in memory, or hashed and written below `spool` once there are more than 64 KB."""

    __slots__ = ("_file", "_limit", "_md5", "_path", "_pieces", "_sha256", "_spool", "size")

    def __init__(self, limit: int, spool: Path | None = None) -> None:
        self._limit, self._spool = limit, spool
        self._pieces: list[bytes] = []
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self.size = 0

    def add(self, data: bytes) -> bool:
        """Take more bytes; False when they are too many."""
        self.size += len(data)
        if self.size > self._limit:
            return False
        if self._file is not None:
            self._write(self._file, data)
            return True
        self._pieces.append(data)
        if self._spool is not None and self.size > MEMORY_LIMIT:
            self._spill(self._spool)
        return True

    def content(self) -> bytes:
        """The bytes kept in memory."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def part(self, name: str, content_type: str) -> Part:
        """The finished file."""
        if self._file is None:
            content = self.content()
            sha256, md5 = hashlib.sha256(content).digest(), hashlib.md5(content, usedforsecurity=False).digest()
            return Part(name, content_type, sha256, md5, self.size, content=content)
        # The last bytes leave Python's buffer here, so a full disk is noticed before the part is believed.
        self._file.close()
        return Part(name, content_type, self._sha256.digest(), self._md5.digest(), self.size, path=self._path)

    def discard(self) -> None:
        """Close and delete the temporary file, if there is one."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        delete([self._path])

    def _spill(self, spool: Path) -> None:
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        handle, name = _temporary_file(spool)
        self._path, self._file = Path(name), os.fdopen(handle, "wb")
        for piece in self._pieces:
            self._write(self._file, piece)
        self._pieces = []

    def _write(self, file: BinaryIO, data: bytes) -> None:
        self._sha256.update(data)
        self._md5.update(data)
        file.write(data)


def _temporary_file(spool: Path) -> tuple[int, str]:
    try:
        return tempfile.mkstemp(prefix=UPLOAD_PREFIX, dir=spool)
    except FileNotFoundError:
        # Somebody tidied up. Not with parents: a data folder that is gone (an unmounted disk) must stay an error.
        spool.mkdir(exist_ok=True)
        return tempfile.mkstemp(prefix=UPLOAD_PREFIX, dir=spool)


def delete(paths: Iterable[Path | None]) -> None:
    """Delete the files that are still there."""
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
