"""Blobs as plain files: two letters of the hash, then the hash."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Seconds after which a directory entry is taken to be on disk without asking again.
SETTLED = 60.0


class DiskStorage:
    """See config.storage.Storage."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder = folder
        self.temporary = temporary
        self._known_folders: set[Path] = set()

    def put(self, sha256: bytes, source: Path | bytes) -> None:
        path = self._path(sha256)
        length = len(source) if isinstance(source, bytes) else source.stat().st_size
        if self.size(sha256) == length:
            # Not st_mtime, when the last byte was written: fsync of a video to a slow card takes minutes after that.
            if time.time() - path.stat().st_ctime < SETTLED:
                # Another thread may have renamed it into place and not yet have made the name durable.
                _sync(path.parent)
            os.utime(path)
            if isinstance(source, Path):
                source.unlink()
            return
        self._make_folder(path.parent)
        # Without fsync of the bytes before the rename, and of the folder after it, a power cut could leave a row whose
        # file is empty or gone.
        if isinstance(source, bytes):
            source = self._write(source)
        else:
            _sync(source)
        try:
            source.replace(path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(source, path)
        _sync(path.parent)

    def _copy(self, source: Path, path: Path) -> None:
        """Across filesystems a rename cannot move: copy beside the target first, so that no half file has the name."""
        part = path.with_name(f".{secrets.token_hex(12)}")
        try:
            shutil.copyfile(source, part)
            _sync(part)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        source.unlink()

    def _write(self, content: bytes) -> Path:
        part = self.temporary / f"{secrets.token_hex(12)}.blob"
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            # What little a full disk has left must not go to files that nobody will finish.
            part.unlink(missing_ok=True)
            raise
        return part

    def _make_folder(self, folder: Path) -> None:
        if folder not in self._known_folders:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Also when it is there already: whoever made it, a moment ago or before a crash, may not have come to this.
            _sync(folder.parent)
            self._known_folders.add(folder)

    def open(self, sha256: bytes) -> BinaryIO:
        return self._path(sha256).open("rb")

    def size(self, sha256: bytes) -> int | None:
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def names(self) -> Iterator[tuple[bytes, float]]:
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if not path.name.startswith("."):
                    yield bytes.fromhex(path.name), path.stat().st_mtime

    def delete(self, sha256: bytes) -> None:
        self._path(sha256).unlink(missing_ok=True)

    def free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def _path(self, sha256: bytes) -> Path:
        name = sha256.hex()
        return self.folder / name[:2] / name


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
