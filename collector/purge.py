"""Taking away for good: test submissions of drafts that are gone, and forms that were thirty days in the trash.

Everything goes in slices, so that phones never wait for more than one; whoever is killed in between goes on where it stopped.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import Assignment, Event, EventNote, PublicLink, ScopeRule, Tombstone
from collector import rendered
from collector.duplicates import give_back
from collector.intake import tombstone_key
from collector.models import TRIED, Answers, Comment, Receipt, ReceiptFile, ScopeKey, Submission, Tally
from collector.models_exports import ExportPreset, StoredExport
from collector.tally import bucket_of, count
from config.clock import now
from config.database import Model
from forms.models import Blob, Form, FormAttachment, FormField, FormSchema, FormVersion


def purge_draft(session: Session, project_id: int, draft_version_id: int, limit: int) -> int:
    """Take away test submissions of one draft; how many arrivals that were (call again while it is `limit`)."""
    query = (
        select(Receipt.id)
        .where(Receipt.project_id == project_id, Receipt.draft_version_id == draft_version_id)
        # The words of the partial index to the letter, or SQLite would not use it.
        .where(TRIED)
        .limit(limit)
    )
    ids = list(session.scalars(query))
    erase(session, project_id, ids)
    return len(ids)


def arrivals_of_form(session: Session, project_id: int, form_id: int, after: int, limit: int) -> list[int]:
    """What came for a form, test submissions too, in order of arrival after one of them."""
    query = (
        select(Receipt.id)
        .where(Receipt.project_id == project_id, Receipt.id > after, Receipt.form_id == form_id)
        .order_by(Receipt.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def erase(session: Session, project_id: int, receipt_ids: Collection[int]) -> None:
    """Take away these arrivals with their files and answers, the submissions they began, and what was said of those."""
    if not receipt_ids:
        return
    submissions = list(
        session.scalars(select(Submission).where(Submission.project_id == project_id, Submission.id.in_(receipt_ids)))
    )
    for submission in submissions:
        if submission.deleted_at is None:
            count(session.connection(), bucket_of(submission), -1)
    give_back(session, project_id, receipt_ids, by=None)
    files = set(
        session.scalars(
            select(ReceiptFile.sha256).where(
                ReceiptFile.project_id == project_id, ReceiptFile.receipt_id.in_(receipt_ids)
            )
        )
    )
    named = (Event.project_id == project_id, Event.submission_id.in_(receipt_ids))
    _blank_notes(session, project_id, select(Event.seq).where(*named))
    for table, key in (
        (Comment, "submission_id"),
        (ScopeKey, "submission_id"),
        (Submission, "id"),
        (ReceiptFile, "receipt_id"),
        (Answers, "receipt_id"),
        (Receipt, "id"),
    ):
        _delete(session, table, project_id, key, receipt_ids)
    forget_unnamed(session, project_id, files)
    _forget_exported(session, project_id, {each.form_id for each in submissions if not each.draft_version_id})


def _forget_exported(session: Session, project_id: int, form_ids: Collection[int]) -> None:
    """Nobody fetches finished exports of these forms any more, nor are lines used that were rendered; the files are swept
    later, and the passports stay."""
    for form_id in form_ids:
        rendered.forget_form(session, project_id, form_id)
    of_forms = (StoredExport.project_id == project_id, StoredExport.form_id.in_(form_ids))
    finished = (StoredExport.status == "done", StoredExport.expires_at > now())
    session.execute(update(StoredExport).where(*of_forms, *finished).values(expires_at=now()))


def purge_trash(session: Session, project_id: int, before: datetime, secret: bytes, limit: int) -> int:
    """Take away for good submissions that went into the trash before a moment, with everything that came for them; how many
    (call again while it is `limit`). What is left of each is a keyed hash, so that a phone's replay does not bring it back."""
    query = (
        select(Submission.id, Submission.form_id)
        .where(Submission.project_id == project_id, Submission.deleted_at < before)
        .order_by(Submission.id)
        .limit(limit)
        .with_for_update()
    )
    forms: dict[int, list[int]] = {}
    for submission_id, form_id in session.execute(query):
        forms.setdefault(form_id, []).append(submission_id)
    ids = [each for found in forms.values() for each in found]
    if not ids:
        return 0
    arrivals = session.execute(
        select(Receipt.id, Receipt.instance_id, Receipt.draft_version_id).where(
            Receipt.project_id == project_id, Receipt.submission_id.in_(ids)
        )
    ).all()
    for name in {row.instance_id for row in arrivals if not row.draft_version_id}:
        key = tombstone_key(secret, name)
        if session.get(Tombstone, (project_id, "instance", key)) is None:
            session.add(
                Tombstone(project_id=project_id, kind="instance", key_hmac=key, reason="purged", created_at=now())
            )
    erase(session, project_id, [row.id for row in arrivals])
    for form_id, found in forms.items():
        # Their numbers, for whoever follows the log and has copies.
        details = {"submissions_deleted": len(found), "submissionIds": found}
        record(session, Happening(project_id, "submission.purge", form_id=form_id, details=details))
    return len(ids)


