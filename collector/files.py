"""The files of a receipt: added when they come, carried to the edits that still name them, never overwritten."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from accounts.events import Happening, record
from collector.arrival import StoredFile
from collector.receipts import Known, names
from config.statements import Statement, stored_moment

CLIENT_AUDIT = "audit.csv"

_INSERT_BLOB = Statement(
    "INSERT INTO blob (project_id, sha256, size, md5) VALUES (?, ?, ?, ?) ON CONFLICT (project_id, sha256) DO NOTHING"
)
_FILES = Statement(
    "SELECT name, sha256, content_type, current, carried_from FROM receipt_file WHERE project_id = ? AND receipt_id = ?"
)
_RETIRE_FILE = Statement(
    "UPDATE receipt_file SET current = ? WHERE project_id = ? AND receipt_id = ? AND name = ? AND current = ?"
)
_INSERT_FILE = Statement(
    "INSERT INTO receipt_file (project_id, receipt_id, name, sha256, content_type, current, expected, carried_from, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, receipt_id, name, sha256) DO UPDATE SET current = excluded.current"
)
_STORED = Statement(
    "SELECT f.name, f.content_type, f.sha256, b.md5, b.size FROM receipt_file f JOIN blob b ON b.project_id = f.project_id "
    "AND b.sha256 = f.sha256 WHERE f.project_id = ? AND f.receipt_id = ? AND f.current = ?"
)
_MARK = Statement("UPDATE receipt_file SET expected = ? WHERE project_id = ? AND receipt_id = ? AND name = ?")
_LATER_VERSIONS = Statement(
    "SELECT id, expected, encrypted IS NOT NULL FROM receipt WHERE project_id = ? AND submission_id = ? AND version_no > ? "
    "ORDER BY version_no"
)


def attach(
    connection: Connection,
    project_id: int,
    receipt: Known,
    files: Iterable[StoredFile],
    now: datetime,
    *,
    actor_id: int | None,
    new: bool,
) -> int:
    """Add the files that came with a receipt; how many were new. The same name with other bytes: the newest is shown, the
    older kept. A file that arrives late for a version is carried to the later ones that name it and lack it."""
    files = list(files)
    if not files:
        return 0
    have = [] if new else files_of(connection, project_id, receipt.id)
    known = {(name, sha256) for name, sha256, *_ in have}
    shown = {name: carried for name, _, _, current, carried in have if current}
    added = 0
    for file in files:
        if (file.name, file.sha256) in known:
            continue
        known.add((file.name, file.sha256))
        _INSERT_BLOB.run(connection, (project_id, file.sha256, file.size, file.md5))
        if file.name in shown:
            _RETIRE_FILE.run(connection, (False, project_id, receipt.id, file.name, True))
        replaced = file.name in shown
        shown[file.name] = None
        _insert_file(connection, project_id, receipt.id, file, receipt.expected, None, now)
        added += 1
        if not new:
            record(
                connection,
                Happening(
                    project_id,
                    "submission.attachment.update",
                    actor_id,
                    form_id=receipt.form_id or None,
                    submission_id=receipt.submission_id,
                    receipt_id=receipt.id,
                    details={"replaced": replaced},
                ),
            )
        if receipt.version_no is not None and not new and file.name != CLIENT_AUDIT:
            _carry_to_later(connection, project_id, receipt, file, now)
    return added


def files_of(
    connection: Connection, project_id: int, receipt_id: int
) -> list[tuple[str, bytes, str, bool, int | None]]:
    """(name, sha256, content type, current, carried from) of every file of a receipt."""
    rows = _FILES.rows(connection, (project_id, receipt_id))
    return [(row[0], bytes(row[1]), row[2], bool(row[3]), row[4]) for row in rows]


def carry_forward(connection: Connection, project_id: int, parent_id: int, child: Known, now: datetime) -> None:
    """Give an edit the files its XML still names; the client audit log is a new one with every edit (C56)."""
    own = {name for name, _, _, current, _ in files_of(connection, project_id, child.id) if current}
    for name, sha256, content_type, current, _ in files_of(connection, project_id, parent_id):
        if current and name in child.expected and name not in own and name != CLIENT_AUDIT:
            file = StoredFile(name, content_type, sha256, "", 0)
            _insert_file(connection, project_id, child.id, file, child.expected, parent_id, now)


def _carry_to_later(connection: Connection, project_id: int, receipt: Known, file: StoredFile, now: datetime) -> None:
    for later_id, expected, encrypted in _LATER_VERSIONS.rows(
        connection, (project_id, receipt.submission_id, receipt.version_no)
    ):
        wanted = names(expected)
        shown = {
            name: carried for name, _, _, current, carried in files_of(connection, project_id, later_id) if current
        }
        if encrypted or file.name not in wanted or shown.get(file.name, receipt.id) is None:
            # The later version has its own key, does not name it, or brought its own: those after it carry from that one.
            return
        if file.name in shown:
            _RETIRE_FILE.run(connection, (False, project_id, later_id, file.name, True))
        _insert_file(connection, project_id, later_id, file, wanted, receipt.id, now)


def _insert_file(
    connection: Connection,
    project_id: int,
    receipt_id: int,
    file: StoredFile,
    expected: Sequence[str],
    carried_from: int | None,
    now: datetime,
) -> None:
    moment = stored_moment(connection, now)
    values = (
        project_id,
        receipt_id,
        file.name,
        file.sha256,
        file.content_type,
        True,
        file.name in expected,
        carried_from,
        moment,
    )
    _INSERT_FILE.run(connection, values)


def fill_gaps(
    connection: Connection,
    project_id: int,
    receipt: Known,
    files: Iterable[StoredFile],
    now: datetime,
    actor_id: int | None,
) -> int:
    """Add those files that a version names and does not have; how many."""
    have = {name for name, _, _, current, _ in files_of(connection, project_id, receipt.id) if current}
    lacking = [file for file in files if file.name in receipt.expected and file.name not in have]
    return attach(connection, project_id, receipt, lacking, now, actor_id=actor_id, new=False)


def stored_files_of(connection: Connection, project_id: int, receipt_id: int) -> list[StoredFile]:
    """The files shown with a receipt, as they would arrive."""
    return [
        StoredFile(row[0], row[1], bytes(row[2]), row[3], row[4])
        for row in _STORED.rows(connection, (project_id, receipt_id, True))
    ]


def mark_expected(connection: Connection, project_id: int, receipt_id: int, expected: Sequence[str]) -> None:
    """Say which files of a receipt its XML names, once its form version is known."""
    for name in dict.fromkeys(name for name, *_ in files_of(connection, project_id, receipt_id)):
        _MARK.run(connection, (name in expected, project_id, receipt_id, name))
