"""The files of the submissions somebody reads, oldest first, a page at a time."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from collector.masking import Mask, is_hidden, masked
from collector.models import Receipt, ReceiptFile, Submission
from collector.reading import Reading, Selection
from collector.stored_submissions import answers_of
from collector.unlocking import LOCKED, NO_KEYS, Keys, Lock, key_ids, lock_of
from config.storage import Storage
from forms.queries import definition_of

PAGE = 500
PIECE = 1 << 18
CLIENT_AUDIT, ENCRYPTED_AUDIT = "audit.csv", "audit.csv.enc"


@dataclass(frozen=True, slots=True)
class FileOfSubmission:
    """A file that the current version of a submission names; with a `lock` it is encrypted. `apart`: only to be checked, since
    it goes elsewhere (an encrypted submission, its audit log)."""

    submission_id: int
    instance_id: str
    name: str
    sha256: bytes
    lock: Lock | None = None
    apart: bool = False


def media(reading: Reading, selection: Selection, keys: Keys = NO_KEYS) -> Iterator[FileOfSubmission]:
    """Every file but audit logs and what the reader's mask hides; encrypted files only if the keys open them, and then the
    submission itself and its audit log too, marked as `apart`."""
    return _files(reading, selection, keys, audit=False)


def audits(reading: Reading, selection: Selection, keys: Keys = NO_KEYS) -> Iterator[FileOfSubmission]:
    """The audit log of every submission that has one; they quote answers, so that whoever has a mask sees none."""
    return iter(()) if selection.mask.hidden else _files(reading, selection, keys, audit=True)


def pieces(storage: Storage, file: FileOfSubmission) -> Iterator[bytes]:
    """The bytes of a file."""
    with storage.open(file.sha256) as stored:
        while piece := stored.read(PIECE):
            yield piece


def _files(reading: Reading, selection: Selection, keys: Keys, *, audit: bool) -> Iterator[FileOfSubmission]:
    position = (0, "")
    called = ReceiptFile.name.in_((CLIENT_AUDIT, ENCRYPTED_AUDIT))
    wanted = called if audit else ReceiptFile.name != CLIENT_AUDIT
    while True:
        query = (
            select(
                Submission.id,
                ReceiptFile.name,
                ReceiptFile.sha256,
                Submission.instance_id,
                Receipt.id.label("receipt_id"),
                *LOCKED,
            )
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
            shown = _shown(session, selection, rows)
            locks = _locks(session, selection.project_id, rows)
        for row in rows:
            if shown is not None and (row.receipt_id, row.name) not in shown:
                continue
            lock = locks.get((row.receipt_id, row.name))
            if lock is None:
                # Only in an envelope the ending says that it is an audit log.
                if audit is (row.name == CLIENT_AUDIT):
                    yield FileOfSubmission(row.id, row.instance_id, row.name, row.sha256)
            elif keys.open(lock.key_id):
                apart = row.name in (lock.submission, ENCRYPTED_AUDIT) and not audit
                yield FileOfSubmission(row.id, row.instance_id, row.name, row.sha256, lock, apart)
        if len(rows) < PAGE:
            return
        position = (rows[-1].id, rows[-1].name)


def _locks(session: Session, project_id: int, rows: Collection[Any]) -> dict[tuple[int, str], Lock]:
    """The locks of the encrypted files among the rows, by (receipt, name)."""
    encrypted = [row for row in rows if row.encrypted is not None]
    if not encrypted:
        return {}
    versions = key_ids(session, project_id, {row.form_version_id for row in encrypted})
    return {(row.receipt_id, row.name): lock_of(row, row.name, versions.get(row.form_version_id)) for row in encrypted}


def _shown(session: Session, selection: Selection, rows: Collection[Any]) -> set[tuple[int, str]] | None:
    """(receipt, name) of the files that questions name which the reader sees; None without a mask: all."""
    mask: Mask = selection.mask
    if not mask.hidden:
        return None
    versions = {row.receipt_id: row.form_version_id for row in rows}
    answers = answers_of(session, selection.project_id, list(versions))
    found = set()
    for receipt_id, tables in answers.items():
        definition = definition_of(session, selection.project_id, versions[receipt_id])
        fields = [each for each in definition.fields if each.binary and not is_hidden(each, mask)]
        for number, answered in masked(tables, definition, mask).items():
            places = [(each.column_no or 0) + (2 if number else 0) for each in fields if each.table_no == number]
            found |= {(receipt_id, row[place]) for row in answered for place in places}
    return found