def forget_unnamed(session: Session, project_id: int, files: Iterable[bytes]) -> None:
    """Drop the rows of stored files that nothing names any more; the files themselves are swept later."""
    for sha256 in files:
        named = or_(
            exists().where(ReceiptFile.project_id == project_id, ReceiptFile.sha256 == sha256),
            exists().where(FormAttachment.project_id == project_id, FormAttachment.blob_sha256 == sha256),
            exists().where(FormVersion.project_id == project_id, FormVersion.xlsx_sha256 == sha256),
        )
        session.execute(delete(Blob).where(Blob.project_id == project_id, Blob.sha256 == sha256, ~named))


def purge_form(session: Session, form: Form) -> None:
    """Take away a form itself, once nothing that came for it is left: its versions, their files, the roles given for it."""
    project_id, form_id = form.project_id, form.id
    versions = list(
        session.scalars(
            select(FormVersion.id).where(FormVersion.project_id == project_id, FormVersion.form_id == form_id)
        )
    )
    remove_versions(session, project_id, versions)
    _blank_notes(session, project_id, select(Event.seq).where(Event.project_id == project_id, Event.form_id == form_id))
    rendered.forget_form(session, project_id, form_id)
    for table in (Tally, Assignment, ScopeRule, StoredExport, ExportPreset):
        _delete(session, table, project_id, "form_id", [form_id])
    ended = update(PublicLink).where(PublicLink.project_id == project_id, PublicLink.form_id == form_id)
    session.execute(ended.where(PublicLink.ended_at.is_(None)).values(ended_at=now()))
    details = {"projectId": project_id, "formId": form_id, "xmlFormId": form.xml_form_id}
    session.execute(delete(Form).where(Form.project_id == project_id, Form.id == form_id))
    record(session, Happening(project_id, "form.purge", form_id=form_id, details=details))


def remove_versions(session: Session, project_id: int, version_ids: Collection[int]) -> None:
    """Take away versions with their places for files, and the fields that no other version shares."""
    if not version_ids:
        return
    of_versions = (FormVersion.project_id == project_id, FormVersion.id.in_(version_ids))
    rows = session.execute(select(FormVersion.schema_id, FormVersion.xlsx_sha256).where(*of_versions)).all()
    places = (FormAttachment.project_id == project_id, FormAttachment.form_version_id.in_(version_ids))
    files = {*session.scalars(select(FormAttachment.blob_sha256).where(*places)), *(row[1] for row in rows)} - {None}
    session.execute(delete(FormAttachment).where(*places))
    session.execute(delete(FormVersion).where(*of_versions))
    schemas = {row[0] for row in rows}
    used = select(FormVersion.schema_id).where(FormVersion.project_id == project_id, FormVersion.schema_id.in_(schemas))
    unused = schemas - set(session.scalars(used))
    _delete(session, FormField, project_id, "schema_id", unused)
    _delete(session, FormSchema, project_id, "id", unused)
    forget_unnamed(session, project_id, files)


def _delete(session: Session, table: type[Model], project_id: int, key: str, ids: Iterable[int]) -> None:
    columns = table.__table__.c
    session.execute(delete(table).where(columns.project_id == project_id, columns[key].in_(list(ids))))


def _blank_notes(session: Session, project_id: int, events: Select[int]) -> None:
    """The words people wrote with what they did go; that they did it stays in the log."""
    session.execute(
        update(EventNote)
        .where(EventNote.project_id == project_id, EventNote.seq.in_(events), EventNote.body != "")
        .values(body="", redacted_at=now())
    )


def old_drafts(session: Session, before: datetime, limit: int) -> list[tuple[int, int]]:
    """(project, version) of drafts that were replaced or dropped before a moment, and that nothing came for."""
    came = exists().where(Receipt.project_id == FormVersion.project_id, Receipt.draft_version_id == FormVersion.id)
    query = (
        select(FormVersion.project_id, FormVersion.id)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.id == FormVersion.form_id))
        .where(
            FormVersion.published_at.is_(None),
            FormVersion.created_at < before,
            func.coalesce(Form.draft_version_id, 0) != FormVersion.id,
            ~came,
        )
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]
