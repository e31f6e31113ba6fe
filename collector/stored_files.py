"""The files of the submissions somebody reads, oldest first, a page at a time."""

from collections.abc import Iterator

from sqlalchemy import select, tuple_

from collector.models import Receipt, ReceiptFile, Submission
from collector.reading import Reading, Selection
from config.storage import Storage

PAGE = 500
PIECE = 1 << 18
CLIENT_AUDIT = "audit.csv"


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
