"""What must be true of the database, the files and the exports; read directly, one sentence for each fault."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import zstandard

from config.database import engine_options
from tests.crashing.cases import FORM_ID, Case
from tests.server_process import Prepared, ServerProcess

_RECEIPTS = "SELECT id, xml_sha256, xml, status FROM receipt WHERE project_id = 1 AND instance_id = :instance"
_FILES = 'SELECT name, sha256 FROM receipt_file WHERE project_id = 1 AND receipt_id = :receipt AND "current"'
_TWICE = {
    "receipt": "SELECT instance_id, xml_sha256 FROM receipt GROUP BY instance_id, xml_sha256 HAVING count(*) > 1",
    "version": "SELECT instance_id FROM receipt WHERE status = 'version' GROUP BY instance_id HAVING count(*) > 1",
    "submission": "SELECT instance_id FROM submission GROUP BY instance_id HAVING count(*) > 1",
    "file": "SELECT receipt_id, name FROM receipt_file GROUP BY receipt_id, name HAVING count(*) > 1",
    "event": "SELECT receipt_id, action FROM event WHERE action IN ('submission.create', 'submission.update.version') "
    "GROUP BY receipt_id, action HAVING count(*) > 1",
}
_VERSIONS = (
    "SELECT s.instance_id, s.versions, r.instance_id FROM submission s JOIN receipt r "
    "ON r.project_id = s.project_id AND r.id = s.current_receipt_id"
)


class Verification:
    """One database and its blob folder."""

    def __init__(self, database_url: str, files: Path) -> None:
        self._engine = sa.create_engine(database_url, **engine_options(database_url))
        self._files = files

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def missing(self, heard: Iterable[tuple[Case, frozenset[str]]]) -> Iterator[str]:
        """What was acknowledged, with which files, and is not there exactly once, byte for byte."""
        with self._engine.connect() as connection:
            for case, names in heard:
                for fault in self._faults(connection, case, names):
                    yield f"{case.kind} {case.instance_id}: {fault}"
        self._engine.dispose()

    def whole(self, cases: list[Case]) -> Iterator[str]:
        """What is wrong once every case has been acknowledged with all its files."""
        yield from self.missing((case, frozenset(case.photos)) for case in cases)
        statuses = Counter(case.status for case in cases)
        edits = {case.original.instance_id: case for case in cases if case.kind == "edit" and case.original}
        expected = {
            case.instance_id: (1 + (case.instance_id in edits), edits.get(case.instance_id, case).instance_id)
            for case in cases
            if case.kind == "original"
        }
        with self._engine.connect() as connection:
            for what, statement in _TWICE.items():
                yield from (f"{what} twice: {tuple(row)}" for row in connection.execute(sa.text(statement)))
            rows = connection.execute(sa.text("SELECT status, count(*) FROM receipt GROUP BY status"))
            if (stored := {row[0]: row[1] for row in rows}) != statuses:
                yield f"the receipts are {stored}, sent were {dict(statuses)}"
            found = {row[0]: (row[1], row[2]) for row in connection.execute(sa.text(_VERSIONS))}
            if found != expected:
                yield f"{len(found.items() ^ expected.items())} submissions have other versions than were sent"
        self._engine.dispose()

    def _faults(self, connection: sa.Connection, case: Case, names: frozenset[str]) -> Iterator[str]:
        receipts = connection.execute(sa.text(_RECEIPTS), {"instance": case.instance_id}).all()
        same = [row for row in receipts if bytes(row[1]) == case.sha256]
        if len(same) != 1:
            yield f"{len(same)} receipts of what was acknowledged"
            return
        receipt_id, _, xml, status = same[0]
        if zstandard.ZstdDecompressor().decompress(bytes(xml)) != case.xml:
            yield "other bytes than were sent"
        if status not in (case.status, "held"):
            yield f"it is {status} instead of {case.status}"
        stored = list(connection.execute(sa.text(_FILES), {"receipt": receipt_id}))
        for name in names:
            yield from self._file_faults(name, case.photos[name].sha256(), stored)

    def _file_faults(self, name: str, sha256: bytes, stored: list[Any]) -> Iterator[str]:
        if [bytes(row[1]) for row in stored if row[0] == name] != [sha256]:
            yield f"file {name} is not there once, with the bytes sent"
            return
        path = self._files / sha256.hex()[:2] / sha256.hex()
        if not path.exists() or hashlib.sha256(path.read_bytes()).digest() != sha256:
            yield f"the stored bytes of file {name} are not those sent"


def export_faults(served: ServerProcess, prepared: Prepared, cases: list[Case]) -> Iterator[str]:
    """What of the cases the CSV over REST does not show, or shows wrongly."""
    path = f"/v1/projects/1/forms/{FORM_ID}/submissions.csv"
    status, body = served.get(path, prepared.admin)
    if status != 200:
        yield f"the CSV was answered {status}"
        return
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    edits = {case.original.instance_id: case for case in cases if case.kind == "edit" and case.original}
    originals = [case for case in cases if case.kind == "original"]
    expected = Counter(_line(case, edits.get(case.instance_id, case)) for case in originals)
    shown = Counter(
        (row["KEY"], row["meta-instanceID"], row["name"], row["AttachmentsPresent"], row["Edits"]) for row in rows
    )
    for line in expected - shown:
        yield f"the CSV lacks {line}"
    for line in shown - expected:
        yield f"the CSV has {line} besides"


def _line(original: Case, latest: Case) -> tuple[str, str, str, str, str]:
    name = latest.xml.partition(b"<name>")[2].partition(b"</name>")[0].decode()
    return original.instance_id, latest.instance_id, name, str(len(latest.photos)), str(int(latest is not original))
