"""A version made of several submissions: an edit like any other, made by a person here; and taken back as if it had not been."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.events import Happening, noting, record
from accounts.models import Event
from collector.arrival import Arrival, Sender, unpacked
from collector.classify import Rules
from collector.errors import not_possible_yet
from collector.files import stored_files_of
from collector.intake import receive
from collector.merge_errors import encrypted_answers
from collector.merging import Source, choosable, merge
from collector.models import Answers, Receipt, Submission
from collector.scope_keys import keys_of, properties_of, write_keys
from collector.settle import edit_of
from collector.stored_submissions import answers_of
from collector.tally import bucket_of, move
from config.api_errors import unexpected_value
from config.problem import Problem
from forms.queries import definition_of

ACTION = "submission.merge"
TAKEN_BACK = "taken_back"

Fields = Mapping[int, Sequence[str]]
"""By number of the other submission, the paths that are taken of it."""


def merge_answers(session: Session, kept: Submission, fields: Fields, rules: Rules, secret: bytes, *, by: int) -> str:
    """Make a version of `kept` with answers of others in place of its own, their files included; its instanceID. What was received
    stays as it is. Problem 409.3 for encrypted answers, 400.8 for a path that cannot be taken."""
    session.refresh(kept, with_for_update=True)
    project_id, connection = kept.project_id, session.connection()
    current = _current(session, kept)
    definition = definition_of(session, project_id, current.form_version_id or 0)
    files = {file.name: file.sha256 for file in stored_files_of(connection, project_id, current.id)}
    sources, parents, theirs = [], [current.id], []
    for submission_id, paths in sorted(fields.items()):
        receipt = _current(session, session.get_one(Submission, (project_id, submission_id)))
        offered = choosable(definition, definition_of(session, project_id, receipt.form_version_id or 0))
        for path in paths:
            if path not in offered:
                raise unexpected_value(
                    "fields", path, "it cannot be taken of that submission", "cela ne peut pas être pris de cette fiche"
                )
        theirs.append({file.name: file for file in stored_files_of(connection, project_id, receipt.id)})
        hashes = {name: file.sha256 for name, file in theirs[-1].items()}
        sources.append(Source(unpacked(receipt.xml), hashes, [offered[path] for path in paths]))
        parents.append(receipt.id)
    made = merge(unpacked(current.xml), definition, files, sources)
    along = {
        here: replace(theirs[number][there], name=here) for number, there, here in made.files if there in theirs[number]
    }
    arrival = Arrival(project_id, edit_of(made.xml, current.instance_id), Sender(by, None, None), tuple(along.values()))
    was = {"reviewState": kept.review_state, "updatedAt": kept.updated_at.isoformat() if kept.updated_at else None}
    # Whatever the state of the form: a person looks at what is here. Read as what it was read as when it came.
    chosen = replace(rules, supervised=True, chosen=True, as_version_id=current.form_version_id)
    with noting(session, None):
        outcome = receive(connection, arrival, chosen, secret)
    if isinstance(outcome, Problem):
        raise outcome
    if outcome.status != 201:
        raise not_possible_yet(None)
    session.refresh(kept)
    _record(session, kept, ACTION, kept.current_receipt_id, by, {"parents": parents, "was": was})
    return arrival.instance_id


def take_back(session: Session, submission: Submission, instance_id: str, *, by: int | None) -> bool:
    """Make the version before a merge the current one again, as if the merge had not been; False, and nothing, when that version
    has been corrected since. The version taken back stays stored."""
    session.refresh(submission, with_for_update=True)
    merged = session.get_one(Receipt, (submission.project_id, submission.current_receipt_id))
    event = session.scalars(
        select(Event).where(
            Event.project_id == submission.project_id,
            Event.submission_id == submission.id,
            Event.receipt_id == merged.id,
            Event.action == ACTION,
        )
    ).first()
    if merged.instance_id != instance_id or merged.version_no is None or event is None:
        return False
    query = select(Receipt).where(
        Receipt.project_id == submission.project_id,
        Receipt.submission_id == submission.id,
        Receipt.version_no == merged.version_no - 1,
    )
    before = session.scalars(query).one()
    merged.status, merged.reason, merged.version_no = "discarded", TAKEN_BACK, None
    session.execute(delete(Answers).where(Answers.project_id == merged.project_id, Answers.receipt_id == merged.id))
    bucket, was = bucket_of(submission), (event.details or {})["was"]
    submission.current_receipt_id, submission.versions = before.id, submission.versions - 1
    if submission.review_state == "edited":
        # Nobody has decided about it since the merge.
        submission.review_state = was["reviewState"]
        submission.updated_at = datetime.fromisoformat(was["updatedAt"]) if was["updatedAt"] else None
    if submission.deleted_at is None:
        move(session.connection(), bucket, bucket_of(submission))
    session.flush()
    _keep_scope(session, submission, before)
    # Whoever follows what is current must look again.
    _record(session, submission, "submission.update.version", before.id, by, {"takenBack": merged.id})
    return True


def _current(session: Session, submission: Submission) -> Receipt:
    receipt = session.get_one(Receipt, (submission.project_id, submission.current_receipt_id))
    if receipt.encrypted is not None:
        raise encrypted_answers()
    return receipt


def _keep_scope(session: Session, submission: Submission, current: Receipt) -> None:
    connection = session.connection()
    properties = properties_of(connection, submission.project_id)
    if properties:
        definition = definition_of(session, submission.project_id, current.form_version_id or 0)
        tables = answers_of(session, submission.project_id, [current.id]).get(current.id)
        keys = keys_of(definition, tables, properties)
        write_keys(connection, submission.project_id, submission.form_id, submission.id, keys)


def _record(
    session: Session, submission: Submission, action: str, receipt_id: int, by: int | None, details: dict[str, Any]
) -> None:
    happening = Happening(
        submission.project_id,
        action,
        by,
        form_id=submission.form_id,
        submission_id=submission.id,
        receipt_id=receipt_id,
        details=details,
    )
    # The words beside a merge are about all of them; they stand with its decisions, to be erased with any.
    with noting(session, None):
        record(session, happening)
