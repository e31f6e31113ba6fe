"""`relais restore`: put a backup into an empty installation, whatever database it was made from.

The backup is read and verified first; its database is copied aside and migrated there; the files are stored, where they
mean nothing without rows; the rows come last, in one transaction. Interrupted at any moment, the server is still empty
and the restore can be repeated.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from config import errors, schema
from config.backup_folder import (
    DATABASE,
    Contents,
    Manifest,
    copied_files,
    intact,
    named_files,
    one_at_a_time,
    read_again,
    read_manifest,
    sqlite_file,
    write_durably,
)
from config.database import Model
from config.row_copy import copy_rows
from config.secret import FILE as SECRET
from config.services import Services

# A row in one of these is somebody's work.
MADE_BY_PEOPLE = ("project", "web_user", "app_user", "form", "receipt")
# These mean something only where and when they were written: a sign-in ended since then must not come back to life.
OF_THE_MOMENT = ("session", "lease")


def restore_backup(opened: Services, folder: Path, *, without_damaged: bool = False) -> Contents:
    """Put the backup in `folder` into this empty installation, under a new incarnation; Problem, and nothing done, when
    it cannot be. `without_damaged` leaves out stored files that the backup's medium has spoilt, instead of refusing."""
    folder = folder.resolve()
    try:
        with opened.database.reading() as session:
            _demand_empty(session.connection())
        manifest = read_manifest(folder)
        _demand_known_revision(folder, manifest)
        secret = _read_secret(opened, folder, manifest)
        _demand_space(opened, manifest)
        with one_at_a_time(opened.settings.temporary), _aside(opened.settings.temporary / "restore") as temporary:
            return _put_back(opened, folder, manifest, secret, temporary, without_damaged=without_damaged)
    except DBAPIError as error:
        raise errors.restore_failed(error.orig) from error
    except (OSError, SQLAlchemyError) as error:
        raise errors.restore_failed(error) from error


@contextmanager
def _aside(temporary: Path) -> Iterator[Path]:
    """An empty folder; a killed restore may have left answers of people in it."""
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary)


def _put_back(
    opened: Services, folder: Path, manifest: Manifest, secret: str, temporary: Path, *, without_damaged: bool
) -> Contents:
    aside = temporary / DATABASE
    shutil.copyfile(folder / DATABASE, aside)
    if read_again(aside) != manifest.database_sha256:
        raise errors.backup_damaged(folder, [DATABASE])
    with sqlite_file(aside) as engine:
        with engine.begin() as staged:
            if staged.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok":
                raise errors.backup_damaged(folder, [DATABASE])
            schema.upgrade(staged)
            _begin_anew(staged)
        with engine.connect() as staged:
            lost = _lost_files(staged, folder)
            damaged = [name for name in lost if name not in manifest.missing]
            if damaged and not without_damaged:
                raise errors.backup_damaged(folder, [f"files/{name[:2]}/{name}" for name in damaged])
            contents = _put_files(opened, staged, folder, lost, temporary)
        if not opened.settings.secret_key:
            # Before the rows: an empty server may have any secret, a full one only its own.
            write_durably(opened.settings.data / SECRET, secret)
        with engine.connect() as staged, opened.database.transaction() as session:
            # Asked again under the lock; on PostgreSQL, rows made meanwhile collide with ours and end the transaction.
            _demand_empty(session.connection())
            copy_rows(staged, session.connection())
    return contents


def _demand_empty(connection: Connection) -> None:
    for name in MADE_BY_PEOPLE:
        if connection.execute(select(1).select_from(Model.metadata.tables[name]).limit(1)).first() is not None:
            raise errors.server_not_empty()


def _demand_known_revision(folder: Path, manifest: Manifest) -> None:
    try:
        ScriptDirectory(str(schema.MIGRATIONS)).get_revision(manifest.revision)
    except CommandError:
        raise errors.backup_too_new(folder) from None


def _read_secret(opened: Services, folder: Path, manifest: Manifest) -> str:
    if read_again(folder / SECRET) != manifest.secret_sha256:
        raise errors.backup_damaged(folder, [SECRET])
    secret = (folder / SECRET).read_text(encoding="ascii")
    if opened.settings.secret_key and bytes.fromhex(secret.strip()) != opened.secret:
        raise errors.other_secret()
    return secret


def _demand_space(opened: Services, manifest: Manifest) -> None:
    data = opened.settings.data
    # The copy aside; for SQLite also the rows in its WAL and then in the database.
    needed = manifest.database_bytes * (3 if opened.database.is_sqlite else 1)
    opened.settings.blobs.mkdir(mode=0o700, parents=True, exist_ok=True)
    if opened.settings.blobs.stat().st_dev == data.stat().st_dev:
        needed += manifest.bytes
    free = shutil.disk_usage(data).free
    if needed > free:
        raise errors.no_space(data, needed, free)
    if manifest.bytes > opened.storage.free():
        raise errors.no_space(opened.settings.blobs, manifest.bytes, opened.storage.free())


def _lost_files(staged: Connection, folder: Path) -> list[str]:
    """Every file the rows name is read; the hashes of those the backup cannot give."""
    copies = copied_files(folder)
    return [sha256.hex() for sha256, _ in named_files(staged) if not intact(copies, sha256)]


def _put_files(opened: Services, staged: Connection, folder: Path, lost: list[str], temporary: Path) -> Contents:
    copies = copied_files(folder)
    left_out = set(lost)
    files = size = 0
    for sha256, length in named_files(staged):
        if sha256.hex() in left_out:
            continue
        part = temporary / "file.part"
        with copies.open(sha256) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        opened.storage.put(sha256, part)
        files += 1
        size += length
    return Contents(files, size, tuple(lost))


def _begin_anew(staged: Connection) -> None:
    """Others who know this server must see that its numbers may have gone back: it is another incarnation of it."""
    staged.execute(update(Model.metadata.tables["server"]).values(incarnation=str(uuid4())))
    for name in OF_THE_MOMENT:
        staged.execute(delete(Model.metadata.tables[name]))
