"""Submissions read together, decoded one after the other: answers that are decoded and dropped cost a third of those kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.models import Actor
from collector.answers import Tables
from collector.exported import MISSING_ENCRYPTED_DATA, NOT_DECRYPTED, ExportedSubmission, RootRow
from collector.masking import Mask, masked
from collector.models import Answers, Receipt, ReceiptFile, Submission
from collector.reading import Selection
from config.database import sqlite_module
from config.one_of import OneOf
from forms.queries import definition_of
from forms.xform import FormDefinition


class Page(Iterable[ExportedSubmission]):
    """Submissions in the order they were asked for; those that were not found are not in it. Every walk decodes anew."""

    def __init__(
        self,
        rows: Sequence[tuple[Any, ...]],
        answers: Mapping[int, Sequence[tuple[int, Any]]],
        facts: "_Facts",
        mask: Mask,
    ) -> None:
        self._rows, self._answers, self._facts, self._mask = rows, answers, facts, mask

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def mean(self) -> int:
        """How long the answers of one of them are."""
        return sum(len(text) for tables in self._answers.values() for _, text in tables) // max(1, len(self._rows))

    def __iter__(self) -> Iterator[ExportedSubmission]:
        hides_staff, mask = self._mask.hides_staff, self._mask
        facts, answers, definitions = self._facts, self._answers, self._facts.definitions
        for (
            number,
            instance_id,
            created_at,
            updated_at,
            deleted_at,
            submitter_id,
            review_state,
            device_id,
            versions,
            receipt_id,
            version_id,
            form_version,
            encrypted,
            expected,
        ) in self._rows:
            definition = definitions[version_id]
            present = wanted = 0
            status: str | None = None
            tables: Tables | None = None
            if receipt_id in facts.files or encrypted is not None or _is_any(expected):
                names, here = set(_decoded(expected)), facts.files.get(receipt_id, set())
                wanted, present = len(names), len(names & here)
                if encrypted is not None:
                    data = _decoded(encrypted)["encDataAttachmentName"]
                    status = NOT_DECRYPTED if data in names & here else MISSING_ENCRYPTED_DATA
            if encrypted is None:
                tables = {table.number: [] for table in definition.tables}
                for table_no, text in answers.get(receipt_id, ()):
                    if table_no in tables:
                        tables[table_no] = orjson.loads(text)
                if mask.hidden:
                    tables = masked(tables, definition, mask)
            yield ExportedSubmission(
                RootRow(
                    instance_id,
                    _moment(created_at),
                    submitter_id,
                    None if hides_staff else facts.people.get(submitter_id),
                    present,
                    wanted,
                    status,
                    review_state,
                    device_id,
                    versions - 1,
                    facts.first_versions.get(number, form_version),
                    number,
                    None if updated_at is None else _moment(updated_at),
                    None if deleted_at is None else _moment(deleted_at),
                ),
                definition,
                tables,
            )


class _Facts:
    """What several submissions share, or few have."""

    def __init__(self, session: Session, project_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
        people = {row[5] for row in rows} - {None}
        self.people = dict(
            _driver_rows(session, select(Actor.id, Actor.display_name).where(OneOf(Actor.id, people))) if people else ()
        )
        self.definitions: dict[int, FormDefinition] = {
            version: definition_of(session, project_id, version) for version in {row[10] for row in rows}
        }
        edited = [row[0] for row in rows if row[9] != row[0]]
        self.first_versions: dict[int, str] = dict(
            _driver_rows(
                session,
                select(Receipt.id, Receipt.form_version).where(
                    Receipt.project_id == project_id, OneOf(Receipt.id, edited)
                ),
            )
            if edited
            else ()
        )
        with_files = [row[9] for row in rows if row[12] is not None or _is_any(row[13])]
        self.files = present_files(session, project_id, with_files) if with_files else {}


def read_page(session: Session, selection: Selection, wanted: Sequence[int]) -> Page:
    """The submissions of these ids in their order, those left out that are not in the selection (any more)."""
    query = (
        select(
            Submission.id,
            Submission.instance_id,
            Submission.created_at,
            Submission.updated_at,
            Submission.deleted_at,
            Submission.submitter_id,
            Submission.review_state,
            Submission.device_id,
            Submission.versions,
            Receipt.id,
            Receipt.form_version_id,
            Receipt.form_version,
            Receipt.encrypted,
            Receipt.expected,
        )
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(*selection.among(wanted))
    )
    found = {row[0]: row for row in _driver_rows(session, query)}
    rows = [row for each in wanted if (row := found.get(each)) is not None]
    answers: dict[int, list[tuple[int, Any]]] = {}
    texts = select(Answers.receipt_id, Answers.table_no, Answers.rows).where(
        Answers.project_id == selection.project_id, OneOf(Answers.receipt_id, [row[9] for row in rows])
    )
    for receipt_id, table_no, text in _driver_rows(session, texts):
        if receipt_id in answers:
            answers[receipt_id].append((table_no, text))
        else:
            answers[receipt_id] = [(table_no, text)]
    return Page(rows, answers, _Facts(session, selection.project_id, rows), selection.mask)


def sizes_of(session: Session, project_id: int, wanted: Sequence[int]) -> dict[int, int]:
    """How long the answers of each of these submissions are, in bytes, without reading them."""
    # Before 3.43 SQLite counts characters, and reads them for it.
    old = session.get_bind().dialect.name == "sqlite" and sqlite_module().sqlite_version_info < (3, 43)
    size = func.length(Answers.rows) if old else func.octet_length(Answers.rows)
    query = (
        select(Submission.id, func.sum(size))
        .join(
            Answers,
            (Answers.project_id == Submission.project_id) & (Answers.receipt_id == Submission.current_receipt_id),
        )
        .where(Submission.project_id == project_id, OneOf(Submission.id, wanted))
        .group_by(Submission.id)
    )
    return {row[0]: int(row[1]) for row in _driver_rows(session, query)}


def present_files(session: Session, project_id: int, receipt_ids: Sequence[int]) -> dict[int, set[str]]:
    """Names of the shown files of each receipt."""
    found: dict[int, set[str]] = {}
    query = select(ReceiptFile.receipt_id, ReceiptFile.name).where(
        ReceiptFile.project_id == project_id, OneOf(ReceiptFile.receipt_id, receipt_ids), ReceiptFile.current
    )
    for receipt_id, name in _driver_rows(session, query):
        found.setdefault(receipt_id, set()).add(name)
    return found


def _driver_rows(session: Session, query: Any) -> Any:
    """The driver's own rows: SQLAlchemy's cost more than the search itself."""
    return session.connection().execute(query).cursor


def _is_any(names: Any) -> bool:
    """Whether a JSON list, decoded already by psycopg and not by SQLite, names something."""
    return names not in ("[]", [])


def _decoded(stored: Any) -> Any:
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored


def _moment(stored: Any) -> datetime:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored.astimezone(UTC)
