"""The rows of the receiving path: reading what is known of an instance, writing what became of an arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from collector.answers import Tables
from collector.models import WAITING
from config.statements import Insert, Row, Statement, stored_moment
from config.writer import MEMO

_KNOWN = Statement(
    "SELECT id, xml_form_id, form_id, draft_version_id, xml_sha256, status, reason, submission_id, version_no, deprecated_id, expected "
    "FROM receipt WHERE project_id = ? AND instance_id = ?"
)
# PostgreSQL alone: all the instances of a batch in one question, each looked up by itself (OFFSET 0): before a new database
# has statistics, it would rather read every receipt of the project.
_KNOWN_OF_MANY = Statement(
    "SELECT w.instance_id, r.* FROM unnest(?::text[]) AS w (instance_id) CROSS JOIN LATERAL (SELECT id, xml_form_id, form_id, "
    "draft_version_id, xml_sha256, status, reason, submission_id, version_no, deprecated_id, expected FROM receipt "
    "WHERE project_id = ? AND instance_id = w.instance_id OFFSET 0) AS r"
)
_XML = Statement("SELECT xml FROM receipt WHERE project_id = ? AND id = ?")
_FORM = Statement(
    "SELECT f.id, f.state, f.deleted_at, v.id, v.sha256, p.late "
    "FROM form f JOIN project p ON p.id = f.project_id LEFT JOIN form_version v "
    "ON v.project_id = f.project_id AND v.form_id = f.id AND v.version = ? AND v.published_at IS NOT NULL "
    "WHERE f.project_id = ? AND f.xml_form_id = ? ORDER BY f.deleted_at IS NULL DESC, f.id DESC LIMIT 1"
)
_ANY_TOMBSTONE = Statement("SELECT 1 FROM tombstone WHERE project_id = ? AND kind = 'instance' LIMIT 1")
_ANY_HELD = Statement(
    f"SELECT 1 FROM receipt WHERE project_id = ? AND status = 'held' AND {WAITING} LIMIT 1"  # noqa: S608 - our constant
)
_ERASED = Statement("SELECT 1 FROM tombstone WHERE project_id = ? AND kind = 'instance' AND key_hmac = ?")
_VERSION_XML = Statement("SELECT xml FROM form_version WHERE project_id = ? AND id = ?")
_PLACE = Statement("SELECT form_id, id, sha256 FROM form_version WHERE project_id = ? AND id = ?")
_CURRENT = Statement("SELECT versions, current_receipt_id, deleted_at FROM submission WHERE project_id = ? AND id = ?")
_CHILDREN = Statement(
    "SELECT id FROM receipt WHERE project_id = ? AND status = 'held' AND deprecated_id = ? AND form_id = ? AND draft_version_id = ?"
)
_QUOTA = Statement(
    f"SELECT count(*) FROM receipt WHERE project_id = ? AND status = 'conflict' AND actor_id = ? AND {WAITING}"  # noqa: S608
)
_INSERT_RECEIPT = Insert(
    "receipt",
    "project_id, id, xml_form_id, form_id, form_version_id, form_version, draft_version_id, instance_id, deprecated_id, "
    "xml_sha256, status, reason, submission_id, version_no, xml, expected, encrypted, instance_name, actor_id, device_id, user_agent, "
    "created_at, received_at, collected_at",
)
_SETTLE_RECEIPT = Statement(
    "UPDATE receipt SET status = ?, reason = ?, form_id = ?, form_version_id = ?, submission_id = ?, version_no = ?, expected = ? "
    "WHERE project_id = ? AND id = ?"
)
_INSERT_SUBMISSION = Insert(
    "submission",
    "project_id, id, form_id, draft_version_id, instance_id, current_receipt_id, versions, submitter_id, device_id, "
    "training, created_at, received_at",
)
# Locked: of two transactions that change its state the second must see what the first made of it, or counts would be wrong.
_STANDING = Statement(
    "SELECT training, review_state, duplicate_of FROM submission WHERE project_id = ? AND id = ?", lock="FOR UPDATE"
)
_NEW_VERSION = Statement(
    "UPDATE submission SET current_receipt_id = ?, versions = ?, review_state = 'edited', updated_at = ? WHERE project_id = ? AND id = ?"
)
_INSERT_ANSWERS = Insert("answers", "project_id, receipt_id, table_no, rows")


Place = tuple[int, int, bytes]
# Key in the transaction's memory: (project, instanceID) -> rows of its receipts, until they are asked for or may have changed.
_AHEAD = "receipts of the batch"


@dataclass(frozen=True, slots=True)
class Known:
    """A receipt already here, as far as deciding about another one needs it."""

    id: int
    xml_form_id: str
    form_id: int
    draft_version_id: int
    xml_sha256: bytes
    status: str
    reason: str | None
    submission_id: int | None
    version_no: int | None
    deprecated_id: str | None
    expected: list[str]


@dataclass(frozen=True, slots=True)
class FormState:
    """What the receiving rules need of a form, and of the version an instance names (None: not published here)."""

    form_id: int
    state: str
    deleted: bool
    version_id: int | None
    version_sha256: bytes | None
    erased: bool
    late: str | None


def receipts_of(connection: Connection, project_id: int, instance_id: str) -> list[Known]:
    """Every receipt of an instanceID in a project, whatever its form."""
    # Used once: whoever asks again may have written in between.
    ahead = memory(connection).get(_AHEAD, {}).pop((project_id, instance_id), None)
    rows = _KNOWN.rows(connection, (project_id, instance_id)) if ahead is None else ahead
    return [known(row) for row in rows]


def look_ahead(connection: Connection, project_id: int, instance_ids: Sequence[str]) -> None:
    """Ask once what the arrivals of a batch will ask one by one (PostgreSQL; see config.writer)."""
    found: dict[tuple[int, str], list[Row]] = {(project_id, instance_id): [] for instance_id in instance_ids}
    for row in _KNOWN_OF_MANY.rows(connection, (list(instance_ids), project_id)):
        found[project_id, row[0]].append(row[1:])
    memory(connection)[_AHEAD] = found


def known(row: Row) -> Known:
    """A receipt from a row that begins with the columns of Known."""
    facts = (*row[:10], names(row[10]))
    return Known(*facts)


def names(stored: Any) -> list[str]:
    """A JSON list of names; psycopg has it decoded already."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored


def form_state(
    connection: Connection, project_id: int, xml_form_id: str, version: str, tombstone: bytes
) -> FormState | None:
    """The living form of that id, else the last deleted one; None when there never was one."""
    memo, key = memory(connection), ("form", project_id, xml_form_id, version)
    if key not in memo:
        memo[key] = _FORM.row(connection, (version, project_id, xml_form_id))
    row = memo[key]
    if row is None:
        return None
    erased = _has_tombstones(connection, project_id) and is_erased(connection, project_id, tombstone)
    return FormState(row[0], row[1], row[2] is not None, row[3], _bytes(row[4]), erased, row[5])


def memory(connection: Connection) -> dict[Any, Any]:
    """What this transaction has asked already and need not ask again; empty, and forgotten, outside the writer's."""
    known: dict[Any, Any] = connection.info.get(MEMO, {})
    return known


def _has_tombstones(connection: Connection, project_id: int) -> bool:
    memo, key = memory(connection), ("tombstones", project_id)
    if key not in memo:
        memo[key] = _ANY_TOMBSTONE.row(connection, (project_id,)) is not None
    found: bool = memo[key]
    return found


def is_erased(connection: Connection, project_id: int, tombstone: bytes) -> bool:
    """Whether an instance was erased; `form_state` tells it along with the form."""
    return _ERASED.row(connection, (project_id, tombstone)) is not None


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def stored_xml(connection: Connection, project_id: int, receipt_id: int) -> bytes:
    """A receipt's XML as stored (compressed)."""
    return bytes(_XML.value(connection, (project_id, receipt_id)))


