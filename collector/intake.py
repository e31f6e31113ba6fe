"""Receiving: from an arrival to what it has become, in one transaction, as often as the phone sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection

from accounts.events import Happening, record
from collector import receipts
from collector.answers import Answers, read_answers
from collector.arrival import Arrival, StoredFile, packed
from collector.classify import Candidate, Rules, Verdict, classify
from collector.errors import wrong_draft
from collector.files import attach, fill_gaps
from collector.outcomes import Answer, Outcome, outcome
from collector.receipts import FormState, Known
from collector.release import release_children
from collector.versions import Origin, make_version, read_form
from config.clock import now
from config.database import next_ids, reserve_ids
from config.problem import Problem
from config.secret import derive
from config.statements import stored_moment

EVENTS = {
    "same_content": "receipt.same_content",
    "conflict": "receipt.conflict",
    "held": "receipt.held",
    "quarantined": "receipt.quarantined",
}


@dataclass
class Receive:
    """The writer's work for one arrival. Running it again (another process, a retry) is safe: it looks before it writes."""

    arrival: Arrival
    rules: Rules
    secret: bytes

    @property
    def shard(self) -> int:
        """Batches hold one project's arrivals."""
        return self.arrival.project_id

    @property
    def order(self) -> tuple[str, str]:
        """Rows are locked in this order in every process."""
        return (self.arrival.envelope.xml_form_id, self.arrival.instance_id)

    def run(self, connection: Connection) -> Answer:
        """See collector.intake.receive."""
        return receive(connection, self.arrival, self.rules, self.secret)

    def look_ahead(self, connection: Connection, batch: Sequence["Receive"]) -> None:
        """What is known of the batch's instances, and a number for each, in two questions instead of two for each."""
        receipts.look_ahead(connection, self.shard, [each.arrival.instance_id for each in batch])
        reserve_ids(connection, "receipt", len(batch))


def tombstone_key(secret: bytes, instance_id: str) -> bytes:
    """How an erased instance is remembered: by a keyed hash, so that the list of the erased tells nobody anything."""
    return derive(secret, "tombstone", instance_id)[:32]


def receive(connection: Connection, arrival: Arrival, rules: Rules, secret: bytes) -> Answer:
    """Settle one arrival (architecture §5); a Problem is returned, not raised, because nothing was written for it."""
    if arrival.draft is not None and arrival.envelope.xml_form_id != arrival.draft.xml_form_id:
        return wrong_draft(arrival.draft.xml_form_id)
    moment = now()
    known = receipts.receipts_of(connection, arrival.project_id, arrival.instance_id)
    same = next((each for each in known if _is_receipt(each, arrival)), None)
    if same is not None:
        files = _allowed_files(arrival)
        attach(connection, arrival.project_id, same, files, moment, actor_id=arrival.sender.actor_id, new=False)
        if same.status == "same_content":
            _give_to_twin(connection, arrival, known, same.submission_id, moment)
        return outcome(same.status, same.reason, arrival.instance_id)
    form, erased = _form_state(connection, arrival, tombstone_key(secret, arrival.instance_id))
    if erased:
        record(connection, Happening(arrival.project_id, "receipt.erased", arrival.sender.actor_id))
        return Outcome(202, "erased", arrival.instance_id)
    verdict = classify(connection, _candidate(arrival), known, form, rules)
    if isinstance(verdict, Problem):
        return verdict
    return store(connection, arrival, verdict, known, moment, rules)


def _form_state(connection: Connection, arrival: Arrival, tombstone: bytes) -> tuple[FormState | None, bool]:
    """The form as the rules need it (a draft has none), and whether the instance was erased."""
    project_id, envelope = arrival.project_id, arrival.envelope
    if arrival.draft is not None:
        return None, receipts.is_erased(connection, project_id, tombstone)
    form = receipts.form_state(connection, project_id, envelope.xml_form_id, envelope.version, tombstone)
    return form, form is not None and form.erased


def _is_receipt(known: Known, arrival: Arrival) -> bool:
    return (
        known.xml_sha256 == arrival.sha256
        and known.xml_form_id == arrival.envelope.xml_form_id
        and known.draft_version_id == arrival.draft_version_id
    )


