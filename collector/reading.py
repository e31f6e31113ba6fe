"""What of a form somebody reads; submissions as exports read them: newest first, page by page, so that no read holds the
database for long."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from accounts.models import Actor
from accounts.scopes import OWN, Rule, Scope
from collector.answers import Tables
from collector.exports.csv import MISSING_ENCRYPTED_DATA, NOT_DECRYPTED, ExportedSubmission, RootRow
from collector.models import Answers, Receipt, ReceiptFile, ScopeKey, Submission
from collector.receipts import names
from config.storage import Storage
from forms.queries import definition_of

PAGE = 500
PIECE = 1 << 18
CLIENT_AUDIT = "audit.csv"
Reading = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Selection:
    """What somebody reads of a form: its submissions, or those of one draft, or its trash, within the reader's scope.

    The only way to submissions: lists, single ones, counts, exports and feeds all ask with one, so that what a scope leaves
    out is left out everywhere.
    """

    project_id: int
    form_id: int
    scope: Scope
    draft_version_id: int = 0
    in_trash: bool = False

    def every(self) -> list[Any]:
        """The WHERE of all of them, those of exercises too."""
        return [
            Submission.project_id == self.project_id,
            Submission.form_id == self.form_id,
            Submission.draft_version_id == self.draft_version_id,
            Submission.deleted_at.is_not(None) if self.in_trash else Submission.deleted_at.is_(None),
            *(within(rule, self.scope.actor_id) for rule in self.scope.of_form(self.form_id)),
        ]

    def conditions(self) -> list[Any]:
        """The WHERE of lists and exports: exercises left out."""
        return [*self.every(), Submission.training.is_(False)]


def in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions a scope puts on Submission where several forms are read at once."""
    return [
        within(rule, scope.actor_id)
        if rule.form_id is None
        else or_(Submission.form_id != rule.form_id, within(rule, scope.actor_id))
        for rule in scope.rules
    ]


