"""Where the body of a request waits until it is complete, so that no thread waits for a slow phone."""

import io
import tempfile
from pathlib import Path
from typing import IO, BinaryIO

# A form with a reduced photo stays in memory; a thousand stalled uploads at this size still fit a small machine.
MEMORY_LIMIT = 256 * 1024


class BodySpool:
    """Bytes in memory, or in an unnamed file below `folder` once there are many. OSError when the disk is full.

    It takes the place of waitress's own buffer, which asks for three file operations per 8 KB and puts its file
    wherever the system's temporary files are.
    """

    __slots__ = ("_file", "_folder", "_pieces", "_size")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Take more bytes."""
        self._size += len(data)
        if self._file is not None:
            _write(self._file, data)
            return
        self._pieces.append(data)
        if self._size > MEMORY_LIMIT:
            self._file = _unnamed_file(self._folder)
            _write(self._file, b"".join(self._pieces))
            self._pieces = []

    def getfile(self) -> BinaryIO:
        """All of it, as a readable file at its beginning."""
        if self._file is None:
            return io.BytesIO(b"".join(self._pieces))
        self._file.seek(0)
        return self._file  # type: ignore[return-value]  # an unbuffered temporary file is a FileIO

    def close(self) -> None:
        """Forget the bytes and give the space back."""
        self._pieces = []
        if self._file is not None:
            self._file.close()


def _write(file: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        # Just before the disk is full, a part of the bytes is written.
        rest = rest[file.write(rest) :]


def _unnamed_file(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except FileNotFoundError:
        # Somebody tidied up. Not with parents: a data folder that is gone (an unmounted disk) must stay an error.
        folder.mkdir(exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=0)
