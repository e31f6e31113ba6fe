"""Bytes put into the file store, and the row that makes them exist in a project."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from config.storage import Storage
from forms.models import Blob

PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of stored bytes."""

    sha256: bytes
    size: int
    md5: str


def store(storage: Storage, content: bytes) -> StoredFile:
    """Put bytes into the store, durably; again is harmless."""
    sha256 = hashlib.sha256(content).digest()
    storage.put(sha256, content)
    return StoredFile(sha256, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())


def store_stream(storage: Storage, folder: Path, stream: IO[bytes]) -> StoredFile:
    """Put what can be read from `stream` into the store, without ever holding all of it; `folder` is for what is unfinished."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    part = folder / f"{secrets.token_hex(12)}.upload"
    try:
        with part.open("xb") as file:
            while piece := stream.read(PIECE):
                file.write(piece)
                sha256.update(piece)
                md5.update(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
        storage.put(sha256.digest(), part)
    finally:
        part.unlink(missing_ok=True)
    return StoredFile(sha256.digest(), size, md5.hexdigest())


def ensure_blob(session: Session, project_id: int, file: StoredFile) -> None:
    """The row that makes a stored file exist in a project."""
    if session.get(Blob, (project_id, file.sha256)) is None:
        session.add(Blob(project_id=project_id, sha256=file.sha256, size=file.size, md5=file.md5))
        session.flush()


def stored_file(session: Session, project_id: int, sha256: bytes) -> StoredFile:
    """What is known of bytes that have their row."""
    blob = session.get_one(Blob, (project_id, sha256))
    return StoredFile(blob.sha256, blob.size, blob.md5)
