"""Stored files by their SHA-256. Each kind of store is one file of this folder; `open_storage` chooses."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from config.settings import Settings
from config.storage.disk import DiskStorage

# What an OSError says when no more bytes can be stored.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Storage(Protocol):
    """Where blobs live. A blob exists for the product only when a database row names it."""

    def put(self, sha256: bytes, source: Path | bytes) -> None:
        """Store bytes durably (fsync) before returning; again is harmless and refreshes the time the sweeper looks at.
        A `source` path is moved away."""

    def open(self, sha256: bytes) -> BinaryIO:
        """The bytes; FileNotFoundError when absent."""

    def size(self, sha256: bytes) -> int | None:
        """Length in bytes, None when absent."""

    def names(self) -> Iterator[tuple[bytes, float]]:
        """Every stored blob and the time (seconds since the epoch) it was last put."""

    def delete(self, sha256: bytes) -> None:
        """Remove; absent is fine."""

    def free(self) -> int:
        """Bytes that can still be stored."""


def open_storage(settings: Settings) -> Storage:
    """The store this deployment chose."""
    return DiskStorage(settings.blobs, settings.temporary)
