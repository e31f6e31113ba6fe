"""A version made of several submissions: an edit like any other, made by a person here; and taken back as if it had not been."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from collector.merging import Source, choosable, merge, write
from collector.models import Answers, Receipt, Submission
from collector.recalculating import Original, Texts, choosable_alone, follow
from collector.scope_keys import keys_of, properties_of, write_keys
from collector.settle import edit_of
from collector.stored_submissions import answers_of
from collector.tally import bucket_of, move
from config.api_errors import unexpected_value
from config.problem import Problem
from forms.logic import Logic
from forms.queries import definition_of, logic_of
from forms.xform import FormDefinition

ACTION = "submission.merge"
TAKEN_BACK = "taken_back"
LONGEST_TEXT = 10_000
# What XML cannot hold.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is taken: by number of the other submission, the paths taken of it; `texts`: by path, what a person wrote in place of something
    calculated."""

    fields: Mapping[int, Sequence[str]]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MergedVersion:
    """`instance_id` of the version that was made; `follows`: by what it is, the paths of what follows (recalculating.Follows)."""

    instance_id: str
    follows: Mapping[str, Sequence[str]]


def merge_answers(
    session: Session, kept: Submission, chosen: Chosen, rules: Rules, secret: bytes, *, by: int
) -> MergedVersion:
    """Make a version of `kept` with answers of others in place of its own, their files included, and what is calculated from them. What was
    received stays as it is. Problem 409.3 for encrypted answers, 400.8 for a path that cannot be taken or written."""
    session.refresh(kept, with_for_update=True)
    project_id, connection = kept.project_id, session.connection()
    current = _current(session, kept)
    definition = definition_of(session, project_id, current.form_version_id or 0)
    original = _original(session, current)
    _require_calculated(definition, original.logic, chosen.texts)
    files = {file.name: file.sha256 for file in stored_files_of(connection, project_id, current.id)}
    sources, parents, theirs, others = [], [current.id], [], []
    for submission_id, paths in sorted(chosen.fields.items()):
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
        others.append(_original(session, receipt))
    made = merge(unpacked(current.xml), definition, files, sources)
    written = write(made.xml, definition, chosen.texts)
    said = {path for paths in chosen.fields.values() for path in paths} | chosen.texts.keys()
    follows = follow(definition, original, others, Texts(written), said)
    along = {
        here: replace(theirs[number][there], name=here) for number, there, here in made.files if there in theirs[number]
    }
    whole = edit_of(write(written, definition, follows.settled), current.instance_id)
    arrival = Arrival(project_id, whole, Sender(by, None, None), tuple(along.values()))
    was = {"reviewState": kept.review_state, "updatedAt": kept.updated_at.isoformat() if kept.updated_at else None}
    # Whatever the state of the form: a person looks at what is here. Read as what it was read as when it came.
    as_it_was = replace(rules, supervised=True, chosen=True, as_version_id=current.form_version_id)
    with noting(session, None):
        outcome = receive(connection, arrival, as_it_was, secret)
    if isinstance(outcome, Problem):
        raise outcome
    if outcome.status != 201:
        raise not_possible_yet(None)
    session.refresh(kept)
    told = {"parents": parents, "was": was, "follows": follows.as_json(), "written": sorted(chosen.texts)}
    _record(session, kept, ACTION, kept.current_receipt_id, by, told)
    return MergedVersion(arrival.instance_id, follows.as_json())


@dataclass(frozen=True, slots=True)
class MadeVersion:
    """A merged version that stands: of which form version it is, and what followed."""

    project_id: int
    form_version_id: int
    follows: Mapping[str, Sequence[str]]


def follows_of(session: Session, kept: Submission, instance_id: str) -> MadeVersion | None:
    """What followed from the merge that made this version; None when it was taken back."""
    receipt = version_of(session, kept, instance_id)
    event = event_of(session, receipt) if receipt is not None else None
    if receipt is None or event is None:
        return None
    return MadeVersion(kept.project_id, receipt.form_version_id or 0, (event.details or {}).get("follows", {}))


def version_of(session: Session, kept: Submission, instance_id: str) -> Receipt | None:
    """The version of that instanceID, while it stands."""
    query = select(Receipt).where(
        Receipt.project_id == kept.project_id,
        Receipt.submission_id == kept.id,
        Receipt.instance_id == instance_id,
        Receipt.version_no.is_not(None),
    )
    return session.scalars(query).first()


def made_before(session: Session, kept: Submission, instance_id: str, texts: Mapping[str, str]) -> MergedVersion | None:
    """The version that a merge made, if these texts were written in it and no others."""
    receipt = version_of(session, kept, instance_id)
    event = event_of(session, receipt) if receipt is not None else None
    if receipt is None or event is None:
        return None
    details, stand = event.details or {}, Texts(unpacked(receipt.xml))
    if sorted(texts) != details.get("written", []) or any(stand.of(path) != [text] for path, text in texts.items()):
        return None
    return MergedVersion(instance_id, details.get("follows", {}))


def originals_of(session: Session, submissions: Sequence[Submission]) -> list[Original]:
    """What each of them says, and by which logic; Problem 409.3 for encrypted answers."""
    return [_original(session, _current(session, each)) for each in submissions]


def _original(session: Session, receipt: Receipt) -> Original:
    return Original(Texts(unpacked(receipt.xml)), logic_of(session, receipt.project_id, receipt.form_version_id or 0))


def _require_calculated(definition: FormDefinition, logic: Logic, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        if path not in choosable_alone(definition, logic):
            raise unexpected_value(
                "values", path, "it is not calculated by the form", "ce n’est pas calculé par le formulaire"
            )
        if len(text) > LONGEST_TEXT or _UNWRITABLE.search(text):
            raise unexpected_value(
                "values", path, "it is too long or holds signs no form can", "trop long, ou avec des signes impossibles"
            )


def event_of(session: Session, receipt: Receipt) -> Event | None:
    """The event that tells of the merge a version was made by."""
    query = select(Event).where(
        Event.project_id == receipt.project_id,
        Event.submission_id == receipt.submission_id,
        Event.receipt_id == receipt.id,
        Event.action == ACTION,
    )
    return session.scalars(query).first()


def merges_above(session: Session, submission: Submission, instance_id: str) -> list[str]:
    """The merged versions from the current one down to this one, by instanceID; [] where it is no merged version that stands, or somebody
    has corrected it since."""
    query = (
        select(Receipt)
        .where(
            Receipt.project_id == submission.project_id,
            Receipt.submission_id == submission.id,
            Receipt.version_no.is_not(None),
        )
        .order_by(Receipt.version_no.desc())
    )
    found = []
    for receipt in session.scalars(query):
        if event_of(session, receipt) is None:
            break
        found.append(receipt.instance_id)
        if receipt.instance_id == instance_id:
            return found
    return []


def take_back(session: Session, submission: Submission, instance_id: str, *, by: int | None) -> bool:
    """Make the version before a merge the current one again, as if the merge had not been; False, and nothing, when that version
    has been corrected since. The version taken back stays stored."""
    session.refresh(submission, with_for_update=True)
    merged = session.get_one(Receipt, (submission.project_id, submission.current_receipt_id))
    event = event_of(session, merged)
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
