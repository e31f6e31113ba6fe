"""`relais check`: read everything stored again and compare it with what it says of itself."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from accounts.models import Event, Project, ProjectCounter
from collector.answers import read_answers
from collector.arrival import unpacked
from collector.models import Answers, Receipt, ReceiptFile, Submission
from collector.submission_xml import parse
from collector.tally import miscounted
from config.services import Services
from config.storage import Storage
from forms.models import Blob, FormVersion
from forms.queries import definition_of

PAGE = 500
PIECE = 1 << 20


@dataclass
class Report:
    """What was read, and one line for each fault."""

    receipts: int = 0
    files: int = 0
    faults: list[str] = field(default_factory=list)


def check_everything(opened: Services) -> Report:
    """Rows, hashes, files and parsed answers of every project."""
    report = Report()
    with opened.database.reading() as session:
        if opened.database.is_sqlite:
            answer = session.execute(text("PRAGMA integrity_check")).scalar_one()
            if answer != "ok":
                report.faults.append(f"database: {answer}")
        projects = list(session.scalars(select(Project.id).order_by(Project.id)))
    for project_id in projects:
        for fault in _project_faults(opened, project_id, report):
            report.faults.append(f"project {project_id}: {fault}")
    return report


def _project_faults(opened: Services, project_id: int, report: Report) -> Iterator[str]:
    yield from _event_faults(opened, project_id)
    yield from _blob_faults(opened, project_id, report)
    with opened.database.reading() as session:
        for version in session.scalars(select(FormVersion).where(FormVersion.project_id == project_id)):
            if hashlib.sha256(version.xml).digest() != version.sha256:
                yield f"form version {version.id}: its bytes are not those that were published"
    last = 0
    while True:
        with opened.database.reading() as session:
            query = (
                select(Receipt)
                .where(Receipt.project_id == project_id, Receipt.id > last)
                .order_by(Receipt.id)
                .limit(PAGE)
            )
            page = list(session.scalars(query))
            for receipt in page:
                report.receipts += 1
                for fault in _receipt_faults(session, receipt):
                    yield f"receipt {receipt.id} ({receipt.instance_id}): {fault}"
        if len(page) < PAGE:
            break
        last = page[-1].id
    yield from _submission_faults(opened, project_id)
    with opened.database.reading() as session:
        yield from (f"submissions are counted wrongly: {words}" for words in miscounted(session, project_id))


def _event_faults(opened: Services, project_id: int) -> Iterator[str]:
    with opened.database.reading() as session:
        counter = session.get(ProjectCounter, project_id)
        numbers = session.scalars(
            select(Event.seq)
            .where(Event.project_id == project_id)
            .order_by(Event.seq)
            .execution_options(yield_per=PAGE)
        )
        expected = 0
        for seq in numbers:
            expected += 1
            if seq != expected:
                yield f"event {expected} is missing"
                return
        if expected != (counter.seq if counter else 0):
            yield f"the event counter says {counter.seq if counter else 0}, the log ends at {expected}"


def _blob_faults(opened: Services, project_id: int, report: Report) -> Iterator[str]:
    with opened.database.reading() as session:
        blobs = [
            (row[0], row[1])
            for row in session.execute(select(Blob.sha256, Blob.size).where(Blob.project_id == project_id))
        ]
    for sha256, size in blobs:
        report.files += 1
        fault = blob_fault(opened.storage, sha256, size)
        if fault:
            yield f"file {sha256.hex()}: {fault}"


def blob_fault(storage: Storage, sha256: bytes, size: int) -> str | None:
    """What is wrong with a stored file; None when its bytes are those of its name."""
    digest = hashlib.sha256()
    length = 0
    try:
        with storage.open(sha256) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                length += len(piece)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if length != size or digest.digest() != sha256:
        return "its bytes have changed"
    return None


def _receipt_faults(session: Session, receipt: Receipt) -> Iterator[str]:
    try:
        xml = unpacked(receipt.xml)
    except Exception:  # noqa: BLE001 - whatever the library raises for damaged bytes
        yield "its XML cannot be unpacked"
        return
    if hashlib.sha256(xml).digest() != receipt.xml_sha256:
        yield "its XML is not the one received"
        return
    if receipt.status == "version" and not receipt.encrypted:
        yield from _answer_faults(session, receipt, xml)
    if receipt.status == "version" and (
        receipt.submission_id is None or session.get(Submission, (receipt.project_id, receipt.submission_id)) is None
    ):
        yield "its submission is missing"
    files = select(ReceiptFile.name).where(
        ReceiptFile.project_id == receipt.project_id,
        ReceiptFile.receipt_id == receipt.id,
        ReceiptFile.expected != ReceiptFile.name.in_(receipt.expected),
    )
    for name in session.scalars(files):
        yield f"file “{name}” is marked wrongly"


def _answer_faults(session: Session, receipt: Receipt, xml: bytes) -> Iterator[str]:
    assert receipt.form_version_id is not None
    definition = definition_of(session, receipt.project_id, receipt.form_version_id)
    expected: dict[int, Any] = {
        number: rows for number, rows in read_answers(parse(xml), definition).tables.items() if rows
    }
    query = select(Answers.table_no, Answers.rows).where(
        Answers.project_id == receipt.project_id, Answers.receipt_id == receipt.id
    )
    stored = {row[0]: orjson.loads(row[1]) for row in session.execute(query)}
    if stored != expected:
        yield "its stored answers are not those of its XML"


def _submission_faults(opened: Services, project_id: int) -> Iterator[str]:
    with opened.database.reading() as session:
        query = (
            select(Submission.instance_id)
            .outerjoin(
                Receipt,
                (Receipt.project_id == Submission.project_id)
                & (Receipt.id == Submission.current_receipt_id)
                & (Receipt.submission_id == Submission.id)
                & (Receipt.version_no == Submission.versions),
            )
            .where(Submission.project_id == project_id, Receipt.id.is_(None))
        )
        for instance_id in session.scalars(query):
            yield f"submission {instance_id}: its current version is missing"
        kept = aliased(Submission)
        lost = (
            select(Submission.instance_id)
            .outerjoin(
                kept,
                (kept.project_id == Submission.project_id)
                & (kept.id == Submission.duplicate_of)
                & (kept.form_id == Submission.form_id)
                & kept.deleted_at.is_(None)
                & kept.duplicate_of.is_(None),
            )
            .where(Submission.project_id == project_id, Submission.duplicate_of.is_not(None), kept.id.is_(None))
        )
        for instance_id in session.scalars(lost):
            yield f"submission {instance_id}: it is left out in favour of one that does not count itself"
