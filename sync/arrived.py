"""Submissions as they stand when they are matched: a slice of them is read in a few statements, however many they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from collector.answers import Tables
from config.statements import Among, listed

_STANDING = Among(
    "SELECT s.id, s.form_id, s.instance_id, s.current_receipt_id, s.submitter_id, s.device_id, r.form_version_id, f.xml_sha256, "
    "s.deleted_at IS NOT NULL OR s.training OR s.draft_version_id <> 0, s.draft_version_id <> 0 "
    "FROM submission s CROSS JOIN receipt r CROSS JOIN receipt f WHERE s.project_id = ? AND s.id IN ? "
    "AND r.project_id = s.project_id AND r.id = s.current_receipt_id AND f.project_id = s.project_id AND f.id = s.id"
)
_ANSWERS = Among("SELECT receipt_id, table_no, rows FROM answers WHERE project_id = ? AND receipt_id IN ?")
_FILES = Among("SELECT receipt_id, name, sha256 FROM receipt_file WHERE project_id = ? AND receipt_id IN ? AND current")


@dataclass(frozen=True, slots=True)
class Arrived:
    """One submission. `origin`: what only servers that hold it know of it; `left_out`: it is not to be found (in the trash, an
    exercise, of a draft)."""

    id: int
    form_id: int
    instance_id: str
    receipt_id: int
    submitter_id: int | None
    device_id: str | None
    version_id: int | None
    origin: bytes
    left_out: bool
    draft: bool


def standing(connection: Connection, project_id: int, ids: Sequence[int]) -> dict[int, Arrived]:
    """Those of these submissions that are there, as they are now."""
    rows = _STANDING.rows(connection, (project_id, listed(connection, ids)))
    return {row[0]: _arrived(*row) for row in rows}


def _arrived(*row: Any) -> Arrived:
    number, form_id, name, receipt_id, submitter_id, device_id, version_id, origin, left_out, draft = row
    sent = (submitter_id, device_id)
    return Arrived(number, form_id, name, receipt_id, *sent, version_id, bytes(origin), bool(left_out), bool(draft))


def answers_of(connection: Connection, project_id: int, receipt_ids: Sequence[int]) -> dict[int, Tables]:
    """The answers of each receipt by table number; encrypted ones have none."""
    found: dict[int, Tables] = {}
    for receipt_id, table_no, rows in _ANSWERS.rows(connection, (project_id, listed(connection, receipt_ids))):
        found.setdefault(receipt_id, {})[table_no] = orjson.loads(rows)
    return found


def files_of(connection: Connection, project_id: int, receipt_ids: Sequence[int]) -> Mapping[int, dict[str, bytes]]:
    """SHA-256 of the files of receipts, by name."""
    found: dict[int, dict[str, Any]] = {}
    for receipt_id, name, sha256 in _FILES.rows(connection, (project_id, listed(connection, receipt_ids))):
        found.setdefault(receipt_id, {})[name] = bytes(sha256)
    return found
