"""What a backup folder is, and how it is read again to be sure of it.

    relais.sqlite3   every row, whatever database the server uses
    files/           every stored file, as config.storage.disk lays them out
    secret.key       the installation's secret
    manifest.json    whose copy this is, of when, and what it holds

It is whole when the manifest carries the SHA-256 of the database and every file that the database names lies under
`files/`, or is listed as missing because the server itself had lost it.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, NullPool, create_engine, select

from config.database import Model, sqlite_module
from config.errors import backup_damaged, backup_too_new, backup_under_way, not_a_backup
from config.storage import Storage
from config.storage.disk import DiskStorage

FORMAT = 1
DATABASE = "relais.sqlite3"
MANIFEST = "manifest.json"
# The manifest of the database about to take its place: two files cannot be replaced at one stroke.
NEXT_MANIFEST = "manifest.next.json"


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; `bytes` are those of the stored files, `missing` are SHA-256 in hexadecimal."""

    format: int
    created_at: str
    server: str
    incarnation: str
    revision: str
    secret_sha256: str
    database_sha256: str
    database_bytes: int
    files: int
    bytes: int
    missing: tuple[str, ...]
    tables: Mapping[str, int]

    def as_text(self) -> str:
        """As it is written; people read it too."""
        return json.dumps(asdict(self), indent=2) + "\n"


@dataclass(frozen=True)
class Contents:
    """What was copied or put back: stored files, their bytes, and the SHA-256 (hexadecimal) of those that are lost."""

    files: int
    bytes: int
    missing: tuple[str, ...]


def copied_files(folder: Path) -> DiskStorage:
    """The stored files of a backup; what is unfinished lies beside the database."""
    return DiskStorage(folder / "files", folder)


def load_manifest(path: Path) -> Manifest | None:
    """What the file says, None when it is no manifest; Problem when a newer program wrote it."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] > FORMAT:
            raise backup_too_new(path.parent)
        return Manifest(**{**values, "missing": tuple(values["missing"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the very database that lies there; Problem when there is none or its bytes have changed."""
    manifests = [load_manifest(folder / name) for name in (NEXT_MANIFEST, MANIFEST)]
    known = [manifest for manifest in manifests if manifest is not None]
    if not known:
        raise not_a_backup(folder)
    digest = read_again(folder / DATABASE)
    for manifest in known:
        if manifest.database_sha256 == digest:
            return manifest
    raise backup_damaged(folder, [DATABASE])


def finish_replacing(folder: Path) -> None:
    """Complete what a power cut left between a new database and its manifest, or forget a manifest too early."""
    early = load_manifest(folder / NEXT_MANIFEST)
    if early is not None and early.database_sha256 == read_again(folder / DATABASE):
        (folder / NEXT_MANIFEST).replace(folder / MANIFEST)
    (folder / NEXT_MANIFEST).unlink(missing_ok=True)
    sync(folder)


def read_again(path: Path) -> str | None:
    """SHA-256 in hexadecimal of what the medium holds, None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return _digest_from_medium(file).hex()
    except OSError:
        return None


def intact(storage: Storage, sha256: bytes) -> bool:
    """True when the store gives the bytes of that name."""
    try:
        with storage.open(sha256) as file:
            return _digest_from_medium(file) == sha256
    except OSError:
        return False


def _digest_from_medium(file: BinaryIO) -> bytes:
    # Bytes just written would come back from memory and prove nothing. Streams of a remote store have no descriptor.
    with suppress(OSError, AttributeError):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.digest()


def named_files(connection: Connection) -> Iterator[tuple[bytes, int]]:
    """(SHA-256, size) of every stored file that a row names, once, in order of the hash; read as it is used."""
    blob = Model.metadata.tables["blob"].c
    query = select(blob.sha256, blob.size).distinct().order_by(blob.sha256)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        yield row.sha256, row.size


@contextmanager
def one_at_a_time(temporary: Path) -> Iterator[None]:
    """Hold the right to back up or restore this installation on this machine; Problem when somebody else has it."""
    with (temporary / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise backup_under_way() from None
        yield


@contextmanager
def sqlite_file(path: Path) -> Iterator[Engine]:
    """A database file that nobody else has open: one file, no WAL beside it, so that it can be moved."""
    engine = create_engine(f"sqlite:///{path}", module=sqlite_module(), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


def write_durably(path: Path, text: str) -> None:
    """Write a small file, readable by its owner alone, so that it is there whole or as it was before."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Put a file's bytes, or a folder's names, on the medium."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