def _candidate(arrival: Arrival) -> Candidate:
    return Candidate(
        project_id=arrival.project_id,
        xml_form_id=arrival.envelope.xml_form_id,
        version=arrival.envelope.version,
        draft_version_id=arrival.draft_version_id,
        instance_id=arrival.instance_id,
        deprecated_id=arrival.envelope.deprecated_id,
        actor_id=arrival.sender.actor_id,
        read=lambda: arrival.xml,
    )


def _allowed_files(arrival: Arrival) -> Sequence[StoredFile]:
    """All files; of an encrypted submission only those its envelope names, since others may be left-over plain text (C57)."""
    if arrival.envelope.encrypted is None:
        return arrival.files
    named = set(arrival.envelope.encrypted.file_names)
    return [file for file in arrival.files if file.name in named]


def _give_to_twin(
    connection: Connection, arrival: Arrival, known: Sequence[Known], submission_id: int | None, moment: datetime
) -> None:
    """Equal content names equal files: what the version lacks may have come with a copy of it only, in any batch."""
    for twin in known:
        if twin.version_no is not None and twin.submission_id == submission_id:
            fill_gaps(connection, arrival.project_id, twin, _allowed_files(arrival), moment, arrival.sender.actor_id)


def _read_answers(connection: Connection, arrival: Arrival, verdict: Verdict) -> tuple[Answers | None, Sequence[str]]:
    """The answers of plain XML, and the names of the files it promises."""
    if arrival.envelope.encrypted is not None:
        return None, arrival.envelope.encrypted.file_names
    form = read_form(connection, arrival.project_id, verdict)
    if form is None:
        return None, ()
    answers = read_answers(arrival.envelope.root, form)
    return answers, answers.files


def store(
    connection: Connection, arrival: Arrival, verdict: Verdict, known: Sequence[Known], moment: datetime, rules: Rules
) -> Outcome:
    """Write what an arrival was found to be; `known`: the other receipts of its instance."""
    answers, expected = _read_answers(connection, arrival, verdict)
    (receipt_id,) = next_ids(connection, "receipt")
    submission_id = receipt_id if verdict.version_no == 1 else verdict.submission_id
    stored = stored_moment(connection, moment)
    envelope, sender = arrival.envelope, arrival.sender
    receipts.insert_receipt(
        connection,
        (
            arrival.project_id,
            receipt_id,
            envelope.xml_form_id,
            verdict.form_id,
            verdict.form_version_id,
            envelope.version,
            arrival.draft_version_id,
            arrival.instance_id,
            envelope.deprecated_id,
            arrival.sha256,
            verdict.status,
            verdict.reason,
            submission_id,
            verdict.version_no,
            packed(arrival.xml),
            orjson.dumps(list(expected)).decode(),
            None if arrival.encrypted is None else orjson.dumps(arrival.encrypted).decode(),
            envelope.instance_name,
            sender.actor_id,
            sender.device_id,
            sender.user_agent,
            stored,
            stored,
            stored_moment(connection, envelope.collected_at),
        ),
    )
    receipt = Known(
        receipt_id,
        envelope.xml_form_id,
        verdict.form_id,
        arrival.draft_version_id,
        arrival.sha256,
        verdict.status,
        verdict.reason,
        submission_id,
        verdict.version_no,
        envelope.deprecated_id,
        list(expected),
    )
    files = _allowed_files(arrival)
    attach(connection, arrival.project_id, receipt, files, moment, actor_id=sender.actor_id, new=True)
    if verdict.status == "same_content":
        _give_to_twin(connection, arrival, known, submission_id, moment)
    if verdict.version_no is not None:
        origin = Origin(
            arrival.project_id, arrival.instance_id, sender.actor_id, sender.device_id, sender.training, moment
        )
        make_version(connection, origin, receipt, verdict, answers, moment)
        release_children(connection, arrival.project_id, arrival.instance_id, receipt, rules)
    else:
        happening = Happening(
            arrival.project_id,
            EVENTS[verdict.status],
            sender.actor_id,
            form_id=verdict.form_id or None,
            submission_id=submission_id,
            receipt_id=receipt_id,
            details={"reason": verdict.reason} if verdict.reason else None,
        )
        record(connection, happening)
    return outcome(verdict.status, verdict.reason, arrival.instance_id)
