"""`relais backup`: a copy of everything, made while the server runs, read again before it is called one.

The database is copied first, then the files it names: a file is stored before its row, and the sweeper leaves it alone
for two days, so none can be lacking. The first copy grows in `FOLDER.part` and takes its name when it is whole; later
ones add to it and replace the database at the end. Killed at any moment, the folder holds the former copy or the new.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from config import errors
from config.backup_folder import (
    DATABASE,
    FORMAT,
    MANIFEST,
    NEXT_MANIFEST,
    Contents,
    Manifest,
    copied_files,
    finish_replacing,
    intact,
    load_manifest,
    named_files,
    one_at_a_time,
    read_again,
    sqlite_file,
    sync,
    write_durably,
)
from config.clock import now, wire
from config.database import Database, Model, sqlite_module
from config.row_copy import copy_rows, count_rows
from config.schema import upgrade
from config.secret import FILE as SECRET
from config.services import Services
from config.storage import Storage
from config.storage.disk import DiskStorage

SNAPSHOT = f"{DATABASE}.part"
BEING_COPIED = "file.part"


def make_backup(opened: Services, folder: Path) -> Contents:
    """Make `folder` a whole copy of this installation, or bring that in it up to date; Problem when that fails."""
    folder = folder.resolve()
    with one_at_a_time(opened.settings.temporary):
        try:
            work = _place_of_work(opened, folder)
            _clear_leftovers(work)
            _demand_space(opened, folder.parent, copied_files(work))
            work.mkdir(mode=0o700, exist_ok=True)
            finish_replacing(work)
            manifest = _fill(opened, work)
            if work != folder:
                work.replace(folder)
                sync(folder.parent)
        except (OSError, SQLAlchemyError, sqlite_module().Error) as error:
            raise errors.backup_failed(folder, error) from error
    return Contents(manifest.files, manifest.bytes, manifest.missing)


def _place_of_work(opened: Services, folder: Path) -> Path:
    """The folder itself when it holds an earlier copy of this installation, else `FOLDER.part`."""
    if (folder / MANIFEST).exists():
        earlier = load_manifest(folder / MANIFEST)
        if earlier is None:
            raise errors.not_a_backup(folder)
        with opened.database.reading() as session:
            # After a restore the incarnation is another one: what was copied before it may be all that is left of it.
            if (earlier.server, earlier.incarnation) != _identity(session.connection()):
                raise errors.backup_of_another(folder)
        return folder
    if not folder.parent.is_dir():
        raise errors.backup_place_missing(folder.parent)
    if folder.is_mount():
        raise errors.backup_needs_subfolder(folder)
    if folder.exists() and any(folder.iterdir()):
        raise errors.backup_folder_taken(folder)
    return folder.with_name(folder.name + ".part")


def _clear_leftovers(work: Path) -> None:
    """Give back the space of a killed run's database, and its journal, which SQLite would play into the next one."""
    for name in (SNAPSHOT, f"{SNAPSHOT}-journal", BEING_COPIED):
        (work / name).unlink(missing_ok=True)


def _identity(connection: Connection) -> tuple[str, str]:
    server = Model.metadata.tables["server"].c
    uid, incarnation = connection.execute(select(server.uid, server.incarnation)).one()
    return uid, incarnation


def _demand_space(opened: Services, place: Path, copies: DiskStorage) -> None:
    """Refuse early, with the two numbers; where files can be linked they take no space."""
    same_disk = opened.settings.data.stat().st_dev == place.stat().st_dev
    linked = opened.settings.blobs.is_dir() and opened.settings.blobs.stat().st_dev == place.stat().st_dev
    with opened.database.reading() as session:
        connection = session.connection()
        if opened.database.is_sqlite:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            needed = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        else:
            needed = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        if not linked:
            needed += sum(size for sha256, size in named_files(connection) if copies.size(sha256) != size)
    # On its own disk a backup must not take the space that phones need.
    needed += opened.settings.reserve_bytes if same_disk else 0
    free = shutil.disk_usage(place).free
    if needed > free:
        raise errors.no_space(place, needed, free)


def _fill(opened: Services, work: Path) -> Manifest:
    copies = copied_files(work)
    snapshot = work / SNAPSHOT
    _copy_database(opened.database, snapshot)
    sync(snapshot)
    digest = read_again(snapshot)
    with sqlite_file(snapshot) as engine, engine.connect() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if digest is None or answer != "ok":
            raise errors.backup_failed(work, answer)
        missing = _copy_files(connection, opened.storage, copies)
        secret = opened.secret.hex() + "\n"
        write_durably(work / SECRET, secret)
        manifest = Manifest(
            format=FORMAT,
            created_at=wire(now()),
            secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
            database_sha256=digest,
            database_bytes=snapshot.stat().st_size,
            missing=missing,
            **_description(connection, missing),
        )
        write_durably(work / NEXT_MANIFEST, manifest.as_text())
        snapshot.replace(work / DATABASE)
        sync(work)
        (work / NEXT_MANIFEST).replace(work / MANIFEST)
        sync(work)
        # Only now: until here the former database was the good one, and named them.
        _forget_files(connection, copies)
    return manifest


def _copy_database(database: Database, path: Path) -> None:
    """One moment of the database as an SQLite file, while others write."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if database.is_sqlite:
        # Row by row into new pages, so that nothing erased survives in a free page of the copy.
        with closing(database.engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(path),))
        return
    with sqlite_file(path) as engine:
        with engine.begin() as target:
            upgrade(target)
        with _one_moment(database.engine) as source, engine.begin() as target:
            copy_rows(source, target)


@contextmanager
def _one_moment(engine: Engine) -> Iterator[Connection]:
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection


def _copy_files(snapshot: Connection, storage: Storage, copies: DiskStorage) -> tuple[str, ...]:
    """Bring every file the snapshot names, keeping those already there; each is read again on the copy's own medium.

    Returns what the server has lost itself: no reason to leave the rest without a copy."""
    missing = []
    for sha256, _ in named_files(snapshot):
        if intact(copies, sha256):
            continue
        if not intact(storage, sha256):
            missing.append(sha256.hex())
            continue
        copies.delete(sha256)
        copies.put(sha256, _bring(storage, sha256, copies.temporary / BEING_COPIED))
        if not intact(copies, sha256):
            raise errors.backup_failed(copies.folder, f"{sha256.hex()} ≠")
    return tuple(missing)


def _bring(storage: Storage, sha256: bytes, part: Path) -> Path:
    with storage.open(sha256) as source:
        try:
            # Stored files never change, so on the same disk a second name is a copy; elsewhere this fails at once.
            os.link(getattr(source, "name", ""), part)
        except OSError:
            with part.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    return part


def _description(snapshot: Connection, missing: tuple[str, ...]) -> dict[str, Any]:
    server, incarnation = _identity(snapshot)
    sizes = [size for sha256, size in named_files(snapshot) if sha256.hex() not in missing]
    return {
        "server": server,
        "incarnation": incarnation,
        "revision": snapshot.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one(),
        "files": len(sizes),
        "bytes": sum(sizes),
        "tables": count_rows(snapshot),
    }


def _forget_files(snapshot: Connection, copies: DiskStorage) -> None:
    """Remove files that no row names any more: what was erased here must not live on in the copy. Both are in order."""
    named = named_files(snapshot)
    wanted = next(named, None)
    for sha256, _ in copies.names():
        while wanted is not None and wanted[0] < sha256:
            wanted = next(named, None)
        if wanted is None or wanted[0] != sha256:
            copies.delete(sha256)
