"""A receipt that won: the submission it makes or edits, its answers, its files."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from accounts.events import Happening, record
from collector import receipts
from collector.answers import Answers
from collector.classify import Verdict
from collector.files import carry_forward
from collector.receipts import Known
from collector.scope_keys import keys_of, properties_of, write_keys
from collector.tally import Bucket, count, move
from config.statements import stored_moment
from forms.queries import definition
from forms.xform import FormDefinition


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a receipt came from; `received_at` is when a server first had it."""

    project_id: int
    instance_id: str
    actor_id: int | None
    device_id: str | None
    training: bool
    received_at: datetime


def read_form(connection: Connection, project_id: int, verdict: Verdict) -> FormDefinition | None:
    """The definition of the version a receipt belongs to; None while that version is not here."""
    version_id, sha256 = verdict.form_version_id, verdict.form_version_sha256
    if version_id is None or sha256 is None:
        return None
    return definition(sha256, lambda: receipts.version_xml(connection, project_id, version_id))


def make_version(
    connection: Connection, origin: Origin, receipt: Known, verdict: Verdict, answers: Answers | None, now: datetime
) -> None:
    """Write the submission (or its next version) that a stored receipt with a `version` verdict makes."""
    assert receipt.submission_id is not None
    assert verdict.version_no is not None
    if verdict.parent_receipt_id is None:
        moment = stored_moment(connection, now)
        count(connection, Bucket(origin.project_id, verdict.form_id, receipt.draft_version_id, origin.training, ""), 1)
        receipts.insert_submission(
            connection,
            (
                origin.project_id,
                receipt.submission_id,
                verdict.form_id,
                receipt.draft_version_id,
                origin.instance_id,
                receipt.id,
                1,
                origin.actor_id,
                origin.device_id,
                origin.training,
                moment,
                stored_moment(connection, origin.received_at),
            ),
        )
    else:
        standing = receipts.standing_of(connection, origin.project_id, receipt.submission_id)
        was = Bucket(origin.project_id, verdict.form_id, receipt.draft_version_id, *standing)
        move(connection, was, replace(was, state="edited"))
        receipts.add_version(connection, origin.project_id, receipt.submission_id, receipt.id, verdict.version_no, now)
        if answers is not None:
            # Encrypted files open with the key of their own envelope alone, though all are called submission.xml.enc.
            carry_forward(connection, origin.project_id, verdict.parent_receipt_id, receipt, now)
    if answers is not None:
        receipts.insert_answers(connection, origin.project_id, receipt.id, answers.tables)
    _write_scope_keys(connection, origin.project_id, receipt.submission_id, verdict, answers)
    record(
        connection,
        Happening(
            origin.project_id,
            "submission.create" if verdict.parent_receipt_id is None else "submission.update.version",
            origin.actor_id,
            form_id=verdict.form_id,
            submission_id=receipt.submission_id,
            receipt_id=receipt.id,
        ),
    )


def _write_scope_keys(
    connection: Connection, project_id: int, submission_id: int, verdict: Verdict, answers: Answers | None
) -> None:
    properties = properties_of(connection, project_id)
    form = read_form(connection, project_id, verdict) if properties else None
    if form is not None:
        keys = keys_of(form, None if answers is None else answers.tables, properties)
        write_keys(connection, project_id, verdict.form_id, submission_id, keys)