def version_xml(connection: Connection, project_id: int, version_id: int) -> bytes:
    """A form version's bytes."""
    return bytes(_VERSION_XML.value(connection, (project_id, version_id)))


def place_of(connection: Connection, project_id: int, version_id: int) -> Place:
    """(form, form version, its SHA-256) of a version that is known to be here."""
    form_id, _, sha256 = _PLACE.rows(connection, (project_id, version_id))[0]
    return form_id, version_id, bytes(sha256)


def current_state(connection: Connection, project_id: int, submission_id: int) -> tuple[int, int, bool]:
    """(number of versions, current receipt, in the trash) of a submission."""
    versions, receipt_id, deleted_at = _CURRENT.rows(connection, (project_id, submission_id))[0]
    return versions, receipt_id, deleted_at is not None


def held_children(
    connection: Connection, project_id: int, instance_id: str, form_id: int, draft_version_id: int
) -> list[int]:
    """Held receipts that wait for this instanceID, oldest first."""
    memo, key = memory(connection), ("held", project_id)
    if key not in memo:
        memo[key] = _ANY_HELD.row(connection, (project_id,)) is not None
    if not memo[key]:
        return []
    # Sorted here: for an ORDER BY id SQLite would rather walk every receipt of the project in that order.
    return sorted(row[0] for row in _CHILDREN.rows(connection, (project_id, instance_id, form_id, draft_version_id)))


def conflicts_of_actor(connection: Connection, project_id: int, actor_id: int | None) -> int:
    """How many open conflicts one credential has caused."""
    count: int = _QUOTA.value(connection, (project_id, actor_id))
    return count


def insert_receipt(connection: Connection, values: Sequence[Any]) -> None:
    """A new receipt; values in the order of the columns above."""
    _INSERT_RECEIPT.run(connection, tuple(values))
    if values[10] == "held":
        memory(connection)["held", values[0]] = True


def settle_receipt(
    connection: Connection,
    project_id: int,
    receipt_id: int,
    *,
    status: str,
    reason: str | None,
    form_id: int,
    form_version_id: int | None,
    submission_id: int | None,
    version_no: int | None,
    expected: Sequence[str],
) -> None:
    """Move a waiting receipt to what it has become; its bytes and identity stay."""
    names = orjson.dumps(list(expected)).decode()
    values = (status, reason, form_id, form_version_id, submission_id, version_no, names, project_id, receipt_id)
    _SETTLE_RECEIPT.run(connection, values)
    memory(connection).pop(_AHEAD, None)
    if status == "held":
        memory(connection)["held", project_id] = True


def insert_submission(connection: Connection, values: Sequence[Any]) -> None:
    """A new submission, made by its first receipt."""
    _INSERT_SUBMISSION.run(connection, tuple(values))


def standing_of(connection: Connection, project_id: int, submission_id: int) -> tuple[bool, str, bool]:
    """(of an exercise, review state or "" for received, left out as a duplicate) of a submission that is about to be changed."""
    training, state, duplicate_of = _STANDING.rows(connection, (project_id, submission_id))[0]
    return bool(training), state or "", duplicate_of is not None


def add_version(
    connection: Connection, project_id: int, submission_id: int, receipt_id: int, version_no: int, now: datetime
) -> None:
    """Make a receipt the current version; an edit always asks for a new review."""
    _NEW_VERSION.run(connection, (receipt_id, version_no, stored_moment(connection, now), project_id, submission_id))


def insert_answers(connection: Connection, project_id: int, receipt_id: int, tables: Tables) -> None:
    """One row per table that has rows."""
    rows = [(project_id, receipt_id, number, orjson.dumps(rows).decode()) for number, rows in tables.items() if rows]
    _INSERT_ANSWERS.run_many(connection, rows)