def receipts_in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions a scope puts on Receipt: what belongs to a submission in the scope. What belongs to none yet is seen by
    those with a scope only if it is their own and nothing else is asked."""
    if not scope.limited:
        return []
    if all(rule.property == OWN and rule.form_id is None for rule in scope.rules):
        return [Receipt.actor_id == scope.actor_id]
    seen = (
        select(Submission.id)
        .where(Submission.project_id == Receipt.project_id, Submission.id == Receipt.submission_id, *in_scope(scope))
        .exists()
    )
    return [seen]


def within(rule: Rule, actor_id: int) -> ColumnElement[bool]:
    """One rule as a condition on Submission; a submission whose answer is not known yet is outside."""
    if rule.property == OWN:
        return Submission.submitter_id == actor_id
    return (
        select(ScopeKey.value)
        .where(
            ScopeKey.project_id == Submission.project_id,
            ScopeKey.submission_id == Submission.id,
            ScopeKey.property == rule.property,
            ScopeKey.value.in_(rule.allowed),
        )
        .exists()
    )


def count(session: Session, selection: Selection) -> int:
    """How many submissions an export of this selection has."""
    return session.scalar(select(func.count()).select_from(Submission).where(*selection.conditions())) or 0


def submissions(reading: Reading, selection: Selection) -> Iterator[ExportedSubmission]:
    """Every submission of the selection as it was at the start, newest first; those that arrive meanwhile are not in it."""
    position: tuple[datetime, int] | None = None
    while True:
        with reading() as session:
            page = _page(session, selection, position)
        yield from (exported for exported, _ in page)
        if len(page) < PAGE:
            return
        position = page[-1][1]


def _page(
    session: Session, selection: Selection, position: tuple[datetime, int] | None
) -> list[tuple[ExportedSubmission, tuple[datetime, int]]]:
    first = aliased(Receipt)
    query = (
        select(
            Submission.id,
            Submission.instance_id,
            Submission.created_at,
            Submission.submitter_id,
            Actor.display_name,
            Submission.review_state,
            Submission.device_id,
            Submission.versions,
            first.form_version,
            Receipt.id,
            Receipt.form_version_id,
            Receipt.encrypted,
            Receipt.expected,
        )
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .join(first, (first.project_id == Submission.project_id) & (first.id == Submission.id))
        .outerjoin(Actor, Actor.id == Submission.submitter_id)
        .where(*selection.conditions())
        .order_by(Submission.created_at.desc(), Submission.id.desc())
        .limit(PAGE)
    )
    if position is not None:
        query = query.where(tuple_(Submission.created_at, Submission.id) < position)
    rows = session.execute(query).all()
    receipt_ids = [row[9] for row in rows]
    files = present_files(session, selection.project_id, receipt_ids)
    tables = answers_of(session, selection.project_id, receipt_ids)
    return [(_exported(session, selection.project_id, row, files, tables), (row[2], row[0])) for row in rows]


def _exported(
    session: Session, project_id: int, row: Any, files: dict[int, set[str]], tables: dict[int, Tables]
) -> ExportedSubmission:
    expected = set(names(row[12]))
    present = files.get(row[9], set()) & expected
    status = None
    if row[11] is not None:
        status = NOT_DECRYPTED if row[11]["encDataAttachmentName"] in present else MISSING_ENCRYPTED_DATA
    definition = definition_of(session, project_id, row[10])
    root = RootRow(
        instance_id=row[1],
        created_at=row[2],
        submitter_id=row[3],
        submitter_name=row[4],
        attachments_present=len(present),
        attachments_expected=len(expected),
        status=status,
        review_state=row[5],
        device_id=row[6],
        edits=row[7] - 1,
        form_version=row[8],
    )
    found = tables.get(row[9], {})
    complete = {table.number: found.get(table.number, []) for table in definition.tables}
    return ExportedSubmission(root, definition, complete if row[11] is None else None)


def present_files(session: Session, project_id: int, receipt_ids: list[int]) -> dict[int, set[str]]:
    """Names of the shown files of each receipt."""
    found: dict[int, set[str]] = {}
    query = select(ReceiptFile.receipt_id, ReceiptFile.name).where(
        ReceiptFile.project_id == project_id, ReceiptFile.receipt_id.in_(receipt_ids), ReceiptFile.current
    )
    for receipt_id, name in session.execute(query):
        found.setdefault(receipt_id, set()).add(name)
    return found


def answers_of(session: Session, project_id: int, receipt_ids: list[int]) -> dict[int, Tables]:
    """The answers of each receipt by table number; tables without rows are left out."""
    found: dict[int, Tables] = {}
    query = select(Answers.receipt_id, Answers.table_no, Answers.rows).where(
        Answers.project_id == project_id, Answers.receipt_id.in_(receipt_ids)
    )
    for receipt_id, table_no, rows in session.execute(query):
        found.setdefault(receipt_id, {})[table_no] = orjson.loads(rows)
    return found


def media(reading: Reading, storage: Storage, selection: Selection) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(name, content) of every file the current versions name, audit logs and encrypted submissions apart; oldest first."""
    for name, sha256, _, encrypted_name in _files(reading, selection, audit=False):
        if name != encrypted_name:
            yield name, _pieces(storage, sha256)


def audits(reading: Reading, storage: Storage, selection: Selection) -> Iterator[tuple[str, bytes]]:
    """(instanceID, audit.csv) of every submission that has one; oldest first."""
    for _, sha256, instance_id, _ in _files(reading, selection, audit=True):
        yield instance_id, b"".join(_pieces(storage, sha256))


def _files(reading: Reading, selection: Selection, *, audit: bool) -> Iterator[tuple[str, bytes, str, str | None]]:
    position = (0, "")
    wanted = ReceiptFile.name == CLIENT_AUDIT if audit else ReceiptFile.name != CLIENT_AUDIT
    while True:
        query = (
            select(Submission.id, ReceiptFile.name, ReceiptFile.sha256, Submission.instance_id, Receipt.encrypted)
            .join(
                Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id)
            )
            .join(ReceiptFile, (ReceiptFile.project_id == Receipt.project_id) & (ReceiptFile.receipt_id == Receipt.id))
            .where(*selection.conditions(), ReceiptFile.current, ReceiptFile.expected, wanted)
            .where(tuple_(Submission.id, ReceiptFile.name) > position)
            .order_by(Submission.id, ReceiptFile.name)
            .limit(PAGE)
        )
        with reading() as session:
            rows = session.execute(query).all()
        for _, name, sha256, instance_id, encrypted in rows:
            yield name, sha256, instance_id, encrypted["encDataAttachmentName"] if encrypted else None
        if len(rows) < PAGE:
            return
        position = (rows[-1][0], rows[-1][1])


def _pieces(storage: Storage, sha256: bytes) -> Iterator[bytes]:
    with storage.open(sha256) as file:
        while piece := file.read(PIECE):
            yield piece
